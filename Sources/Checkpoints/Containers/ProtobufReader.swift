/// The fields of a protocol buffer's message, one after the other, without its schema
/// (https://protobuf.dev/programming-guides/encoding).
struct ProtobufReader {
  struct Field {
    let number: Int
    let value: Value
  }

  enum Value {
    /// A whole number, or four or eight bytes as one.
    case number(UInt64)
    /// Where in the file text, bytes, packed numbers or a message inside lie.
    case bytes(Range<Int>)
  }

  private var reader: ByteReader
  private let end: Int

  /// The message that lies at `range` of the file.
  init(_ file: FileBytes, _ range: Range<Int>) {
    reader = ByteReader(file, from: range.lowerBound)
    end = range.upperBound
  }

  /// nil at the message's end.
  mutating func next() throws -> Field? {
    guard reader.position < end else { return nil }
    let start = reader.position
    func malformed(_ found: String, expected: String) -> CheckpointError {
      .malformed(path: reader.path, place: "byte \(start)", found: found, expected: expected)
    }
    let key = try reader.variableNumber()
    guard (8...(1 << 32)).contains(key) else {
      throw malformed("field \(key >> 3)", expected: "a protocol buffer's field")
    }
    let value: Value
    switch key & 7 {
    case 0: value = .number(try reader.variableNumber())
    case 1: value = .number(try reader.number("a field", as: UInt64.self))
    case 2:
      let count = Int(clamping: try reader.variableNumber())
      value = .bytes(try reader.take(count, "a field at byte \(start)"))
    case 5: value = .number(UInt64(try reader.number("a field", as: UInt32.self)))
    default: throw malformed("wire type \(key & 7)", expected: "0, 1, 2 or 5")
    }
    guard reader.position <= end else {
      throw malformed("a field that ends behind its message", expected: "one inside it")
    }
    return Field(number: Int(key >> 3), value: value)
  }
}

extension FileBytes {
  /// The fields of the message at `range`, each handed to `body`.
  func forEachField(_ range: Range<Int>, _ body: (ProtobufReader.Field) throws -> Void) throws {
    var reader = ProtobufReader(self, range)
    while let field = try reader.next() { try body(field) }
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}
