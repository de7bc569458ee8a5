/// NumPy's code for the type of an array, such as "<f4".
struct NumpyType: Equatable {
  let element: ElementType
  let isBigEndian: Bool

  /// nil for what is not a number: objects, text, dates, structures.
  init?(_ code: String) {
    var rest = Substring(code)
    let order = rest.first ?? " "
    if "<>=|".contains(order) { rest.removeFirst() }
    // ml_dtypes' bfloat16, which NumPy writes as two bytes in little-endian order without a name; no other type of
    // that size has an order.
    if code == "<V2" {
      (element, isBigEndian) = (.bfloat16, false)
      return
    }
    guard let element = NumpyType.elements[rest] else { return nil }
    self.element = element
    isBigEndian = order == ">" && element.size > 1
  }

  private static let elements: [Substring: ElementType] = [
    "f4": .float32, "f2": .float16, "f8": .float64, "b1": .bool, "?": .bool, "u1": .uint8, "i1": .int8,
    "u2": .uint16, "i2": .int16, "u4": .uint32, "i4": .int32, "u8": .uint64, "i8": .int64, "c8": .complex64,
    "c16": .complex128,
  ]

  /// Whether a code is of no number at all: text, times, Python objects, structures.
  static func isNoNumber(_ code: String) -> Bool {
    guard let kind = code.drop(while: { "<>=|".contains($0) }).first else { return false }
    return code == "structured" || "USOMmaT".contains(kind)
  }

  static func isText(_ code: String) -> Bool {
    code != "structured"
      && code.drop(while: { "<>=|".contains($0) }).first.map { "USaTMm".contains($0) } == true
  }

  /// The refusal of a type that may be numbers.
  static func unknown(_ code: String, path: String, name: String) -> CheckpointError {
    let isOneByte = code.hasSuffix("V1")
    return .unsupported(
      path: path, place: "array \(shown(name))",
      found: "NumPy type \(shown(code))"
        + (isOneByte ? ", which several 8-bit floats of ml_dtypes are written as," : ""),
      advice: "Save it with .astype(\"float32\").")
  }
}
