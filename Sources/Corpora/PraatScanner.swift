/// Gives the free-standing numbers, texts and flags of a Praat text file one by one, and knows the line.
struct PraatScanner {
  enum Token: Equatable {
    case number(Double)
    case text(String)
    case flag(String)
    case end
  }

  let path: String
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  /// The line where the token just read began.
  private(set) var tokenLine = 1

  init(_ text: LabelText) {
    path = text.path
    bytes = text.bytes
  }

  /// How many bytes are left.
  var remaining: Int { bytes.count - position }

  /// The first bytes of the file as text, without white space around it.
  func start(_ count: Int) -> String {
    let text = String(decoding: bytes.prefix(count), as: UTF8.self)
    return String(text.drop(while: \.isWhitespace))
  }

  mutating func number(_ expected: () -> String) throws(CorpusError) -> Double {
    let token = try next(expected)
    guard case .number(let value) = token else { throw mismatch(expected(), token) }
    return value
  }

  mutating func text(_ expected: () -> String) throws(CorpusError) -> String {
    let token = try next(expected)
    guard case .text(let value) = token else { throw mismatch(expected(), token) }
    return value
  }

  mutating func number(_ expected: String) throws(CorpusError) -> Double { try number { expected } }
  mutating func text(_ expected: String) throws(CorpusError) -> String { try text { expected } }

  mutating func flag(_ expected: String) throws(CorpusError) -> String {
    let token = try next { expected }
    guard case .flag(let value) = token else { throw mismatch(expected, token) }
    return value
  }

  /// A number that counts something.
  mutating func count(_ expected: String) throws(CorpusError) -> Int {
    let value = try number("\(expected) (a whole number)")
    guard let count = Int(exactly: value), count >= 0 else {
      throw unexpected("\(expected) (a whole number)", found: "\(value)")
    }
    return count
  }

  /// Checks that no number, text or flag is left.
  mutating func finish(_ expected: String) throws(CorpusError) {
    let token = try next { expected }
    if token != .end { throw mismatch(expected, token) }
  }

  func unexpected(_ expected: String, found: String) -> CorpusError {
    .unexpected(path: path, line: tokenLine, expected: expected, found: found)
  }

  private func mismatch(_ expected: String, _ token: Token) -> CorpusError {
    switch token {
    case .number(let value): unexpected(expected, found: "the number \(value)")
    case .text(let value): unexpected(expected, found: "the text “\(value.prefix(40))”")
    case .flag(let value): unexpected(expected, found: "<\(value)>")
    case .end: .cutOff(path: path, line: line, expected: expected)
    }
  }

  private mutating func next(_ expected: () -> String) throws(CorpusError) -> Token {
    while position < bytes.count {
      switch bytes[position] {
      case let byte where Self.isSpace(byte):
        advance()
      case UInt8(ascii: "!"):
        while position < bytes.count, bytes[position] != 10, bytes[position] != 13 { position += 1 }
      case UInt8(ascii: "\""):
        tokenLine = line
        return .text(try quoted(expected))
      case UInt8(ascii: "<"):
        tokenLine = line
        return .flag(try flagName(expected))
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
        tokenLine = line
        return .number(try numeral(expected))
      default:
        skipWord()
      }
    }
    tokenLine = line
    return .end
  }

  /// A word such as `xmin` or `[3]:`; `=` ends it too, for `xmin=0`.
  private mutating func skipWord() {
    while position < bytes.count, !Self.isSpace(bytes[position]) {
      position += 1
      if bytes[position - 1] == UInt8(ascii: "=") { return }
    }
  }

  /// A text in double quotes, in which a quote is written twice and lines may end.
  private mutating func quoted(_ expected: () -> String) throws(CorpusError) -> String {
    position += 1
    var start = position
    var pieces: [UInt8] = []  // Stays empty, and unallocated, for the usual text without a quote.
    while position < bytes.count {
      if bytes[position] != UInt8(ascii: "\"") {
        advance()
      } else if position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "\"") {
        pieces += bytes[start...position]
        position += 2
        start = position
      } else {
        let last = bytes[start..<position]
        position += 1
        if position < bytes.count, !Self.isSpace(bytes[position]), bytes[position] != UInt8(ascii: "!") {
          throw unexpected(
            "\(expected()) with each quote inside it written twice",
            found: "\(Self.word(at: position, in: bytes)) right after a closing quote")
        }
        return String(decoding: pieces.isEmpty ? last : pieces + last, as: UTF8.self)
      }
    }
    throw .cutOff(
      path: path, line: line, expected: "the closing quote of the text that begins at line \(tokenLine)")
  }

  private mutating func flagName(_ expected: () -> String) throws(CorpusError) -> String {
    let start = position + 1
    while position < bytes.count, bytes[position] != UInt8(ascii: ">") {
      if Self.isSpace(bytes[position]) {
        throw unexpected(expected(), found: Self.word(at: start - 1, in: bytes))
      }
      position += 1
    }
    guard position < bytes.count else { throw .cutOff(path: path, line: line, expected: expected()) }
    position += 1
    return String(decoding: bytes[start..<(position - 1)], as: UTF8.self)
  }

  /// A finite number, which may carry the unit `s`.
  private mutating func numeral(_ expected: () -> String) throws(CorpusError) -> Double {
    let start = position
    while position < bytes.count, !Self.isSpace(bytes[position]) { position += 1 }
    var word = bytes[start..<position]
    if word.last == UInt8(ascii: "s") { word = word.dropLast() }
    guard let value = Numeral.parse(word) else {
      // A number at the very end may be half of one.
      throw position == bytes.count
        ? .cutOff(path: path, line: line, expected: expected())
        : unexpected(expected(), found: Self.word(at: start, in: bytes))
    }
    return value
  }

  private mutating func advance() {
    let byte = bytes[position]
    position += 1
    // CRLF counts at its LF, CR alone by itself.
    if byte == 10 || (byte == 13 && !(position < bytes.count && bytes[position] == 10)) { line += 1 }
  }

  private static func word(at start: Int, in bytes: [UInt8]) -> String {
    "“" + String(decoding: bytes[start...].prefix(40).prefix { !isSpace($0) }, as: UTF8.self) + "”"
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 32 || (9...13).contains(byte)
  }
}
