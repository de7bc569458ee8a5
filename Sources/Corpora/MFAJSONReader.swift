import Foundation

/// Reads the JSON of the Montreal Forced Aligner: `{"start", "end", "tiers": {name: {"entries": [[start, end,
/// label], …]}}}`. Tiers come in the order of their names; JSON has no lines.
public struct MFAJSONReader: LabelReader {
  public init() {}

  private struct File: Decodable {
    let start: Double?
    let end: Double?
    let tiers: [String: TierEntries]
  }

  private struct TierEntries: Decodable {
    let type: String?
    let entries: [Entry]
  }

  private struct Entry: Decodable {
    let interval: Interval

    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      interval = Interval(
        start: try list.decode(Double.self), end: try list.decode(Double.self),
        label: try list.decode(String.self))
    }
  }

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    let file: File
    do {
      file = try JSONDecoder().decode(File.self, from: Data(text.bytes))
    } catch let error as DecodingError {
      throw .unexpected(
        path: text.path, line: 1, expected: "MFA's JSON (tiers: {name: {entries: [[start, end, label]]}})",
        found: Self.words(error))
    } catch {
      throw .unexpected(path: text.path, line: 1, expected: "JSON", found: error.localizedDescription)
    }
    let extent = file.start.flatMap { start in file.end.flatMap { start <= $0 ? start...$0 : nil } }
    let tiers = file.tiers.sorted { $0.key < $1.key }.filter { $0.value.type != "point" }
    return [
      LabelledRecording(
        tiers: tiers.map { Tier(name: $0.key, intervals: $0.value.entries.map(\.interval), extent: extent) }
      )
    ]
  }

  private static func words(_ error: DecodingError) -> String {
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      "\(context.debugDescription) at \(place(context.codingPath))"
    case .keyNotFound(let key, let context): "no “\(key.stringValue)” at \(place(context.codingPath))"
    @unknown default: "\(error)"
    }
  }

  private static func place(_ path: [any CodingKey]) -> String {
    path.isEmpty
      ? "the top" : path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }
}
