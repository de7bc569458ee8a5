/// Reads numbers and text one after the other; every length is compared with what is left before anything is taken.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  let path: String
  var position: Int

  init(_ file: FileBytes, from position: Int = 0) {
    bytes = file.bytes
    path = file.path
    self.position = position
  }

  var isAtEnd: Bool { position >= bytes.count }

  mutating func number<T: FixedWidthInteger>(_ place: String, as type: T.Type = T.self) throws -> T {
    let start = try take(MemoryLayout<T>.size, place).lowerBound
    return bytes.number(at: start)
  }

  /// A size or count, which must not be beyond `limit`.
  mutating func count<T: FixedWidthInteger>(_ place: String, as type: T.Type, limit: Int) throws -> Int {
    let value: T = try number(place)
    guard let count = Int(exactly: value), count >= 0 else {
      throw CheckpointError.malformed(path: path, place: place, found: "\(value)", expected: "0 or more")
    }
    guard count <= limit else {
      throw CheckpointError.limit(path: path, place: place, found: count, limit: limit)
    }
    return count
  }

  /// Passes `count` bytes and gives their range.
  mutating func take(_ count: Int, _ place: String) throws -> Range<Int> {
    guard count >= 0, count <= bytes.count - position else {
      throw CheckpointError.truncated(
        path: path, place: place, needed: max(0, count), available: max(0, bytes.count - position))
    }
    defer { position += count }
    return position..<(position + count)
  }

  mutating func text(_ count: Int, _ place: String) throws -> String {
    String(decoding: bytes[try take(count, place)], as: UTF8.self)
  }

  /// A whole number of seven bits a byte, the lowest first, as protocol buffers have it.
  mutating func variableNumber() throws -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      let byte: UInt8 = try number("a number")
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw CheckpointError.malformed(
      path: path, place: "byte \(position)", found: "a number of more than ten bytes",
      expected: "at most ten")
  }
}
