/// JSON as it stands in the file: object keys in order, so that a checkpoint lists its tensors as written.
enum JSON {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  struct Member {
    let key: String
    let value: JSON
  }

  subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  var string: String? { if case .string(let value) = self { value } else { nil } }

  var metadata: MetadataValue {
    switch self {
    case .null: .null
    case .bool(let value): .bool(value)
    case .integer(let value): .integer(value)
    case .number(let value): .number(value)
    case .string(let value): .string(value)
    case .array(let values): .list(values.map(\.metadata))
    case .object(let members):
      .dictionary(Dictionary(members.map { ($0.key, $0.value.metadata) }) { _, last in last })
    }
  }
}

/// A strict JSON reader for headers and configurations: bounded depth, no duplicate keys, order kept.
///
/// Python's `NaN`, `Infinity` and `-Infinity` are accepted, since `json.dump` writes them.
struct JSONParser {
  static let depthLimit = 128

  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private let place: String
  private var position = 0

  /// Parses all of `bytes`; `place` names them in errors.
  static func parse(_ bytes: UnsafeRawBufferPointer, path: String, place: String) throws -> JSON {
    var parser = JSONParser(bytes: bytes, path: path, place: place)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { parser.position = 3 }
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.error(expected: "the end") }
    return value
  }

  private init(bytes: UnsafeRawBufferPointer, path: String, place: String) {
    self.bytes = bytes
    self.path = path
    self.place = place
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func error(expected: String) -> CheckpointError {
    let found = next.map { Self.printable($0) } ?? "the end"
    return .malformed(path: path, place: "\(place), byte \(position)", found: found, expected: expected)
  }

  static func printable(_ byte: UInt8) -> String {
    (0x21...0x7E).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "byte \(byte)"
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func expect(_ character: Unicode.Scalar) throws {
    skipSpace()
    guard next == UInt8(ascii: character) else { throw error(expected: "'\(character)'") }
    position += 1
  }

  /// Whether `character` comes next, which is then passed.
  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws -> JSON {
    guard depth < Self.depthLimit else {
      throw error(expected: "at most \(Self.depthLimit) levels of nesting")
    }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "N"): return try word("NaN", .number(.nan))
    case UInt8(ascii: "I"): return try word("Infinity", .number(.infinity))
    default: return try number()
    }
  }

  private mutating func object(depth: Int) throws -> JSON {
    try expect("{")
    var members: [JSON.Member] = []
    // By UTF-8: to Swift strings are equal that Unicode calls equivalent, which a vocabulary may well hold.
    var keys: Set<[UInt8]> = []
    if accept("}") { return .object([]) }
    repeat {
      skipSpace()
      let start = position
      let key = try string()
      guard keys.insert(Array(key.utf8)).inserted else {
        position = start
        throw CheckpointError.malformed(
          path: path, place: "\(place), byte \(start)", found: "the key \"\(key)\" twice",
          expected: "each key once")
      }
      try expect(":")
      members.append(JSON.Member(key: key, value: try value(depth: depth + 1)))
    } while accept(",")
    try expect("}")
    return .object(members)
  }

  private mutating func array(depth: Int) throws -> JSON {
    try expect("[")
    var values: [JSON] = []
    if accept("]") { return .array([]) }
    repeat { values.append(try value(depth: depth + 1)) } while accept(",")
    try expect("]")
    return .array(values)
  }

  private mutating func word(_ text: StaticString, _ value: JSON) throws -> JSON {
    let end = position + text.utf8CodeUnitCount
    let matches =
      end <= bytes.count
      && text.withUTF8Buffer { UnsafeRawBufferPointer(rebasing: bytes[position..<end]).elementsEqual($0) }
    guard matches else { throw error(expected: "a value") }
    position = end
    return value
  }

  private mutating func number() throws -> JSON {
    let start = position
    var isInteger = true
    if next == UInt8(ascii: "-") {
      position += 1
      if next == UInt8(ascii: "I") { return try word("Infinity", .number(-.infinity)) }
    }
    while let byte = next {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): break
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"):
        isInteger = false
      default:
        return try number(from: start, isInteger: isInteger)
      }
      position += 1
    }
    return try number(from: start, isInteger: isInteger)
  }

  private mutating func number(from start: Int, isInteger: Bool) throws -> JSON {
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int(text) { return .integer(value) }
    // Swift also reads ".5", "1." and hexadecimal floats; the first two are let pass, the last cannot come.
    guard !text.isEmpty, let value = Double(text) else {
      position = start
      throw error(expected: "a value")
    }
    return .number(value)
  }

  private mutating func string() throws -> String {
    try expect("\"")
    var units: [UInt8] = []
    while true {
      let start = position
      while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
        position += 1
      }
      units.append(contentsOf: bytes[start..<position])
      switch next {
      case UInt8(ascii: "\""):
        position += 1
        guard let text = String(validating: units, as: UTF8.self) else {
          throw CheckpointError.malformed(
            path: path, place: "\(place), string before byte \(position)",
            found: "bytes that are not UTF-8",
            expected: "UTF-8")
        }
        return text
      case UInt8(ascii: "\\"):
        position += 1
        units.append(contentsOf: String(try escape()).utf8)
      default:
        throw error(expected: "the string's closing quote")
      }
    }
  }

  private mutating func escape() throws -> Unicode.Scalar {
    guard let byte = next else { throw error(expected: "an escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let high = try hexUnit()
      if let scalar = Unicode.Scalar(high) { return scalar }
      // A surrogate: only a high one followed by a low one makes a character.
      guard high < 0xDC00, next == UInt8(ascii: "\\") else { return "\u{FFFD}" }
      position += 1
      guard next == UInt8(ascii: "u") else { throw error(expected: "the second half of a surrogate pair") }
      position += 1
      let low = try hexUnit()
      guard (0xDC00...0xDFFF).contains(low) else { return "\u{FFFD}" }
      return Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)) ?? "\u{FFFD}"
    default:
      position -= 1
      throw error(expected: "an escape")
    }
  }

  private mutating func hexUnit() throws -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw error(expected: "a hexadecimal digit")
      }
      unit = unit << 4 | UInt32(digit)
      position += 1
    }
    return unit
  }
}
