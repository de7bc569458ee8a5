/// A table of the utterances of a corpus: tab-separated, columns named in the first line, and the utterance
/// (its id, or the name of its audio file) in the column `utterance`, `id`, `file` or `path`, or else in the first.
///
/// Common Voice's `client_id` is the speaker.
struct UtteranceTable {
  static let usualName = "utterances.tsv"

  /// The table of a folder: `utterances.tsv`, or one of Common Voice's lists.
  static func name(in folder: String) -> String {
    guard (try? RegularFile.size(of: folder + "/" + usualName)) == nil else { return usualName }
    let lists = ["validated.tsv", "train.tsv", "other.tsv"]
    return lists.first { list in
      guard let text = try? LabelText(contentsOf: folder + "/" + list), let head = text.lines.first?.text
      else {
        return false
      }
      return Set(["client_id", "path"]).isSubset(of: head.split(separator: "\t").map(\.trimmed))
    } ?? usualName
  }

  let columns: [String]
  private var rows: [String: [String]]

  /// Reads the table; lines that do not fit are issues and are left out.
  init(_ text: LabelText, name: String, issues: inout IssueList) {
    let lines = text.lines.filter { !$0.text.allSatisfy(\.isWhitespace) }
    var columns = (lines.first?.text ?? "").split(separator: "\t", omittingEmptySubsequences: false)
      .map { $0.trimmed.lowercased() }
    let count = columns.count
    let key = ["utterance", "id", "file", "path"].lazy.compactMap(columns.firstIndex).first ?? 0
    var rows: [String: [String]] = [:]
    for (line, text) in lines.dropFirst() {
      let fields = text.split(separator: "\t", omittingEmptySubsequences: false).map(\.trimmed)
      guard fields.count == count else {
        issues.add(
          .table, name, line: line,
          "\(fields.count) fields where the first line names \(count) columns")
        continue
      }
      let utterance = CorpusFolder.withoutAudioExtension(fields[key])
      if rows.updateValue(fields, forKey: utterance) != nil {
        issues.add(.table, name, line: line, "“\(utterance)” a second time; this line counts")
      }
    }
    // A second name for Common Voice's column.
    if !columns.contains("speaker"), let place = columns.firstIndex(of: "client_id") {
      columns.append("speaker")
      rows = rows.mapValues { $0 + [$0[place]] }
    }
    self.columns = columns
    self.rows = rows
  }

  /// The lines of another table of the same form.
  mutating func add(_ other: UtteranceTable, name: String, _ issues: inout IssueList) {
    guard other.columns == columns else {
      return issues.add(
        .table, name,
        "left out: its columns are \(other.columns.joined(separator: ", ")), not "
          + columns.joined(separator: ", "))
    }
    rows.merge(other.rows) { $1 }
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
