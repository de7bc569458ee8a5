/// Reads the label files of ESPS' xlabel: a header that ends in `#`, then lines of the time where a label ends, a colour and
/// the label. Buckeye's `.phones` and `.words` are such files, and Festival's and MaryTTS' `.lab`.
///
/// A label begins where the one before it ended. Of Buckeye's words, which have their transcriptions and a part of speech
/// behind semicolons, the word is the label.
public struct ESPSReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    let path = text.path.lowercased()
    let name = path.hasSuffix(".words") ? "words" : text.tierName(default: "phones")
    var tier = Tier(name: name, intervals: [])
    var separator: Character = ";"
    var isHeader = true
    var start = 0.0
    for line in text.labelLines {
      if isHeader {
        let words = line.words
        if words.first == "separator", words.count == 2, let sign = words[1].first { separator = sign }
        isHeader = line.text.trimmed != "#"
        continue
      }
      let words = line.text.split(maxSplits: 2, whereSeparator: \.isWhitespace)
      guard words.count >= 2 else {
        throw line.wrong("the time where a label ends, a colour and the label")
      }
      let end = try line.number(words[0], "the time where a label ends, in seconds")
      let label = words.count > 2 ? words[2].split(separator: separator).first ?? "" : ""
      guard end >= start else { throw line.wrong("a time after \(start) s", found: "\(end) s") }
      tier.intervals.append(Interval(start: start, end: end, label: label.trimmed))
      tier.lines.append(line.number)
      start = end
    }
    guard !isHeader else {
      throw .unexpected(
        path: text.path, line: 1,
        expected: "a header that ends with the line “#”, as ESPS' label files have",
        found: "none")
    }
    return [LabelledRecording(tiers: [tier])]
  }

  /// Whether a file begins as xlabel's do.
  static func recognises(_ text: LabelText) -> Bool {
    let start = String(decoding: text.bytes.prefix(2000), as: UTF8.self)
    let lines = start.split(whereSeparator: \.isNewline).prefix(20).map(\.trimmed)
    guard let first = lines.first, let end = lines.firstIndex(of: "#") else { return false }
    return end == 0
      || ["signal", "separator", "nfields", "color", "type", "font"].contains { first.hasPrefix($0) }
  }
}
