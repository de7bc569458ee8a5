import Foundations

/// A line of a ZeroSpeech item file: a phone of a recording with its neighbours and its speaker.
public struct ABXItemLine: Sendable, Equatable {
  /// The recording's name without folder and ending.
  public var file: String
  /// Seconds.
  public var onset, offset: Double
  /// The phone, those before and after it, and who says it.
  public var phone, previous, next, speaker: String
  /// Its line in the file, from 1.
  public var line: Int
}

/// The item files of the ZeroSpeech challenges (`triphone-dev-clean.item` and their like), which say what ABX compares:
///
///     #file onset offset #phone prev-phone next-phone speaker
///     6295-244435-0009 0.2925 0.4725 IH L NG 6295
public enum ABXItemFile {
  static let columns = ["#file", "onset", "offset", "#phone", "prev-phone", "next-phone", "speaker"]

  /// The lines of a file's text; `path` is for messages.
  /// - Throws: `ABXItemError` for a line that is none, and a file without one.
  public static func lines(of text: String, path: String) throws(ABXItemError) -> [ABXItemLine] {
    var places: [Int]?
    var found: [ABXItemLine] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard !words.isEmpty else { continue }
      guard let order = places else {
        let own = columns.map { words.firstIndex(of: $0) }
        guard own.allSatisfy({ $0 != nil }) else {
          throw .badLine(
            path: path, line: index + 1,
            problem: "the first line must name the columns \(columns.joined(separator: " "))")
        }
        places = own.compactMap(\.self)
        continue
      }
      guard let last = order.max(), words.count > last else {
        throw .badLine(
          path: path, line: index + 1, problem: "it has \(words.count) columns, which are too few")
      }
      let values = order.map { words[$0] }
      guard let onset = Double(values[1]), let offset = Double(values[2]), onset.isFinite, offset.isFinite,
        onset >= 0, offset > onset
      else {
        throw .badLine(
          path: path, line: index + 1,
          problem: "onset \(values[1]) and offset \(values[2]) are no two seconds, the earlier one first")
      }
      found.append(
        ABXItemLine(
          file: values[0], onset: onset, offset: offset, phone: values[3], previous: values[4],
          next: values[5], speaker: values[6], line: index + 1))
    }
    guard !found.isEmpty else { throw .badLine(path: path, line: 1, problem: "it names no item") }
    return found
  }
}

/// What is wrong with an item file.
public enum ABXItemError: StrataError, Equatable, CustomStringConvertible {
  case badLine(path: String, line: Int, problem: String)
  /// A recording that the corpus does not have, or has twice.
  case noRecording(file: String, line: Int, found: Int, nearest: String?)

  public var description: String {
    switch self {
    case .badLine(let path, let line, let problem):
      "\(path), line \(line): \(problem); an item file is that of a ZeroSpeech challenge"
    case .noRecording(let file, let line, let found, let nearest):
      found == 0
        ? "the corpus has no recording \(file) (line \(line) of the item file)"
          + (nearest.map { "; the nearest is \($0)" } ?? "")
        : "the corpus has \(found) recordings called \(file) (line \(line) of the item file); give the folder of one part"
    }
  }

  public var kind: FailureKind { .badInput }
}
