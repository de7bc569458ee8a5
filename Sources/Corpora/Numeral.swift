/// Decimal numbers from bytes.
enum Numeral {
  private static let powers: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
  ]

  /// The nearest `Double`, or nil if this is no finite decimal number.
  ///
  /// Up to 15 digits and 22 decimals one division of two exact numbers is correctly rounded (Clinger 1990);
  /// the rest goes to the standard library.
  static func parse(_ bytes: ArraySlice<UInt8>) -> Double? {
    var digits: UInt64 = 0
    var seen = 0
    var decimals = 0
    var afterPoint = false
    var index = bytes.startIndex
    let negative = bytes.first == UInt8(ascii: "-")
    if negative || bytes.first == UInt8(ascii: "+") { index += 1 }
    while index < bytes.endIndex {
      switch bytes[index] {
      case let byte where byte >= 48 && byte <= 57:
        guard seen < 15 else { return slow(bytes) }
        digits = digits * 10 + UInt64(byte - 48)
        seen += 1
        if afterPoint { decimals += 1 }
      case UInt8(ascii: ".") where !afterPoint:
        afterPoint = true
      default:
        return slow(bytes)
      }
      index += 1
    }
    guard seen > 0 else { return nil }
    let value = Double(digits) / powers[decimals]
    return negative ? -value : value
  }

  private static func slow(_ bytes: ArraySlice<UInt8>) -> Double? {
    let isDecimal = bytes.allSatisfy {
      (48...57).contains($0) || [".", "-", "+", "e", "E"].contains(UnicodeScalar($0))
    }
    guard isDecimal, let value = Double(String(decoding: bytes, as: UTF8.self)), value.isFinite else {
      return nil
    }
    return value
  }
}
