/// Comma-separated values: quoting as RFC 4180 says, lines end in a line feed, the first line names the
/// columns, a missing number is an empty cell.
///
/// A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and an apostrophe before it for the
/// mark of a text. A text that begins so, and is no number, is written with an apostrophe before it, and so is one that
/// begins with apostrophes and then so: who reads the file otherwise takes one apostrophe away from such cells.
enum CSV {
  static func text(columns: [String], rows: [[String]]) -> String {
    ([columns] + rows).map { $0.map(field).joined(separator: ",") + "\n" }.joined()
  }

  /// Scalars, not characters, are looked at: a combining mark after a quotation mark, or a line feed in a
  /// CRLF, must not hide it.
  static func field(_ text: String) -> String {
    let text = isFormula(text) ? "'" + text : text
    guard text.unicodeScalars.contains(where: { "\",\n\r".unicodeScalars.contains($0) }) else {
      return text
    }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted += "\"" }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }

  private static func isFormula(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first(where: { $0 != "'" }) else { return false }
    return "=+-@\t\r".unicodeScalars.contains(first) && Double(text) == nil
  }
}
