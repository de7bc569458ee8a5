import Foundation
import Results

/// Writes the folder of one explanation: `report.html`, `attribution.json`, `figures/*.svg` (and `pictures` of them),
/// what the caller adds, and `records` of the run.
public enum AttributionWriter {
  /// Writes `result` into a folder, with `others`, further figures, each with a sentence for the page; with `sound`, the
  /// recording as a WAV file, for the page; and with `extra`, further files by their names, such as arrays.
  /// - Throws: `ReportError`.
  @discardableResult
  public static func write(
    _ result: AttributionResult, others: [(figure: any Figure, text: String)] = [], sound: Data?,
    extra: [(name: String, data: Data)] = [], version: String, to folder: String,
    pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws -> [String] {
    let figure = try AttributionFigure(result)
    let page = AttributionPage(result, figure: figure, others: others, sound: sound, version: version)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let figures = [figure as any Figure] + others.map(\.figure)
    let files =
      [("report.html", Data(try page.html().utf8)), ("attribution.json", try encoder.encode(result))]
      + figures.map { ("figures/\($0.name).csv", Data($0.data.csv.utf8)) } + extra
    return try StudyWriter.write(files, figures: figures, records: records, to: folder, pictures: pictures)
  }
}
