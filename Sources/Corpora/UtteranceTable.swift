/// A table of the utterances of a corpus: tab-separated, columns named in the first line, and the utterance
/// (its id, or the name of its audio file) in the column `utterance`, `id` or `file`, or else in the first.
struct UtteranceTable {
  static let usualName = "utterances.tsv"

  let columns: [String]
  private let rows: [String: [String]]

  /// Reads the table; lines that do not fit are issues and are left out.
  init(_ text: LabelText, name: String, issues: inout IssueList) {
    let lines = text.lines.filter { !$0.text.allSatisfy(\.isWhitespace) }
    columns = (lines.first?.text ?? "").split(separator: "\t", omittingEmptySubsequences: false)
      .map { $0.trimmed.lowercased() }
    let key = ["utterance", "id", "file"].lazy.compactMap(columns.firstIndex).first ?? 0
    var rows: [String: [String]] = [:]
    for (line, text) in lines.dropFirst() {
      let fields = text.split(separator: "\t", omittingEmptySubsequences: false).map(\.trimmed)
      guard fields.count == columns.count else {
        issues.add(
          .table, name, line: line,
          "\(fields.count) fields where the first line names \(columns.count) columns")
        continue
      }
      let utterance = CorpusFolder.withoutAudioExtension(fields[key])
      if rows.updateValue(fields, forKey: utterance) != nil {
        issues.add(.table, name, line: line, "“\(utterance)” a second time; this line counts")
      }
    }
    self.rows = rows
  }

  /// The value of a column for an utterance, by its id or, unless `only` that counts, by the last part of it; nil where
  /// there is none.
  func value(_ column: String, of id: String, only: Bool = false) -> String? {
    guard let index = columns.firstIndex(of: column.lowercased()) else { return nil }
    let name = id.split(separator: "/").last.map(String.init) ?? id
    guard let row = rows[id] ?? (only ? nil : rows[name]), !row[index].isEmpty else { return nil }
    return row[index]
  }
}
