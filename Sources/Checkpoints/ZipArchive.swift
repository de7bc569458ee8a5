/// One entry of a zip archive's central directory.
struct ZipEntry: Sendable {
  let name: String
  let method: UInt16
  let checksum: UInt32
  let compressedSize: Int
  let size: Int
  let headerOffset: Int

  var isStored: Bool { method == 0 }

  /// What errors call it.
  var place: String { "entry \(shown(name))" }
}

/// A mapped zip archive and its directory.
///
/// The directory at the end of the file is what counts: the local headers of `torch.save`'s archives leave their
/// sizes to data descriptors. Stored entries are given as ranges of the mapped file, compressed ones through
/// libzip (`ZipArchive+Unpacking`). Layout: PKWARE APPNOTE 6.3.10, sections 4.3.7 to 4.3.16.
final class ZipArchive: Sendable {
  let file: FileBytes
  let entries: [ZipEntry]
  private let indices: [String: Int]
  /// Where the directory begins: no entry reaches beyond it.
  private let directoryStart: Int

  subscript(name: String) -> ZipEntry? { indices[name].map { entries[$0] } }

  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 4 else { return false }
    let signature = bytes.number(at: 0, as: UInt32.self)
    return signature == Signature.localHeader || signature == Signature.end
  }

  /// Reads the directory, checking every size and offset against the file.
  init(_ file: FileBytes) throws {
    self.file = file
    let end = try ZipArchive.findEnd(in: file)
    directoryStart = end.directory.lowerBound
    entries = try ZipArchive.readDirectory(file, end)
    var indices: [String: Int] = [:]
    indices.reserveCapacity(entries.count)
    for (index, entry) in entries.enumerated() {
      guard indices.updateValue(index, forKey: entry.name) == nil else {
        throw CheckpointError.malformed(
          path: file.path, place: "zip directory", found: "the entry \(shown(entry.name)) twice",
          expected: "each name once")
      }
    }
    self.indices = indices
  }

  /// Where an entry's bytes lie in the file.
  func payload(of entry: ZipEntry) throws -> Range<Int> {
    let bytes = file.bytes
    let fixed = 30
    guard entry.headerOffset <= directoryStart - fixed,
      bytes.number(at: entry.headerOffset, as: UInt32.self) == Signature.localHeader
    else {
      throw CheckpointError.malformed(
        path: file.path, place: entry.place, found: "no local header at byte \(entry.headerOffset)",
        expected: "one")
    }
    let nameLength = Int(bytes.number(at: entry.headerOffset + 26, as: UInt16.self))
    let extraLength = Int(bytes.number(at: entry.headerOffset + 28, as: UInt16.self))
    let start = entry.headerOffset + fixed + nameLength + extraLength
    guard start <= directoryStart, entry.compressedSize <= directoryStart - start else {
      throw CheckpointError.truncated(
        path: file.path, place: entry.place, needed: entry.compressedSize,
        available: max(0, directoryStart - start))
    }
    return start..<(start + entry.compressedSize)
  }
}

// MARK: - The directory

extension ZipArchive {
  private enum Signature {
    static let localHeader: UInt32 = 0x0403_4B50
    static let directoryEntry: UInt32 = 0x0201_4B50
    static let end: UInt32 = 0x0605_4B50
    static let end64: UInt32 = 0x0606_4B50
    static let locator64: UInt32 = 0x0706_4B50
  }

  private struct End {
    var directory: Range<Int>
    var count: Int
  }

  private static func malformed(_ file: FileBytes, _ found: String, expected: String) -> CheckpointError {
    .malformed(path: file.path, place: "zip directory", found: found, expected: expected)
  }

  /// The end record is searched backwards, since a comment of up to 65,535 bytes may follow it.
  private static func findEnd(in file: FileBytes) throws -> End {
    let bytes = file.bytes
    let fixed = 22
    guard bytes.count >= fixed else {
      throw CheckpointError.truncated(
        path: file.path, place: "the zip archive", needed: fixed, available: bytes.count)
    }
    let earliest = max(0, bytes.count - fixed - 0xFFFF)
    var position = bytes.count - fixed
    while position >= earliest {
      if bytes.number(at: position, as: UInt32.self) == Signature.end,
        position + fixed + Int(bytes.number(at: position + 20, as: UInt16.self)) == bytes.count
      {
        return try readEnd(file, at: position)
      }
      position -= 1
    }
    throw CheckpointError.notACheckpoint(
      path: file.path, found: "the beginning of a zip archive whose directory, at its end, is missing",
      advice: "It was cut short: copy or download it again.")
  }

