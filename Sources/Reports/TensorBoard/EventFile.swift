import Foundation

/// The records of a TensorBoard event file (TensorFlow's `event.proto` and `summary.proto`, framed as TFRecord).
///
/// Wall times are all zero, so that the same study gives the same bytes; TensorBoard's horizontal axis is the step.
struct EventFile {
  private(set) var data = Data()

  init() {
    append { event in
      event.double(1, 0)
      event.text(3, "brain.Event:2")
    }
  }

  /// A number at a step.
  mutating func scalar(_ tag: String, _ value: Double, step: Int) {
    summary(step) { entry in
      entry.text(1, tag)
      entry.float(2, Float(value))
    }
  }

  /// A picture; nil where `png` is none.
  mutating func image(_ tag: String, png: Data, step: Int = 0) {
    guard let (width, height) = Self.extent(ofPNG: png) else { return }
    summary(step) { entry in
      entry.text(1, tag)
      entry.message(4) { image in
        image.integer(1, height)
        image.integer(2, width)
        image.integer(3, 4)
        image.bytes(4, png)
      }
    }
  }

  /// Words in Markdown.
  mutating func text(_ tag: String, _ words: String) {
    summary(0) { entry in
      entry.text(1, tag)
      entry.message(8) { tensor in
        tensor.integer(1, 7)  // DT_STRING
        tensor.message(2) { shape in shape.message(2) { $0.integer(1, 1) } }
        tensor.text(8, words)
      }
      entry.message(9) { metadata in metadata.message(1) { $0.text(1, "text") } }
    }
  }

  private mutating func summary(_ step: Int, _ fill: (inout ProtobufMessage) -> Void) {
    append { event in
      event.double(1, 0)
      event.integer(2, step)
      event.message(5) { $0.message(1, fill) }
    }
  }

  private mutating func append(_ fill: (inout ProtobufMessage) -> Void) {
    var event = ProtobufMessage()
    fill(&event)
    var length = Data()
    length.append(littleEndian: UInt64(event.data.count))
    data.append(length)
    data.append(littleEndian: CRC32C.masked(length))
    data.append(event.data)
    data.append(littleEndian: CRC32C.masked(event.data))
  }

  /// Width and height from a PNG's first chunk.
  private static func extent(ofPNG png: Data) -> (width: Int, height: Int)? {
    guard png.count > 24, png.prefix(8).elementsEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    else { return nil }
    func number(at offset: Int) -> Int {
      png.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }
    return (number(at: 16), number(at: 20))
  }
}

/// The cyclic redundancy check of Castagnoli (RFC 3720, appendix B.4), with TFRecord's mask.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
  }

  static func checksum(_ data: Data) -> UInt32 {
    ~data.reduce(~0) { crc, byte in crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
  }

  static func masked(_ data: Data) -> UInt32 {
    let crc = checksum(data)
    return (crc >> 15 | crc << 17) &+ 0xa282_ead8
  }
}
