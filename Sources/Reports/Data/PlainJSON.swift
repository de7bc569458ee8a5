import Foundation

/// Results as JSON with sorted keys and a line end.
public enum PlainJSON {
  /// - Throws: `ReportError.notFinite` where a number that must be there cannot be written.
  public static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(value) + Data("\n".utf8)
    } catch EncodingError.invalidValue(_, let context) {
      throw ReportError.notFinite(place: context.codingPath.map(\.stringValue).joined(separator: "."))
    }
  }
}
