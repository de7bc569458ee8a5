import Foundation

@testable import Checkpoints

/// Little-endian bytes of a number.
func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// A zip archive of stored entries, with the liberties that writers take.
struct ZipBuilder {
  /// Sizes only in a descriptor behind the data, as `torch.save` writes them.
  var usesDescriptors = false
  /// Sizes and offsets in the zip64 extra field, and a zip64 end record.
  var usesZip64 = false
  var comment: [UInt8] = []
  private var body: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  init(usesDescriptors: Bool = false, usesZip64: Bool = false, comment: String = "") {
    self.usesDescriptors = usesDescriptors
    self.usesZip64 = usesZip64
    self.comment = Array(comment.utf8)
  }

  mutating func add(_ name: String, _ content: [UInt8]) {
    let offset = body.count
    let checksum = content.withUnsafeBytes { crc32(of: $0) }
    let name = Array(name.utf8)
    let flags: UInt16 = usesDescriptors ? 0x808 : 0x800
    let size = UInt32(content.count)
    let shown: UInt32 = usesDescriptors ? 0 : size
    body += littleEndian(UInt32(0x0403_4B50)) + littleEndian(UInt16(45)) + littleEndian(flags)
    body += littleEndian(UInt16(0)) + littleEndian(UInt32(0)) + littleEndian(usesDescriptors ? 0 : checksum)
    body += littleEndian(shown) + littleEndian(shown) + littleEndian(UInt16(name.count)) + [0, 0] + name
    body += content
    if usesDescriptors {
      body +=
        littleEndian(UInt32(0x0807_4B50)) + littleEndian(checksum) + littleEndian(size) + littleEndian(size)
    }
    let extra =
      usesZip64
      ? littleEndian(UInt16(1)) + littleEndian(UInt16(24)) + littleEndian(UInt64(size))
        + littleEndian(UInt64(size)) + littleEndian(UInt64(offset)) : []
    let listed: UInt32 = usesZip64 ? .max : size
    directory += littleEndian(UInt32(0x0201_4B50)) + littleEndian(UInt16(45)) + littleEndian(UInt16(45))
    directory += littleEndian(flags) + littleEndian(UInt16(0)) + littleEndian(UInt32(0))
    directory += littleEndian(checksum) + littleEndian(listed) + littleEndian(listed)
    directory += littleEndian(UInt16(name.count)) + littleEndian(UInt16(extra.count))
    directory += [UInt8](repeating: 0, count: 10)
    directory += littleEndian(usesZip64 ? UInt32.max : UInt32(offset)) + name + extra
    count += 1
  }

  var bytes: [UInt8] {
    let end =
      usesZip64
      ? ZipBuilder.end64(count: count, directory: directory.count, offset: body.count)
      : ZipBuilder.end(UInt16(count), UInt32(directory.count), UInt32(body.count))
    return body + directory + end.dropLast(2) + littleEndian(UInt16(comment.count)) + comment
  }

  /// The record at the end, without a comment.
  private static func end(_ count: UInt16, _ directory: UInt32, _ offset: UInt32) -> [UInt8] {
    littleEndian(UInt32(0x0605_4B50)) + [0, 0, 0, 0] + littleEndian(count) + littleEndian(count)
      + littleEndian(directory) + littleEndian(offset) + [0, 0]
  }

  /// The zip64 record, its locator, and the old record that says to look there.
  static func end64(count: Int, directory: Int, offset: Int) -> [UInt8] {
    var end = littleEndian(UInt32(0x0606_4B50)) + littleEndian(UInt64(44)) + littleEndian(UInt16(45))
    end += littleEndian(UInt16(45)) + littleEndian(UInt32(0)) + littleEndian(UInt32(0))
    end += littleEndian(UInt64(count)) + littleEndian(UInt64(count))
    end += littleEndian(UInt64(directory)) + littleEndian(UInt64(offset))
    end += littleEndian(UInt32(0x0706_4B50)) + littleEndian(UInt32(0))
    end += littleEndian(UInt64(offset + directory)) + littleEndian(UInt32(1))
    return end + ZipBuilder.end(.max, .max, .max)
  }
}

/// A pickle written by hand, piece by piece.
struct PickleBuilder {
  private(set) var bytes: [UInt8] = [0x80, 2]

  init(_ pieces: PickleBuilder...) { for piece in pieces { bytes += piece.bytes.dropFirst(2) } }

  private init(raw: [UInt8]) { bytes += raw }

  static func raw(_ bytes: [UInt8]) -> PickleBuilder { PickleBuilder(raw: bytes) }
  static func op(_ codes: String) -> PickleBuilder { PickleBuilder(raw: Array(codes.utf8)) }
  static func text(_ text: String) -> PickleBuilder {
    PickleBuilder(raw: [0x58] + littleEndian(UInt32(text.utf8.count)) + text.utf8)
  }
  static func integer(_ value: Int) -> PickleBuilder {
    PickleBuilder(raw: [0x8A, 8] + littleEndian(Int64(value)))
  }
  static func global(_ module: String, _ name: String) -> PickleBuilder {
    PickleBuilder(raw: Array("c\(module)\n\(name)\n".utf8))
  }
  static func tuple(_ pieces: [PickleBuilder]) -> PickleBuilder {
    PickleBuilder(raw: [0x28] + pieces.flatMap { $0.bytes.dropFirst(2) } + [0x74])
  }
  /// A tensor that views the storage `key` of `count` values.
  static func tensor(
    type: String = "FloatStorage", key: String = "0", count: Int, offset: Int = 0, shape: [Int],
    strides: [Int]
  ) -> PickleBuilder {
    let storage = PickleBuilder(
      .tuple([.text("storage"), .global("torch", type), .text(key), .text("cpu"), .integer(count)]),
      .op("Q"))
    return PickleBuilder(
      .global("torch._utils", "_rebuild_tensor_v2"),
      .tuple([
        storage, .integer(offset), .tuple(shape.map { .integer($0) }), .tuple(strides.map { .integer($0) }),
        .raw([0x89]), .op(")"),
      ]), .op("R"))
  }
  /// A dictionary of text to values.
  static func dictionary(_ pairs: [(String, PickleBuilder)]) -> PickleBuilder {
    PickleBuilder(
      raw: Array("}(".utf8) + pairs.flatMap { PickleBuilder(.text($0.0), $0.1).bytes.dropFirst(2) }
        + Array("u".utf8))
  }

  /// The finished pickle.
  var finished: [UInt8] { bytes + Array(".".utf8) }

  /// A torch archive that the pickle describes.
  func archive(_ zip: ZipBuilder = ZipBuilder(), storages: [String: [UInt8]] = [:]) -> [UInt8] {
    var zip = zip
    zip.add("archive/data.pkl", finished)
    zip.add("archive/byteorder", Array("little".utf8))
    for (key, bytes) in storages.sorted(by: { $0.key < $1.key }) { zip.add("archive/data/\(key)", bytes) }
    return zip.bytes
  }
}

/// The bytes of floats as files hold them.
func floatBytes(_ values: [Float]) -> [UInt8] { values.flatMap { littleEndian($0.bitPattern) } }
