/// Reads Praat's binary files of TextGrids, alone or in a Collection: `ooBinaryFile`, the class's name behind a byte of its
/// length, then the object. Numbers are big-endian.
struct BinaryTextGrid {
  static let mark = Array("ooBinaryFile".utf8)

  private let path: String
  private let bytes: [UInt8]
  private var position: Int

  static func recognises(_ bytes: [UInt8]) -> Bool { bytes.starts(with: mark) }

  init(_ text: LabelText) {
    path = text.path
    bytes = text.bytes
    position = Self.mark.count
  }

  mutating func recordings() throws(CorpusError) -> [LabelledRecording] {
    var recordings: [LabelledRecording] = []
    switch try className("the class of the object") {
    case "TextGrid": recordings = [LabelledRecording(tiers: try tiers())]
    case "Collection":
      for number in 0..<(try count("the number of objects", atLeast: 2)) {
        let kind = try className("the class of object \(number + 1)")
        guard kind == "TextGrid" else { throw unexpected(PraatCollection.expected, "“\(kind)”") }
        let name = try text("the name of object \(number + 1)")
        recordings.append(LabelledRecording(name: name, tiers: try tiers()))
      }
    case let other: throw unexpected("“TextGrid”, the class of the object", "“\(other)”")
    }
    guard position == bytes.count else {
      throw unexpected("the end of the file", "\(bytes.count - position) bytes more")
    }
    return recordings
  }

  private mutating func tiers() throws(CorpusError) -> [Tier] {
    _ = try extent("the TextGrid")
    guard try byte("a flag (1 where there are tiers)") == 1 else { return [] }
    var tiers: [Tier] = []
    for number in 0..<(try count("the number of tiers", atLeast: 24)) {
      tiers.append(try tier(number + 1))
    }
    return tiers
  }

  private mutating func tier(_ number: Int) throws(CorpusError) -> Tier {
    let kindName = try className("“IntervalTier” or “TextTier” to begin tier \(number)")
    guard
      let kind = [("IntervalTier", Tier.Kind.intervals), ("TextTier", .points)].first(where: {
        $0.0 == kindName
      })?.1
    else { throw unexpected("“IntervalTier” or “TextTier” to begin tier \(number)", "“\(kindName)”") }
    let name = try text("the name of tier \(number)")
    var tier = Tier(name: name, kind: kind, intervals: [], extent: try extent("tier \(number) “\(name)”"))
    let least = kind == .points ? 10 : 18
    for index in 0..<(try count("the number of labels in tier \(number) “\(name)”", atLeast: least)) {
      let start = try self.number("the time of label \(index + 1) in tier \(number) “\(name)”")
      let end =
        kind == .points
        ? start : try self.number("the end of label \(index + 1) in tier \(number) “\(name)”")
      tier.intervals.append(
        Interval(start: start, end: end, label: try text("a label in tier \(number) “\(name)”")))
    }
    return tier
  }

  private mutating func extent(_ title: String) throws(CorpusError) -> ClosedRange<Double> {
    let start = try number("the start of \(title)")
    let end = try number("the end of \(title)")
    guard start <= end else { throw unexpected("\(title) to begin before it ends", "\(start) … \(end)") }
    return start...end
  }

  // MARK: Bytes

  private mutating func take(_ count: Int, _ expected: String) throws(CorpusError) -> ArraySlice<UInt8> {
    guard count <= bytes.count - position else {
      throw .cutOff(path: path, line: 1, expected: "\(expected) (byte \(position))")
    }
    defer { position += count }
    return bytes[position..<(position + count)]
  }

  private mutating func unsigned(_ count: Int, _ expected: String) throws(CorpusError) -> UInt64 {
    try take(count, expected).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func byte(_ expected: String) throws(CorpusError) -> UInt8 {
    UInt8(truncatingIfNeeded: try unsigned(1, expected))
  }

  private mutating func number(_ expected: String) throws(CorpusError) -> Double {
    let value = Double(bitPattern: try unsigned(8, expected))
    guard value.isFinite, abs(value) < 1e15 else { throw unexpected(expected, "\(value)") }
    return value
  }

  /// A number of things that take `size` bytes at least, so that a wrong one is seen before anything is made room for.
  private mutating func count(_ expected: String, atLeast size: Int) throws(CorpusError) -> Int {
    let value = Int32(truncatingIfNeeded: try unsigned(4, expected))
    guard value >= 0, Int(value) <= (bytes.count - position) / size else {
      throw unexpected("\(expected) that the file has room for", "\(value)")
    }
    return Int(value)
  }

  private mutating func className(_ expected: String) throws(CorpusError) -> String {
    let length = Int(try byte(expected))
    return String(decoding: try take(length, expected), as: UTF8.self)
  }

  /// A count of two bytes and ASCII; or 0xFFFF, the count, and UTF-16.
  private mutating func text(_ expected: String) throws(CorpusError) -> String {
    let length = Int(try unsigned(2, expected))
    guard length == 0xffff else { return String(decoding: try take(length, expected), as: UTF8.self) }
    let units = try take(2 * Int(try unsigned(2, expected)), expected)
    let decoded = stride(from: units.startIndex, to: units.endIndex, by: 2)
      .map { UInt16(units[$0]) << 8 | UInt16(units[$0 + 1]) }
    return String(decoding: decoded, as: UTF16.self)
  }

  private func unexpected(_ expected: String, _ found: String) -> CorpusError {
    .unexpected(path: path, line: 1, expected: expected, found: "\(found) before byte \(position)")
  }
}

/// Several of Praat's objects in one file.
enum PraatCollection {
  static let expected = "a TextGrid in the Collection (in Praat, select the TextGrids alone and save them)"
}
