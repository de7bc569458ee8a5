/// A line of a label file, and words for what is wrong in it.
struct LabelLine {
  let path: String
  let number: Int
  let text: Substring

  /// What stands between white space.
  var words: [Substring] { text.split(whereSeparator: \.isWhitespace) }
  /// What stands between tabs, empty ones too.
  var fields: [Substring] { text.split(separator: "\t", omittingEmptySubsequences: false) }

  var isBlank: Bool { text.allSatisfy(\.isWhitespace) }

  /// A finite number of seconds, of samples, of ticks.
  func number(_ field: some StringProtocol, _ expected: String) throws(CorpusError) -> Double {
    guard let value = Numeral.parse(Array(field.utf8)[...]), abs(value) < 1e15 else {
      throw wrong(expected, found: "“\(field.prefix(40))”")
    }
    return value
  }

  func wrong(_ expected: String, found: String? = nil) -> CorpusError {
    .unexpected(path: path, line: number, expected: expected, found: found ?? "“\(text.prefix(60))”")
  }
}

extension LabelText {
  /// The lines that hold anything.
  var labelLines: [LabelLine] {
    lines.map { LabelLine(path: path, number: $0.number, text: $0.text) }.filter { !$0.isBlank }
  }

  /// The tier that the file's name says it holds: `words` for `a.words.ctm`, `words.ctm`, and `words/all.ctm`; nil where
  /// it does not say.
  var namedTier: String? {
    let parts = path.split(separator: "/").map(String.init)
    let file = parts.last ?? path
    let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
    let names = [LabelFormat.innerName(stem), stem.lowercased(), parts.dropLast().last?.lowercased()]
    return names.compactMap(\.self).first { TierNames.level(of: $0) != nil }
  }

  func tierName(default name: String) -> String { namedTier ?? name }
}

/// Tiers in the order in which their first labels come.
struct TierList {
  private(set) var tiers: [Tier] = []
  private var places: [String: Int] = [:]

  mutating func append(_ interval: Interval, line: Int?, to name: String, of speaker: String? = nil) {
    let key = "\(speaker ?? "")\n\(name)"
    let place = places[key] ?? tiers.count
    if place == tiers.count {
      tiers.append(Tier(name: name, intervals: []))
      tiers[place].speaker = speaker
      places[key] = place
    }
    tiers[place].intervals.append(interval)
    if let line { tiers[place].lines.append(line) }
  }
}
