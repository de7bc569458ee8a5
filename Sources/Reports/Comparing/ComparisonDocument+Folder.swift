import Foundation
import Results

extension ComparisonDocument {
  /// Writes what `result` says into a folder, all of it or nothing: `report.html`, `summary.md`, `NAME.csv`, `NAME.json`, and
  /// under `figures/` each figure with its numbers; with `pictures` also PNGs or PDFs of each by `rsvg-convert`.
  func write(
    _ name: String, of result: some Encodable, csv: String, to folder: String, pictures: [PictureFormat],
    records: [StudyWriter.Record]
  ) throws {
    let figures = figures
    let files: [(name: String, data: Data)] =
      [
        ("report.html", Data(try ComparisonPage(self).html().utf8)),
        ("summary.md", Data(markdown.utf8)),
        ("\(name).csv", Data(csv.utf8)),
        ("\(name).json", try PlainJSON.encode(result)),
      ] + figures.map { ("figures/\($0.name).csv", Data($0.data.csv.utf8)) }
    _ = try StudyWriter.write(files, figures: figures, records: records, to: folder, pictures: pictures)
  }
}
