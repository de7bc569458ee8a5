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
///
/// Everything is drawn before the first file is touched, and written under temporary names before the first
/// is renamed: a failure leaves an earlier study as it was. The same study gives the same bytes.
public enum StudyWriter {
  /// Writes `study` into `folder`; with `png` also a PNG of each figure by `rsvg-convert`, at 300 dots an inch.
  /// - Returns: The paths of what was written, in the order of the table above.
  /// - Throws: `ReportError`: `writeFailed`, `notFinite`; with `png`, `noConverter`, `conversionFailed` after
  ///   everything else was written.
  @discardableResult
  public static func write(_ study: StudyResult, to folder: String, png: Bool = false) throws -> [String] {
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
    return try write(files, figures: figures, to: folder, png: png)
  }

  /// The files, the figures among them, and with `png` a picture of each figure.
  static func write(
    _ files: [(name: String, data: Data)], figures: [any Figure], to folder: String, png: Bool
  ) throws -> [String] {
    let drawn = figures.map { ("figures/\($0.name).svg", Data($0.svg().utf8)) }
    var paths = try write(files + drawn, to: folder)
    guard png else { return paths }
    let converter = try PNGConverter.find()
    for figure in figures {
      let stem = "\(folder)/figures/\(figure.name)"
      try converter.convert(svg: stem + ".svg", to: stem + ".png")
      paths.append(stem + ".png")
    }
    return paths
  }

  /// All of the files or, where one fails, none that was not there before.
  static func write(_ files: [(name: String, data: Data)], to folder: String) throws -> [String] {
    var pending: [(temporary: String, path: String)] = []
    defer { for file in pending { unlink(file.temporary) } }
    for file in files {
      let path = "\(folder)/\(file.name)"
      try makeFolder((path as NSString).deletingLastPathComponent)
      let temporary = temporaryName(for: path)
      pending.append((temporary, path))
      do {
        try file.data.write(to: URL(fileURLWithPath: temporary))
      } catch {
        throw ReportError.writeFailed(path: path, reason: reason(error))
      }
    }
    let paths = pending.map(\.path)
    while let file = pending.first {
      try move(file.temporary, to: file.path)
      pending.removeFirst()
    }
    return paths
  }

  private static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      throw ReportError.writeFailed(
        path: path,
        reason: exists && !isFolder.boolValue ? "a file of that name is in the way" : reason(error))
    }
  }

  /// Beside the file, so that renaming stays within one file system.
  static func temporaryName(for path: String) -> String {
    let url = URL(fileURLWithPath: path)
    return url.deletingLastPathComponent().appendingPathComponent(
      ".\(url.lastPathComponent).\(ProcessInfo.processInfo.processIdentifier).part"
    ).path
  }

  static func move(_ temporary: String, to path: String) throws {
    guard rename(temporary, path) == 0 else {
      throw ReportError.writeFailed(path: path, reason: String(cString: strerror(errno)))
    }
  }
}
