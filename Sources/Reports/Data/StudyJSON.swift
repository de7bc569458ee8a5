import Files
import Foundation
import Results

/// `study.json`: the whole study, sorted keys, described by `schemas/study.schema.json`.
public enum StudyJSON {
  /// - Throws: `ReportError.notFinite` where a number that must be there cannot be written. Estimates and
  ///   similarities that are not finite are written as null; see `StudyResult.announcingGaps`.
  public static func encode(_ study: StudyResult) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(study.announcingGaps) + Data("\n".utf8)
    } catch EncodingError.invalidValue(_, let context) {
      throw ReportError.notFinite(place: place(context.codingPath))
    }
  }

  /// Reads a study from bytes that come from `path`, which messages name.
  /// - Throws: `ReportError.notAStudy`, `ReportError.otherSchema`.
  public static func decode(_ data: Data, path: String = "study.json") throws -> StudyResult {
    try decode(StudyResult.self, version: StudyResult.schemaVersion, data, path)
  }

  private static func decode<T: Decodable>(
    _ type: T.Type, version supported: Int, _ data: Data, _ path: String
  ) throws -> T {
    let decoder = JSONDecoder()
    do {
      let version = try decoder.decode(Version.self, from: data).schema
      // Versions differ by what they add; what an earlier one does not have is nil.
      guard (1...supported).contains(version) else {
        throw ReportError.otherSchema(path: path, found: version, supported: supported)
      }
      return try decoder.decode(T.self, from: data)
    } catch let error as DecodingError {
      throw notAStudy(error, path: path)
    }
  }

  /// Reads a finished study again: `study.json` itself, or the folder that holds it.
  /// - Throws: `ReportError` for what is no study, with the place in it.
  public static func read(_ path: String) throws -> StudyResult {
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let file = isFolder.boolValue ? path + "/study.json" : path
    return try decode(StudyResult.self, version: StudyResult.schemaVersion, at: file)
  }

  /// Reads what another version may have written. Throws `FileError.mixture` for a file that was not written together with
  /// those beside it.
  static func decode<T: Decodable>(_ type: T.Type, version: Int, at file: String) throws -> T {
    do {
      return try decode(type, version: version, ResultFolder.read(file), file)
    } catch FileError.missing(let path, let reason) {
      throw ReportError.readFailed(path: path, reason: reason)
    }
  }

  private struct Version: Decodable { var schema: Int }

  private static func notAStudy(_ error: DecodingError, path: String) -> ReportError {
    let (context, found): (DecodingError.Context, String) =
      switch error {
      case .keyNotFound(let key, let context): (context, "the key \"\(key.stringValue)\" is missing")
      case .typeMismatch(let type, let context): (context, "a value of another type than \(type) was found")
      case .valueNotFound(let type, let context): (context, "null was found where \(type) is needed")
      case .dataCorrupted(let context): (context, "the text is not valid: \(context.debugDescription)")
      @unknown default: (.init(codingPath: [], debugDescription: ""), "it cannot be decoded")
      }
    return .notAStudy(path: path, place: place(context.codingPath), reason: found)
  }

  /// "levels[0].mel.accuracy"
  private static func place(_ path: [any CodingKey]) -> String {
    let text = path.reduce("") { text, key in
      if let index = key.intValue { return text + "[\(index)]" }
      return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
    }
    return text.isEmpty ? "its top" : text
  }
}

/// An error of the file system in one line, without the wrapper's noise.
func reason(_ error: any Error) -> String {
  let error = error as NSError
  if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError, cause.domain == NSPOSIXErrorDomain {
    return String(cString: strerror(Int32(cause.code)))
  }
  if error.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(error.code))) }
  return error.localizedDescription
}
