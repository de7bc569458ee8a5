import Files
import Foundation
import Reports
import Results
import Tensors

/// A finished study on disk: `study.json` and everything that is drawn from it.
public enum StudyFolder {
  /// Writes the report, the tables, the figures and `study.json`; all of them or, where one fails, none.
  ///
  /// `pictures` are also made of each figure, which needs `rsvg-convert`.
  /// `records` tell of the run that made it.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public static func write(
    _ study: StudyResult, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws {
    try StudyWriter.write(study, to: folder, pictures: pictures, records: records)
  }

  /// What `study.json` holds.
  /// - Throws: `ReportError.notFinite` where a number that must be there cannot be written.
  public static func json(of study: StudyResult) throws -> String {
    String(decoding: try StudyJSON.encode(study), as: UTF8.self)
  }

  /// Reads a study back from its folder or its `study.json`, with the folder it lives in.
  /// - Throws: `ReportError` for what is no study.
  public static func read(_ path: String) throws -> (study: StudyResult, folder: String) {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let url = URL(filePath: path)
    let file = exists && isFolder.boolValue ? url.appending(path: "study.json") : url
    // A pipe would be waited for.
    if let obstacle = RegularFile.obstacle(at: file.path) {
      throw FileError.missing(path: file.path, reason: obstacle.description)
    }
    return (try StudyJSON.read(file.path), file.deletingLastPathComponent().path)
  }

  /// Where a study that is being made keeps finished work, so that it can go on after an interruption.
  public static func workFolder(of folder: String) -> String {
    folder.hasSuffix("/") ? folder + "work" : folder + "/work"
  }

  /// Removes the work of what was written into `folder`, and no other.
  public static func remove(_ work: UsedWork, of folder: String) {
    work.remove()
    // Of a comparison the models' work folders lie in it. Goes only where it is empty.
    rmdir(workFolder(of: folder))
  }
}

extension StudyResult {
  /// The table and one sentence a level, in plain text.
  public var summary: String { TerminalTable(self).text(.plain) }

  /// The same for standard output: in colour and as wide as the terminal where there is one.
  public var terminalSummary: String { TerminalTable(self).text(.standardOutput()) }

  /// Writes the study's folder: `report.html`, `summary.md`, `layers.csv`, `similarity.csv`, `confusions.csv`,
  /// `errors.csv`, `mistakes.csv`, `study.json` and `figures/`; all or none.
  public func write(to folder: String, pictures: [PictureFormat] = [], records: [StudyWriter.Record] = [])
    throws
  {
    try StudyFolder.write(self, to: folder, pictures: pictures, records: records)
  }
}
