import Foundation
import Strata

extension FinetuneCommand {
  /// The study of the model before, on the way and after.
  func comparison(
    levels: String, _ moments: [Int], last: Int, _ corpus: Corpus, _ progress: ProgressLine,
    _ interruption: Interruption
  ) async throws -> ModelComparison {
    let names = moments.filter { $0 < last }.map(FineTuningRun.snapshotName)
    let first = ComparedModel(name: "before", step: 0) { try loading.load(model) }
    let others = (names + ["model"]).map { name in
      ComparedModel(
        name: name == "model" ? "after" : name, step: name == "model" ? last : Int(name.dropFirst(5))
      ) { try SpeechModel.load("\(output)/\(name)") }
    }
    let comparison = ComparisonStudy(models: [first] + others) { model in
      var study = LayerStudy(model: model, corpus: corpus)
      (study.seed, study.twinSeeds, study.threads) = (seed, [], running.threads)
      try study.select(probes: nil, levels: levels, bundledFolder: BundledFiles.probes)
      study.onProgress = { step in
        progress.update(
          stage: "\(model.name): \(step.stage)", done: step.done, total: step.total, detail: step.detail)
      }
      study.isCancelled = { interruption.isRequested }
      study.onNotice = { notice in standardError("warning: \(notice)") }
      return study
    }
    let result = try await comparison.run()
    progress.finish()
    return result
  }
}
