import Files
import Foundation
import Results

/// Writes a finished study's folder.
///
///     let paths = try StudyWriter.write(study, to: "strata-study")
///
/// | file | holds |
/// |---|---|
/// | `report.html` | the page, complete in itself |
/// | `summary.md` | the answer, the table and the warnings |
/// | `layers.csv`, `similarity.csv`, `spectra.csv` | every number, one a row |
/// | `confusions.csv`, `errors.csv`, `mistakes.csv` | what was taken for what (`ErrorsCSV`) |
/// | `layers.tex` | the table for a paper |
/// | `study.json` | everything; `StudyJSON.read` reads it back |
/// | `figures/*.svg` | every figure |
/// | `manifest.json` | the names of all of these with the checksums of their bytes |
///
/// Everything is drawn before anything is written, and written as `StagedResults` says: whole or not at all, and with
/// nothing left of an earlier study in the folder. The same study gives the same bytes.
public enum StudyWriter {
  /// A file that tells of the run which made a result, such as `run.yaml`.
  public typealias Record = (name: String, data: Data)

  /// Writes `study` into `folder`, with `records`; with `pictures` also PNGs or PDFs of each figure by `rsvg-convert`, PNGs at 300
  /// dots an inch.
  /// - Returns: The paths of what was written, in the order of the table above.
  /// - Throws: `ReportError`: `writeFailed`, `notFinite`; with `pictures`, `noConverter`, `conversionFailed` after
  ///   everything else was written.
  @discardableResult
  public static func write(
    _ study: StudyResult, to folder: String, pictures: [PictureFormat] = [], records: [Record] = []
  ) throws -> [String] {
    let study = study.announcingGaps
    let figures = try study.figures
    let files: [(name: String, data: Data)] =
      [
        ("report.html", Data(try ReportPage.html(of: study).utf8)),
        ("summary.md", Data(SummaryMarkdown.text(of: study).utf8)),
        ("layers.csv", Data(LayersCSV.text(of: study).utf8)),
        ("similarity.csv", Data(SimilarityCSV.text(of: study).utf8)),
        ("spectra.csv", Data(SpectraCSV.text(of: study.spectra ?? []).utf8)),
      ] + ErrorsCSV.files(of: study).map { ($0.name, Data($0.text.utf8)) } + [
        ("layers.tex", Data(LayersTeX.text(of: study).utf8)),
        ("study.json", try StudyJSON.encode(study)),
      ]
    return try write(files, figures: figures, records: records, to: folder, pictures: pictures)
  }

  /// The files, the figures among them, and with `pictures` some of each figure.
  static func write(
    _ files: [(name: String, data: Data)], figures: [any Figure], records: [Record] = [],
    to folder: String, pictures: [PictureFormat] = []
  ) throws -> [String] {
    let drawn = figures.map { (name: "figures/\($0.name).svg", data: Data($0.svg().utf8)) }
    return try staging(folder) { staged in
      for file in files + drawn { try staged.write(file.data, to: file.name) }
      for record in records { try staged.write(record.data, to: record.name, isRecord: true) }
      // What has no picture is whole without it.
      let drawing = Result { try draw(figures, as: pictures, in: staged, for: folder) }
      let paths = try staged.commit(removing: earlierFiles(in: folder))
      try drawing.get()
      return paths
    }
  }

  /// All of the files or, where one fails, none that was not there before; other files stay as they are.
  static func write(_ files: [(name: String, data: Data)], to folder: String) throws -> [String] {
    try staging(folder) { staged in
      for file in files { try staged.write(file.data, to: file.name) }
      return try staged.commit(manifest: false)
    }
  }

  private static func staging<R>(_ folder: String, _ body: (StagedResults) throws -> R) throws -> R {
    do {
      let staged = try StagedResults(for: folder)
      defer { staged.discard() }
      return try body(staged)
    } catch FileError.writeFailed(let path, let reason) {
      throw ReportError.writeFailed(path: path, reason: reason)
    }
  }

  private static func draw(
    _ figures: [any Figure], as formats: [PictureFormat], in staged: StagedResults, for folder: String
  ) throws {
    guard !formats.isEmpty else { return }
    let converter = try PictureConverter.find()
    for (figure, format) in figures.flatMap({ figure in formats.map { (figure, $0) } }) {
      let name = "figures/\(figure.name)"
      do {
        try converter.convert(
          svg: staged.path(of: name + ".svg"), to: staged.path(of: "\(name).\(format.rawValue)"), as: format
        )
      } catch ReportError.conversionFailed(_, let reason) {
        throw ReportError.conversionFailed(path: "\(folder)/\(name).\(format.rawValue)", reason: reason)
      }
      staged.add("\(name).\(format.rawValue)")
    }
  }

  /// What a version without `manifest.json` has written into a folder.
  private static func earlierFiles(in folder: String) -> [String] {
    func isThere(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name)") }
    let results = [
      "study.json", "comparison.json", "similarity.json", "attribution.json", "evidence.json", "unit.json",
      "intervene.json",
    ]
    guard !isThere(ResultFolder.manifestName), results.contains(where: isThere) else { return [] }
    let names =
      results + [
        "report.html", "summary.md", "layers.csv", "similarity.csv", "spectra.csv", "confusions.csv",
        "errors.csv", "mistakes.csv", "deviations.csv", "outliers.csv", "layers.tex", "drift.csv",
        "labels.csv", "masks.csv", "maps.npz", "probe.safetensors", "intervene.csv", "unit.csv",
        "run.yaml", "written-by.yaml",
      ]
    let figures = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/figures")) ?? []
    return names.filter(isThere)
      + figures.filter { [".svg", ".png", ".csv"].contains(where: $0.hasSuffix) }.map { "figures/" + $0 }
  }
}
