// How numbers and text are written in a pickle.

extension PickleMachine {
  mutating func pushText(_ bytes: UnsafeRawBufferPointer) throws {
    try push(.string(String(decoding: bytes, as: UTF8.self)))
  }

  /// Two's complement, little-endian, of any length; beyond 64 bits as the nearest float.
  static func integer(_ bytes: UnsafeRawBufferPointer) -> PickleGraph.Node {
    guard let last = bytes.last else { return .integer(0) }
    let isNegative = last & 0x80 != 0
    if bytes.count <= 8 {
      var value: UInt64 = isNegative ? .max : 0
      for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
      return .integer(Int(truncatingIfNeeded: value))
    }
    // The highest 64 bytes hold all the digits that a float keeps, and do not overflow on the way.
    var magnitude = 0.0
    let top = bytes.suffix(64)
    for byte in top.reversed() { magnitude = magnitude * 256 + Double(byte) }
    if isNegative { magnitude -= Double(sign: .plus, exponent: 8 * top.count, significand: 1) }
    return .number(magnitude * Double(sign: .plus, exponent: 8 * (bytes.count - top.count), significand: 1))
  }

  /// Decimal text; `01` and `00` are protocol 0's truth values, a final `L` marks Python 2's long.
  mutating func pushIntegerLine() throws {
    var text = try lineText()
    if text == "01" || text == "00" { return try push(.bool(text == "01")) }
    if text.hasSuffix("L") { text.removeLast() }
    if let value = Int(text) { return try push(.integer(value)) }
    let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
    guard text.utf8.count <= 4096, digits.allSatisfy({ (48...57).contains($0) }), let value = Double(text)
    else { throw malformed("the number \(shown(text))", expected: "a whole number") }
    try push(.number(value))
  }

  mutating func slotLine() throws -> Int {
    let text = try lineText()
    guard let slot = Int(text), slot >= 0 else {
      throw malformed("the memo slot \(shown(text))", expected: "a whole number")
    }
    return slot
  }

  /// A Python 2 string literal: quoted, with backslash escapes.
  mutating func quotedLine() throws -> [UInt8] {
    let text = try line()
    guard text.count >= 2, let quote = text.first, quote == text.last, quote == 0x22 || quote == 0x27 else {
      throw malformed("a string without quotes", expected: "a quoted string")
    }
    var result: [UInt8] = []
    var rest = text.dropFirst().dropLast()
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
        result.append(byte)
        continue
      }
      switch escaped {
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "x"):
        let digits = rest.prefix(2)
        guard let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
          throw malformed("a broken escape in a string", expected: "two hexadecimal digits")
        }
        rest = rest.dropFirst(2)
        result.append(value)
      default: result.append(escaped)
      }
    }
    return result
  }

  /// Python's raw-unicode-escape: Latin-1, in which `\uXXXX` and `\UXXXXXXXX` stand for other characters.
  static func unescaped(_ bytes: UnsafeRawBufferPointer) -> String {
    var result = String.UnicodeScalarView()
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      let length =
        byte != UInt8(ascii: "\\")
        ? 0 : rest.first == UInt8(ascii: "u") ? 4 : rest.first == UInt8(ascii: "U") ? 8 : 0
      let digits = rest.dropFirst().prefix(length)
      if length > 0, digits.count == length,
        let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
        let escaped = Unicode.Scalar(value)
      {
        result.append(escaped)
        rest = rest.dropFirst(1 + length)
      } else {
        result.append(Unicode.Scalar(byte))
      }
    }
    return String(result)
  }
}
