import Foundation
import Results

/// A result in the layout of evaluation harnesses' result files (lm-eval's): by task each measure with its standard
/// error, the number of utterances, and the configuration.
struct HarnessResult {
  let result: FineTuningResult
  let standardError: Double?
  let settings: TrainingSettings

  func data() throws -> Data {
    let task = "\(result.corpus)_\(result.labels)_\(result.task)"
    let measure = result.measure.replacingOccurrences(of: " ", with: "_")
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let configuration = try JSONSerialization.jsonObject(with: encoder.encode(settings))
    var measures: [String: Any] = [
      "alias": task, "\(measure),none": result.after.errors.value,
      "\(measure)_stderr,none": standardError.flatMap { $0.isFinite ? $0 as Any : nil } ?? "N/A",
    ]
    var isBetterHigher = [measure: false]
    for (name, value) in [
      ("bleu", result.after.text?.bleu), ("chrf", result.after.text?.chrF),
      ("boundary_f1", result.after.boundaries?.f1),
    ] {
      guard let value else { continue }
      measures["\(name),none"] = value
      measures["\(name)_stderr,none"] = "N/A"
      isBetterHigher[name] = true
    }
    let tree: [String: Any] = [
      "results": [task: measures], "configs": [task: ["task": task, "num_fewshot": 0]],
      "versions": [task: FineTuningResult.schemaVersion], "n-shot": [task: 0],
      "n-samples": [task: ["original": result.utterances.count, "effective": result.utterances.count]],
      "higher_is_better": [task: isBetterHigher],
      "config": [
        "model": result.model, "model_args": configuration,
        "seed": Int(settings.seed % 9_007_199_254_740_992),
      ],
      "model_name": result.model,
    ]
    return try JSONSerialization.data(
      withJSONObject: tree, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
      + Data("\n".utf8)
  }
}
