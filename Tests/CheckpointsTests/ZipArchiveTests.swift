import Testing

@testable import Checkpoints

@Suite("Zip archives") struct ZipArchiveTests {
  static let variants = [
    ZipBuilder(), ZipBuilder(usesDescriptors: true), ZipBuilder(usesZip64: true),
    ZipBuilder(usesDescriptors: true, usesZip64: true, comment: "PK\u{5}\u{6} in a comment"),
    ZipBuilder(comment: String(repeating: "c", count: 65_535)),
  ]

  @Test("of every layout give their entries, in place", arguments: variants)
  func layouts(zip: ZipBuilder) throws {
    var zip = zip
    zip.add("a/one", [1, 2, 3])
    zip.add("a/empty", [])
    zip.add("ключ", Array(0...255))
    let archive = try ZipArchive(FileBytes(zip.bytes, path: "m.zip"))
    #expect(archive.entries.map(\.name) == ["a/one", "a/empty", "ключ"])
    #expect(try archive.unpacked(#require(archive["a/one"])) == [1, 2, 3])
    #expect(try archive.unpacked(#require(archive["a/empty"])) == [])
    #expect(try archive.prefix(of: #require(archive["ключ"]), count: 3) == [0, 1, 2])
    #expect(archive["b"] == nil)
    try archive.verify()
  }

  @Test("with more entries than the old count holds")
  func manyEntries() throws {
    // Empty entries with names of five digits: only the name and the offset differ from the first one's.
    let count = 66_000
    var first = ZipBuilder()
    first.add("00000", [])
    let local = Array(first.bytes[..<35])
    let listing = Array(first.bytes[35..<86])
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * 86 + 98)
    for index in 0..<count { bytes += local[..<30] + String(100_000 + index).utf8.dropFirst() }
    for index in 0..<count {
      bytes += listing[..<42] + littleEndian(UInt32(index * 35)) + String(100_000 + index).utf8.dropFirst()
    }
    let end = ZipBuilder.end64(count: count, directory: count * 51, offset: count * 35)
    let archive = try ZipArchive(FileBytes(bytes + end, path: "m.zip"))
    #expect(archive.entries.count == count)
    #expect(archive["65999"]?.headerOffset == 65_999 * 35)
  }

  @Test("with a name twice are refused")
  func duplicates() throws {
    var zip = ZipBuilder()
    zip.add("a", [1])
    zip.add("a", [2])
    let bytes = zip.bytes
    #expect(throws: CheckpointError.self) { try ZipArchive(FileBytes(bytes, path: "m.zip")) }
  }

  @Test("with a wrong length anywhere are refused or still right", arguments: variants.prefix(4))
  func wrongLengths(zip: ZipBuilder) throws {
    var zip = zip
    zip.add("archive/data.pkl", Array("}.".utf8))
    zip.add("archive/data/0", [1, 2, 3, 4])
    let bytes = zip.bytes
    // Each two bytes in turn take values that lengths must not have; whatever comes of it, it is no crash.
    for position in 0..<(bytes.count - 1) {
      for value: UInt16 in [0xFFFF, 0x8000, 0x7FFF, 1] {
        var damaged = bytes
        damaged.replaceSubrange(position..<(position + 2), with: littleEndian(value))
        guard let archive = try? ZipArchive(FileBytes(damaged, path: "m.zip")) else { continue }
        for entry in archive.entries { #expect((try? archive.unpacked(entry))?.count ?? 0 <= bytes.count) }
      }
    }
  }

  @Test("Sizes that no packing reaches are refused before any memory is taken")
  func bombs() throws {
    let original = try resourceBytes("made/deflated.pt")
    let archive = try ZipArchive(FileBytes(original, path: "m.pt"))
    let entry = try #require(archive.entries.first { !$0.isStored && $0.size > 1000 })
    let claim = littleEndian(UInt32(entry.size))
    let places = original.indices.dropLast(4).filter { Array(original[$0..<($0 + 4)]) == claim }
    #expect(!places.isEmpty)
    for size in [UInt32(entry.size) + 1, UInt32(entry.size) - 1, 1 << 20, 0xFFFF_FFFE] {
      var bytes = original
      for place in places { bytes.replaceSubrange(place..<(place + 4), with: littleEndian(size)) }
      #expect(throws: CheckpointError.self) {
        let damaged = try ZipArchive(FileBytes(bytes, path: "m.pt"))
        _ = try damaged.unpacked(#require(damaged[entry.name]))
      }
    }
  }

  @Test("CRC-32: the check value of the specification, and one bit at a time")
  func checksum() {
    #expect(Array("123456789".utf8).withUnsafeBytes { crc32(of: $0) } == 0xCBF4_3926)
    #expect([UInt8]().withUnsafeBytes { crc32(of: $0) } == 0)
    // The definition: a shift register, bit by bit.
    for count in 0..<40 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 5) }
      var register: UInt32 = ~0
      for byte in bytes {
        register ^= UInt32(byte)
        for _ in 0..<8 { register = register >> 1 ^ (register & 1 == 1 ? 0xEDB8_8320 : 0) }
      }
      #expect(bytes.withUnsafeBytes { crc32(of: $0) } == ~register)
    }
  }
}
