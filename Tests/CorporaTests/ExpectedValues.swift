import Foundation
import Testing

/// A row of a table of `Resources/expected`, by the names of its columns.
struct ExpectedRow: Sendable, CustomTestStringConvertible {
  let values: [String: String]
  subscript(column: String) -> String { values[column] ?? "" }
  var testDescription: String { "\(self["language"]) \(self["word"])\(self["label"])" }

  static func read(_ name: String) -> [ExpectedRow] {
    let text = (try? String(contentsOfFile: resource("expected/\(name)"), encoding: .utf8)) ?? ""
    let lines = text.split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    guard let names = lines.first else { return [] }
    return lines.dropFirst().map { line in
      ExpectedRow(values: Dictionary(uniqueKeysWithValues: zip(names, line)))
    }
  }
}
