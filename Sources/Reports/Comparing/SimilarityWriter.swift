import Foundation
import Results

/// Writes what a comparison of layers found into a folder.
///
/// | file | holds |
/// |---|---|
/// | `report.html` | the page, complete in itself |
/// | `summary.md` | the tables and the warnings |
/// | `similarity.csv` | every cell of every matrix, one a row |
/// | `similarity.json` | everything |
/// | `spectra.csv`, `labels.csv`, `dimensions.csv` | where they were asked for |
/// | `figures/similarity-*.svg` | a heat map for each measure |
///
/// The same result gives the same bytes; a failure leaves an earlier one as it was.
public enum SimilarityWriter {
  /// Writes `result` into `folder`, with `records` of the run; with `pictures` also PNGs or PDFs of each figure by `rsvg-convert`.
  /// - Returns: The paths of what was written.
  /// - Throws: `ReportError.writeFailed`, `.notFinite`; with `pictures` those of the converter, after everything else was
  ///   written.
  @discardableResult
  public static func write(
    _ result: SimilarityResult, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws -> [String] {
    let document = result.document
    var files: [(name: String, data: Data)] = [
      ("report.html", Data(try ComparisonPage(document).html().utf8)),
      ("summary.md", Data(document.markdown.utf8)),
      (
        "similarity.csv",
        Data(SimilarityCSV.text(of: result.comparisons.map(\.matrix) + result.calibrationMatrices).utf8)
      ),
      ("similarity.json", try json(result)),
    ]
    if !result.spectra.isEmpty {
      files.append(("spectra.csv", Data(SpectraCSV.text(of: result.spectra).utf8)))
    }
    if let dimensions = result.intrinsicDimensions {
      files.append(("dimensions.csv", Data(Self.dimensions(dimensions).utf8)))
    }
    if !result.labels.isEmpty { files.append(("labels.csv", Data(labels(result.labels).utf8))) }
    return try StudyWriter.write(
      files, figures: document.figures, records: records, to: folder, pictures: pictures)
  }

  /// The matrices, tables and warnings for a terminal.
  public static func text(of result: SimilarityResult, _ style: TerminalStyle) -> String {
    result.document.text(style)
  }

  /// Values that are not finite are null.
  private static func json(_ result: SimilarityResult) throws -> Data {
    var result = result
    for index in result.comparisons.indices {
      result.comparisons[index].matrix.values = result.comparisons[index].matrix.values.map { row in
        row.map { $0.flatMap { $0.isFinite ? $0 : nil } }
      }
    }
    return try PlainJSON.encode(result)
  }

  private static func dimensions(_ dimensions: [LayerDimension]) -> String {
    CSV.text(
      columns: [
        "model", "layer", "n", "duplicates", "estimator", "value", "ci_low", "ci_high", "value_n_2",
        "value_n_4",
      ],
      rows: dimensions.flatMap { row in
        [
          line(row, "two_nn", row.twoNN, row.scales.map(\.twoNN)),
          line(row, "levina_bickel", row.levinaBickel, row.scales.map(\.levinaBickel)),
        ]
      })
  }

  private static func line(
    _ row: LayerDimension, _ estimator: String, _ estimate: Estimate, _ scales: [Double]
  ) -> [String] {
    let numbers: [Double?] = [estimate.value, estimate.low, estimate.high]
    let smaller = (1...2).map { scales.indices.contains($0) ? NumberText.data(scales[$0]) : "" }
    return [row.model, row.layer, "\(row.rows)", "\(row.duplicates)", estimator]
      + numbers.map { NumberText.data($0) } + smaller
  }

  private static func labels(_ labels: [LabelSimilarity]) -> String {
    CSV.text(
      columns: [
        "model", "layer", "level", "classes", "debiased_linear_cka", "held_out_cca", "shuffled_cca", "n",
      ],
      rows: labels.map { row in
        [row.model, row.layer, row.level, "\(row.classes)"]
          + [row.debiasedCKA, row.heldOutCCA, row.shuffledCCA].map(NumberText.data) + ["\(row.tested)"]
      })
  }
}
