import Foundation

/// A protocol-buffers message as it lies in a file: fields one after the other, each a key and a value
/// (the encoding's specification, "Message Structure").
struct ProtobufMessage {
  private(set) var data = Data()

  mutating func integer(_ field: Int, _ value: Int) {
    key(field, wireType: 0)
    variableLength(UInt64(bitPattern: Int64(value)))
  }

  mutating func double(_ field: Int, _ value: Double) {
    key(field, wireType: 1)
    data.append(littleEndian: value.bitPattern)
  }

  mutating func float(_ field: Int, _ value: Float) {
    key(field, wireType: 5)
    data.append(littleEndian: value.bitPattern)
  }

  mutating func bytes(_ field: Int, _ value: Data) {
    key(field, wireType: 2)
    variableLength(UInt64(value.count))
    data.append(value)
  }

  mutating func text(_ field: Int, _ value: String) { bytes(field, Data(value.utf8)) }

  mutating func message(_ field: Int, _ fill: (inout ProtobufMessage) -> Void) {
    var inner = ProtobufMessage()
    fill(&inner)
    bytes(field, inner.data)
  }

  private mutating func key(_ field: Int, wireType: UInt64) {
    variableLength(UInt64(field) << 3 | wireType)
  }

  /// Seven bits a byte, the low ones first; the high bit says that more follow.
  private mutating func variableLength(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      data.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    data.append(UInt8(rest))
  }
}

extension Data {
  mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