  private static func readEnd(_ file: FileBytes, at position: Int) throws -> End {
    let bytes = file.bytes
    var disks = UInt64(bytes.number(at: position + 4, as: UInt16.self))
    var count = UInt64(bytes.number(at: position + 10, as: UInt16.self))
    var size = UInt64(bytes.number(at: position + 12, as: UInt32.self))
    var offset = UInt64(bytes.number(at: position + 16, as: UInt32.self))
    var limit = position
    // Zip64: a locator of 20 bytes stands right before the end record and points to a larger one.
    if position >= 20, bytes.number(at: position - 20, as: UInt32.self) == Signature.locator64 {
      let place = bytes.number(at: position - 12, as: UInt64.self)
      guard place <= UInt64(position - 20), position - 20 - Int(place) >= 56,
        bytes.number(at: Int(place), as: UInt32.self) == Signature.end64
      else {
        throw malformed(
          file, "a zip64 locator that points to byte \(place)", expected: "a zip64 end record")
      }
      limit = Int(place)
      disks = UInt64(bytes.number(at: limit + 16, as: UInt32.self))
      count = bytes.number(at: limit + 32, as: UInt64.self)
      size = bytes.number(at: limit + 40, as: UInt64.self)
      offset = bytes.number(at: limit + 48, as: UInt64.self)
    }
    guard disks == 0 else {
      throw CheckpointError.unsupported(
        path: file.path, place: "zip directory", found: "an archive in several parts",
        advice: "Join the parts first.")
    }
    guard offset <= UInt64(limit), size <= UInt64(limit) - offset else {
      throw malformed(
        file, "a directory of \(size) bytes at \(offset)", expected: "one that ends before byte \(limit)")
    }
    // Each entry takes 46 bytes at least, which bounds what a count can make us reserve.
    guard count <= size / 46 else {
      throw malformed(file, "\(count) entries in \(size) bytes", expected: "at most \(size / 46)")
    }
    return End(directory: Int(offset)..<Int(offset + size), count: Int(count))
  }

  private static func readDirectory(_ file: FileBytes, _ end: End) throws -> [ZipEntry] {
    let bytes = file.bytes
    var entries: [ZipEntry] = []
    entries.reserveCapacity(end.count)
    var position = end.directory.lowerBound
    for index in 0..<end.count {
      let fixed = 46
      guard position <= end.directory.upperBound - fixed,
        bytes.number(at: position, as: UInt32.self) == Signature.directoryEntry
      else { throw malformed(file, "no entry \(index) at byte \(position)", expected: "one") }
      let nameLength = Int(bytes.number(at: position + 28, as: UInt16.self))
      let extraLength = Int(bytes.number(at: position + 30, as: UInt16.self))
      let commentLength = Int(bytes.number(at: position + 32, as: UInt16.self))
      let next = position + fixed + nameLength + extraLength + commentLength
      guard next <= end.directory.upperBound else {
        throw malformed(
          file, "entry \(index) reaching to byte \(next)", expected: "an end within the directory")
      }
      let nameEnd = position + fixed + nameLength
      let name = String(decoding: bytes[(position + fixed)..<nameEnd], as: UTF8.self)
      entries.append(
        try entry(file, name: name, at: position, extra: nameEnd..<(nameEnd + extraLength)))
      position = next
    }
    return entries
  }

  private static func entry(
    _ file: FileBytes, name: String, at position: Int, extra: Range<Int>
  ) throws -> ZipEntry {
    let bytes = file.bytes
    let flags = bytes.number(at: position + 8, as: UInt16.self)
    let method = bytes.number(at: position + 10, as: UInt16.self)
    var compressed = UInt64(bytes.number(at: position + 20, as: UInt32.self))
    var size = UInt64(bytes.number(at: position + 24, as: UInt32.self))
    var offset = UInt64(bytes.number(at: position + 42, as: UInt32.self))
    // A field of all ones is continued in the zip64 extra field, in this order.
    var wide = zip64Fields(bytes, extra)[...]
    if size == 0xFFFF_FFFF { size = wide.popFirst() ?? size }
    if compressed == 0xFFFF_FFFF { compressed = wide.popFirst() ?? compressed }
    if offset == 0xFFFF_FFFF { offset = wide.popFirst() ?? offset }

    var place: String { "entry \(shown(name))" }
    guard flags & 1 == 0 else {
      throw CheckpointError.unsupported(
        path: file.path, place: place, found: "encryption", advice: "Decrypt the archive first.")
    }
    guard method == 0 || method == 8 else {
      throw CheckpointError.unsupported(
        path: file.path, place: place, found: "compression method \(method)",
        advice: "Pack the archive again, stored or deflated.")
    }
    let available = UInt64(file.count)
    guard compressed <= available, offset <= available else {
      throw CheckpointError.truncated(
        path: file.path, place: place, needed: Int(clamping: max(compressed, offset)),
        available: file.count)
    }
    // Deflate cannot do better than 1032:1 (zlib's own documentation): a larger claim is a lie.
    let largest = method == 0 ? compressed : compressed * 1032 + 1032
    guard size <= largest, method != 0 || size == compressed else {
      throw CheckpointError.malformed(
        path: file.path, place: place, found: "a size of \(size) packed into \(compressed) bytes",
        expected: method == 0 ? "the same" : "at most \(largest)")
    }
    // Weights do not pack that well; what does is made to fill the memory.
    guard size <= 1 << 30 || size / 100 <= compressed else {
      throw CheckpointError.limit(
        path: file.path, place: "\(place), unpacked size", found: Int(clamping: size), limit: 1 << 30)
    }
    return ZipEntry(
      name: name, method: method,
      checksum: bytes.number(at: position + 16, as: UInt32.self), compressedSize: Int(compressed),
      size: Int(size), headerOffset: Int(offset))
  }

  /// The 64-bit numbers of the zip64 extra field (identifier 1), as many as there are.
  private static func zip64Fields(_ bytes: UnsafeRawBufferPointer, _ extra: Range<Int>) -> [UInt64] {
    var position = extra.lowerBound
    while position <= extra.upperBound - 4 {
      let identifier = bytes.number(at: position, as: UInt16.self)
      let length = Int(bytes.number(at: position + 2, as: UInt16.self))
      let content = (position + 4)..<min(position + 4 + length, extra.upperBound)
      if identifier == 1 {
        return stride(from: content.lowerBound, to: content.upperBound - 7, by: 8).map {
          bytes.number(at: $0, as: UInt64.self)
        }
      }
      position += 4 + length
    }
    return []
  }
}
