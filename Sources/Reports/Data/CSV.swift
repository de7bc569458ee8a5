/// Comma-separated values: quoting as RFC 4180 says, lines end in a line feed, the first line names the
/// columns, a missing number is an empty cell.
enum CSV {
  static func text(columns: [String], rows: [[String]]) -> String {
    ([columns] + rows).map { $0.map(field).joined(separator: ",") + "\n" }.joined()
  }

  /// Scalars, not characters, are looked at: a combining mark after a quotation mark, or a line feed in a
  /// CRLF, must not hide it.
  static func field(_ text: String) -> String {
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
}
