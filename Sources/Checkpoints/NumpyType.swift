/// NumPy's code for the type of an array, such as "<f4".
struct NumpyType: Equatable {
  let element: ElementType
  let isBigEndian: Bool

  /// nil for what is not a number: objects, text, dates, structures.
  init?(_ code: String) {
    var rest = Substring(code)
    let order = rest.first ?? " "
    if "<>=|".contains(order) { rest.removeFirst() }
    guard let element = NumpyType.elements[rest] else { return nil }
    self.element = element
    isBigEndian = order == ">" && element.size > 1
  }

  private static let elements: [Substring: ElementType] = [
    "f4": .float32, "f2": .float16, "f8": .float64, "b1": .bool, "?": .bool, "u1": .uint8, "i1": .int8,
    "u2": .uint16, "i2": .int16, "u4": .uint32, "i4": .int32, "u8": .uint64, "i8": .int64, "c8": .complex64,
    "c16": .complex128,
  ]
}
