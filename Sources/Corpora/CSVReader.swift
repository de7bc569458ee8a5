/// Reads comma-separated labels with a first line that names the columns: MFA's `Begin, End, Label, Type,
/// Speaker`, and `tier, start, end, label`.
public struct CSVReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    let rows = try Self.rows(text)
    guard let head = rows.first else {
      throw .unexpected(
        path: text.path, line: 1, expected: "a line that names the columns", found: "nothing")
    }
    let names = head.fields.map { $0.trimmed.lowercased() }
    func column(_ known: [String]) throws(CorpusError) -> Int {
      for name in known { if let place = names.firstIndex(of: name) { return place } }
      throw .unexpected(
        path: text.path, line: head.line, expected: "a column “\(known[0])”",
        found: names.prefix(12).joined(separator: ", "))
    }
    let start = try column(["start", "begin"])
    let end = try column(["end"])
    let label = try column(["label", "text"])
    let tier = names.firstIndex(of: "tier") ?? names.firstIndex(of: "type")
    let speaker = names.firstIndex(of: "speaker")
    var tiers = TierList()
    for row in rows.dropFirst() {
      let line = LabelLine(path: text.path, number: row.line, text: row.fields.joined(separator: ",")[...])
      guard row.fields.count == names.count else {
        throw line.wrong("\(names.count) fields, as the first line names", found: "\(row.fields.count)")
      }
      let interval = Interval(
        start: try line.number(row.fields[start].trimmed, "a start in seconds"),
        end: try line.number(row.fields[end].trimmed, "an end in seconds"), label: row.fields[label])
      let name = tier.map { row.fields[$0].trimmed } ?? text.tierName(default: "words")
      let owner = speaker.map { row.fields[$0].trimmed } ?? ""
      tiers.append(interval, line: row.line, to: owner.isEmpty ? name : "\(owner) - \(name)")
    }
    return [LabelledRecording(tiers: tiers.tiers)]
  }

  /// Records of fields (RFC 4180): a quoted field may hold commas, line ends, and quotes written twice.
  private static func rows(_ text: LabelText) throws(CorpusError) -> [(line: Int, fields: [String])] {
    var rows: [(line: Int, fields: [String])] = []
    var fields: [String] = []
    var field: [UInt8] = []
    var line = 1
    var first = 1
    var isQuoted = false
    func finishField() {
      fields.append(String(decoding: field, as: UTF8.self))
      field = []
    }
    func finishRow() {
      finishField()
      if fields != [""] { rows.append((first, fields)) }
      fields = []
    }
    var index = 0
    let bytes = text.bytes
    while index < bytes.count {
      let byte = bytes[index]
      let next = index + 1 < bytes.count ? bytes[index + 1] : 0
      let isLineEnd = byte == 10 || (byte == 13 && next != 10)
      if isLineEnd { line += 1 }
      switch byte {
      case UInt8(ascii: "\"") where isQuoted && next == UInt8(ascii: "\""):
        field.append(byte)
        index += 1
      case UInt8(ascii: "\"") where isQuoted || field.isEmpty: isQuoted.toggle()
      case UInt8(ascii: ",") where !isQuoted: finishField()
      case 13 where !isQuoted && next == 10: break
      case _ where isLineEnd && !isQuoted:
        finishRow()
        first = line
      default: field.append(byte)
      }
      index += 1
    }
    if isQuoted {
      throw .cutOff(
        path: text.path, line: line, expected: "the closing quote of the record at line \(first)")
    }
    if !field.isEmpty || !fields.isEmpty { finishRow() }
    return rows
  }
}
