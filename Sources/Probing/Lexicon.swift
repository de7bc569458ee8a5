import Foundation
import Tensors

/// What a lexicon says of words: a table with tabs between its columns and a first line that names them: `word`,
/// and `pos` (part of speech), `frequency` (a positive count) or both, in any order.
struct Lexicon: Sendable, Equatable {
  struct Entry: Sendable, Equatable {
    var partOfSpeech: String?
    var frequency: Double?
  }

  /// By the word in lower case.
  let entries: [String: Entry]

  /// The one that a definition names.
  init(of spec: ProbeSpec) throws(ProbeSpecError) {
    guard let path = spec.lexicon else {
      throw .badDefinition(
        place: spec.name,
        problem:
          "target \(spec.target.rawValue) needs “lexicon: FILE.tsv” with the columns word, pos, frequency")
    }
    guard let data = try? RegularFile.contents(path), let text = String(validating: data, as: UTF8.self)
    else {
      throw .badDefinition(place: path, problem: "the lexicon cannot be read; a text in UTF-8 is expected")
    }
    try self.init(text, path: path)
  }

  init(_ text: String, path: String) throws(ProbeSpecError) {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let header = (lines.first ?? "").split(separator: "\t", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces).lowercased()
    }
    guard let word = header.firstIndex(of: "word"),
      header.contains("pos") || header.contains("frequency")
    else {
      throw .badDefinition(
        place: "\(path):1",
        problem: "expected a line of column names, word and pos or frequency, with tabs between; found “"
          + "\((lines.first ?? "").prefix(60))”")
    }
    let (pos, frequency) = (header.firstIndex(of: "pos"), header.firstIndex(of: "frequency"))
    var entries: [String: Entry] = [:]
    for (number, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == header.count else {
        throw .badDefinition(
          place: "\(path):\(number + 1)",
          problem: "expected \(header.count) columns, found \(fields.count)")
      }
      var entry = Entry()
      if let pos, !fields[pos].isEmpty { entry.partOfSpeech = fields[pos] }
      if let frequency, !fields[frequency].isEmpty {
        guard let value = Double(fields[frequency]), value > 0, value.isFinite else {
          throw .badDefinition(
            place: "\(path):\(number + 1)",
            problem: "frequency: expected a positive number, found “\(fields[frequency].prefix(30))”")
        }
        entry.frequency = value
      }
      entries[fields[word].lowercased()] = entry
    }
    self.entries = entries
  }
}
