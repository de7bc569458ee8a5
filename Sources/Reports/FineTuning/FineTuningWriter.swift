import Foundation
import Results

/// Writes how a training went into a folder.
///
/// | file | holds |
/// |---|---|
/// | `report.html` | the page, complete in itself |
/// | `summary.md` | the table |
/// | `figures/learning-….svg`, `.csv` | each fold's learning curves and their numbers |
public enum FineTuningWriter {
  /// All of it, or nothing.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public static func write(
    _ result: FineTuningResult, curves: [LearningCurve], to folder: String, version: String,
    records: [StudyWriter.Record] = []
  ) throws {
    let document = result.document(curves, version: version)
    let figures = document.figures
    let files: [(name: String, data: Data)] =
      [
        ("report.html", Data(try ComparisonPage(document).html().utf8)),
        ("summary.md", Data(document.markdown.utf8)),
      ] + figures.map { ("figures/\($0.name).csv", Data($0.data.csv.utf8)) }
    _ = try StudyWriter.write(files, figures: figures, records: records, to: folder)
  }
}

extension FineTuningResult {
  fileprivate func document(_ curves: [LearningCurve], version: String) -> ComparisonDocument {
    let figures = curves.compactMap { LearningFigure($0, measure: measure) }
    func percent(_ estimate: Estimate) -> String {
      let value = NumberText.fixed(100 * estimate.value, 1)
      return estimate.hasInterval
        ? "\(value) [\(NumberText.fixed(100 * estimate.low, 1)), \(NumberText.fixed(100 * estimate.high, 1))]"
        : value
    }
    let rows = [
      before.map { ("before", [percent($0.errors)]) }, ("after", [percent(after.errors)]),
      difference.map { ("difference, paired", [percent($0)]) },
    ].compactMap(\.self)
    let table = NamedTable(
      title: "\(measure), % of held-out recordings", columns: [measure], rows: rows,
      notes: [
        units < 10
          ? "too few \(unit) for an interval: \(units)" : "95 % intervals by resampling \(units) \(unit)"
      ])
    return ComparisonDocument(
      title: "How \(model) learned \(labels) of \(corpus)",
      lead: [
        "\(NumberText.grouped(trainedParameters)) of \(NumberText.grouped(allParameters)) parameters were trained."
      ],
      sections: [
        ComparisonDocument.Section(
          title: "Learning curves",
          sentences: [
            "The loss of a batch is from before its update, with all that is changed at random in training; the development "
              + "part is as it was recorded."
          ], figures: figures.map { ($0, "The numbers are in figures/\($0.name).csv.") }),
        ComparisonDocument.Section(title: "Tested before and after", sentences: notes, tables: [table]),
      ], warnings: [],
      provenance: [
        ("Strata", version), ("model", "\(model), fingerprint \(fingerprint)"), ("corpus", corpus),
      ],
      version: version)
  }
}

extension TensorBoardWriter {
  /// Writes learning curves into `folder`, a run for each: losses, rate, gradients' norm and errors over the steps.
  /// - Throws: `ReportError.writeFailed`; all is written or nothing.
  public static func write(_ curves: [LearningCurve], measure: String, to folder: String) throws {
    let files = curves.map { curve in
      var file = EventFile()
      for (tag, points) in [
        ("loss/batch", curve.loss), ("loss/development", curve.developmentLoss),
        ("errors/development, \(measure)", curve.developmentErrors), ("rate", curve.rate),
        ("gradient norm", curve.gradientNorm),
      ] {
        for point in points { file.scalar(tag, point.value, step: point.step) }
      }
      return (name: "\(slug(curve.name))/events.out.tfevents.0000000000.strata", data: file.data)
    }
    _ = try StudyWriter.write(files, to: folder)
  }
}
