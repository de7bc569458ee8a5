import Foundation
import Results

/// Writes what a comparison of models found into a folder.
///
/// | file | holds |
/// |---|---|
/// | `report.html` | the page, complete in itself |
/// | `summary.md` | the tables and the warnings |
/// | `layers.csv` | every model's number at every layer, with its difference to the first model |
/// | `drift.csv` | how like each layer is to its first and last self |
/// | `errors.csv`, `confusions.csv`, `mistakes.csv` | what changed in mistakes (`ChangedMistakesCSV`) |
/// | `comparison.json` | everything |
/// | `figures/*.svg` | peaks, profiles and changes |
public enum ModelComparisonWriter {
  /// The tables and warnings for a terminal.
  public static func text(of comparison: ModelComparison, _ style: TerminalStyle) -> String {
    comparison.document.text(style)
  }

  /// Reads `comparison.json` back.
  /// - Throws: `ReportError.readFailed`, `.notAStudy`, `.otherSchema`.
  public static func read(_ path: String) throws -> ModelComparison {
    try StudyJSON.decode(ModelComparison.self, version: ModelComparison.schemaVersion, at: path)
  }

  /// Writes `comparison` into `folder`, with `records` of the run; with `pictures` also PNGs or PDFs of each figure by `rsvg-convert`.
  /// - Returns: The paths of what was written.
  /// - Throws: `ReportError.writeFailed`, `.notFinite`; with `pictures` those of the converter, after everything else was
  ///   written.
  @discardableResult
  public static func write(
    _ comparison: ModelComparison, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws -> [String] {
    let document = comparison.document
    let files: [(name: String, data: Data)] =
      [
        ("report.html", Data(try ComparisonPage(document).html().utf8)),
        ("summary.md", Data(document.markdown.utf8)),
        ("layers.csv", Data(layers(comparison).utf8)),
        ("drift.csv", Data(drift(comparison).utf8)),
        ("comparison.json", try PlainJSON.encode(comparison)),
      ] + ChangedMistakesCSV.files(of: comparison).map { ($0.name, Data($0.text.utf8)) }
    return try StudyWriter.write(
      files, figures: comparison.figures, records: records, to: folder, pictures: pictures)
  }

  private static func layers(_ comparison: ModelComparison) -> String {
    let rows = comparison.levels.flatMap { probed in
      zip(comparison.models.indices, probed.results).flatMap { place, result -> [[String]] in
        guard let result else { return [] }
        return result.layers.compactMap { layer -> [String]? in
          guard let estimate = layer.metrics?[result.metric] else { return nil }
          let difference = probed.differences.first { $0.model == place && $0.layer == layer.layer.name }
          let model = comparison.models[place]
          return [
            model.name, model.step.map(String.init) ?? "", probed.level.rawValue, probed.probe,
            layer.layer.name,
          ]
            + [result.metric.rawValue]
            + [estimate.value, estimate.low, estimate.high].map(NumberText.data)
            + [difference?.estimate.value, difference?.estimate.low, difference?.estimate.high].map(
              NumberText.data)
            + [difference.map { $0.isBeyondChance ? "true" : "false" } ?? "", "\(result.tested)"]
        }
      }
    }
    return CSV.text(
      columns: [
        "model", "step", "level", "probe", "layer", "metric", "value", "ci_low", "ci_high", "difference",
        "difference_low", "difference_high", "beyond_chance", "n",
      ], rows: rows)
  }

  private static func drift(_ comparison: ModelComparison) -> String {
    CSV.text(
      columns: ["model", "step", "layer", "cka_to_first", "cka_to_last", "n", "unit"],
      rows: comparison.drifts.map { drift in
        let model = comparison.models[drift.model]
        return [
          model.name, model.step.map(String.init) ?? "", drift.layer, NumberText.data(drift.toFirst),
          NumberText.data(drift.toLast), "\(comparison.driftRows)", comparison.driftUnit,
        ]
      })
  }
}
