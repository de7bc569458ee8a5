/// Reads HTK's label files: lines of start and end in units of 100 ns, label, maybe a score, and maybe a second
/// label that holds until the next one (the word above the phones). Of HTS' full-context labels the phone is the label, with
/// its stress and syllables. A file in the form of ESPS, which Festival writes with the same ending, is read as that.
public struct HTKReader: LabelReader {
  /// Units in a second.
  static let unitsPerSecond = 1e7

  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    if ESPSReader.recognises(text) { return try ESPSReader().recordings(in: text) }
    return [
      LabelledRecording(tiers: try Self.tiers(text.labelLines, name: text.tierName(default: "phones")))
    ]
  }

  static func tiers(_ lines: [LabelLine], name: String) throws(CorpusError) -> [Tier] {
    var lower = Tier(name: name, intervals: [])
    var upper = Tier(name: "words", intervals: [])
    var isOpen = false
    var contexts: [FullContextLabel] = []
    for line in lines {
      let words = line.words
      guard words.count > 2 else {
        throw line.wrong(
          "start, end (100 ns) and label (a text without times is a transcript: align it first)")
      }
      let start = try line.number(words[0], "a start in units of 100 ns") / unitsPerSecond
      let end = try line.number(words[1], "an end in units of 100 ns") / unitsPerSecond
      let label = unquoted(words[2])
      lower.intervals.append(Interval(start: start, end: end, label: label))
      lower.lines.append(line.number)
      if let context = FullContextLabel(label) { contexts.append(context) }
      let isScore = words.count > 3 && Numeral.parse(Array(words[3].utf8)[...]) != nil
      if let word = words.dropFirst(isScore ? 4 : 3).first {
        upper.intervals.append(Interval(start: start, end: end, label: unquoted(word)))
        upper.lines.append(line.number)
        isOpen = true
      } else if SilenceLabels.usual.contains(SilenceLabels.key(label)) {
        isOpen = false
      } else if isOpen {
        upper.intervals[upper.intervals.count - 1].end = end
      }
    }
    let isFullContext = !contexts.isEmpty && contexts.count == lower.intervals.count
    let own = isFullContext ? FullContextLabel.tiers(contexts, lower) : [lower]
    return upper.intervals.isEmpty ? own : own + [upper]
  }

  private static func unquoted(_ word: Substring) -> String {
    word.count > 1 && word.first == "\"" && word.last == "\""
      ? String(word.dropFirst().dropLast()) : String(word)
  }
}

/// Reads HTK's master label files: `#!MLF!#`, then for each recording its name in quotes, its lines, and a dot.
public struct MLFReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    let tierName = text.tierName(default: "phones")
    var recordings: [LabelledRecording] = []
    var name: (text: String, line: LabelLine)?
    var lines: [LabelLine] = []
    let all = text.labelLines
    guard let first = all.first, first.text.trimmed == "#!MLF!#" else {
      throw .unexpected(
        path: text.path, line: all.first?.number ?? 1, expected: "#!MLF!#",
        found: "“\(all.first?.text.prefix(40) ?? "")”")
    }
    for line in all.dropFirst() {
      let content = line.text.trimmed
      if let open = name {
        if content == "." {
          recordings.append(
            LabelledRecording(name: open.text, tiers: try HTKReader.tiers(lines, name: tierName)))
          name = nil
          lines = []
        } else {
          lines.append(line)
        }
      } else {
        guard content.count > 2, content.hasPrefix("\""), content.hasSuffix("\"") else {
          throw line.wrong("the name of a recording in double quotes")
        }
        name = (Self.stem(content), line)
      }
    }
    if let name {
      throw .cutOff(
        path: text.path, line: all.last?.number ?? 1, expected: "the dot that ends “\(name.text)”")
    }
    return recordings
  }

  /// `austen_0880` of `"*/austen_0880.lab"`.
  private static func stem(_ quoted: String) -> String {
    let file = quoted.dropFirst().dropLast().split(separator: "/").last ?? ""
    return String(file.lastIndex(of: ".").map { file[..<$0] } ?? file)
  }
}
