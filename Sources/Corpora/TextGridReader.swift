/// Reads Praat's TextGrid in long, short and binary form, and Collections of TextGrids, whose recordings have the objects'
/// names.
///
/// Both forms hold the same sequence of numbers, quoted texts and flags; whatever stands between them
/// (`xmin =`, `intervals [3]:`) is for people, and `!` begins a comment. So one reader does for both, as
/// Praat's own does (Praat manual, “TextGrid file formats”).
public struct TextGridReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    if text.isBinary {
      var binary = BinaryTextGrid(text)
      return try binary.recordings()
    }
    var scanner = PraatScanner(text)
    if try readHeader(&scanner) == "TextGrid" {
      let tiers = try readTiers(&scanner)
      try scanner.finish("the end of the file, after the \(tiers.count) tiers that it promises")
      return [LabelledRecording(tiers: tiers)]
    }
    var recordings: [LabelledRecording] = []
    for number in 0..<(try scanner.count("the number of objects in the Collection")) {
      let kind = try scanner.text("the class of object \(number + 1)")
      guard kind == "TextGrid" else {
        throw scanner.unexpected(PraatCollection.expected, found: "“\(kind)”")
      }
      let name = try scanner.text("the name of object \(number + 1)")
      recordings.append(LabelledRecording(name: name, tiers: try readTiers(&scanner)))
    }
    try scanner.finish("the end of the file, after the \(recordings.count) objects that it promises")
    return recordings
  }

  private func readTiers(_ scanner: inout PraatScanner) throws(CorpusError) -> [Tier] {
    let start = try scanner.number("the TextGrid's start (a number)")
    let line = scanner.tokenLine
    let end = try scanner.number("the TextGrid's end (a number)")
    try Self.check(start, end, of: "the TextGrid", scanner, line)
    switch try scanner.flag("<exists> or <absent>") {
    case "exists": break
    case "absent": return []
    case let other: throw scanner.unexpected("<exists> or <absent>", found: "<\(other)>")
    }
    let count = try scanner.count("the number of tiers")
    var tiers: [Tier] = []
    for index in 0..<count {
      tiers.append(try readTier(index + 1, &scanner))
    }
    return tiers
  }

  /// Whether the bytes begin as one of Praat's text files does.
  static func recognises(_ text: LabelText) -> Bool {
    let start = String(decoding: text.bytes.prefix(200), as: UTF8.self)
    return start.contains("ooTextFile")
  }

  /// The class of the object.
  private func readHeader(_ scanner: inout PraatScanner) throws(CorpusError) -> String {
    try refuseOthers(scanner)
    let kind = try scanner.text("“ooTextFile”, with which Praat's text files begin")
    guard kind == "ooTextFile" || kind == "ooTextFile short" else {
      throw scanner.unexpected("“ooTextFile”, with which Praat's text files begin", found: "“\(kind)”")
    }
    let object = try scanner.text("“TextGrid”, the class of the object")
    guard object == "TextGrid" || object == "Collection" else {
      throw scanner.unexpected("“TextGrid”, the class of the object", found: "“\(object)”")
    }
    return object
  }

  /// Says what a file is that is no TextGrid in Praat's text form, where that can be told.
  private func refuseOthers(_ scanner: PraatScanner) throws(CorpusError) {
    let start = scanner.start(200)
    let looksLike: String
    if start.contains("Praat chronological") {
      looksLike = "it is in Praat's chronological form; open it in Praat and choose “Save as text file…”"
    } else if start.contains("ooTextFile") || "File type = \"ooTextFile\"".hasPrefix(start) {
      return
    } else {
      let line = start.split(whereSeparator: \.isNewline).first ?? ""
      looksLike = "it begins “\(line.prefix(40))”, a TextGrid begins with “ooTextFile”"
    }
    throw .unknownFormat(path: scanner.path, looksLike: looksLike)
  }

  private func readTier(_ number: Int, _ scanner: inout PraatScanner) throws(CorpusError) -> Tier {
    let kindWords = "“IntervalTier” or “TextTier” to begin tier \(number)"
    let kindName = try scanner.text(kindWords)
    let kind: Tier.Kind
    switch kindName {
    case "IntervalTier": kind = .intervals
    case "TextTier": kind = .points
    default: throw scanner.unexpected(kindWords, found: "“\(kindName)”")
    }
    let name = try scanner.text("the name of tier \(number)")
    let title = "tier \(number) “\(name)”"
    let start = try scanner.number("the start of \(title) (a number)")
    let line = scanner.tokenLine
    let end = try scanner.number("the end of \(title) (a number)")
    try Self.check(start, end, of: title, scanner, line)
    let noun = kind == .intervals ? "interval" : "point"
    let count = try scanner.count("the number of \(noun)s in \(title)")
    var tier = Tier(name: name, kind: kind, intervals: [], extent: start...end)
    // The count is only a promise; an interval needs at least six bytes.
    let capacity = min(count, scanner.remaining / 6)
    tier.intervals.reserveCapacity(capacity)
    tier.lines.reserveCapacity(capacity)
    for index in 0..<count {
      let place = Place(noun: noun, index: index + 1, count: count, title: title)
      let start = try scanner.number { "the \(noun == "point" ? "time" : "start") of \(place) (a number)" }
      tier.lines.append(scanner.tokenLine)
      let end = kind == .points ? start : try scanner.number { "the end of \(place) (a number)" }
      let label = try scanner.text { "the label of \(place) (a text in double quotes)" }
      tier.intervals.append(Interval(start: start, end: end, label: label))
    }
    return tier
  }

  private static func check(
    _ start: Double, _ end: Double, of title: String, _ scanner: PraatScanner, _ line: Int
  ) throws(CorpusError) {
    guard start <= end else {
      throw .unexpected(
        path: scanner.path, line: line, expected: "\(title) to begin before it ends",
        found: "\(start) … \(end)")
    }
  }

  /// Words for the place of an interval; made only when something is wrong.
  private struct Place: CustomStringConvertible {
    let noun: String, index: Int, count: Int, title: String
    var description: String { "\(noun) \(index) of \(count) in \(title)" }
  }
}
