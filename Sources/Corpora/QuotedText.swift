extension String {
  /// A piece of a file as an error quotes it: at most 200 characters (Unicode scalars), with control characters, and those
  /// that turn the direction of text, escaped. Line ends stay.
  var quotable: String {
    let limit = 200
    var result = ""
    for scalar in unicodeScalars.prefix(limit) {
      switch scalar.value {
      case 0x0a: result.unicodeScalars.append(scalar)
      case 0..<0x20, 0x7f..<0xa0, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return unicodeScalars.count > limit ? result + "…" : result
  }
}
