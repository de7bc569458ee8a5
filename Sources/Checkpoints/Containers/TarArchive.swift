/// The files of an uncompressed tar archive (POSIX ustar, with GNU's long names).
struct TarArchive {
  struct Entry {
    let name: String
    let range: Range<Int>
  }

  let entries: [Entry]

  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count > 262 && bytes[257..<262].elementsEqual("ustar".utf8)
  }

  init(_ file: FileBytes) throws {
    var entries: [Entry] = []
    var position = 0
    var longName: String?
    while position + 512 <= file.count {
      let header = UnsafeRawBufferPointer(rebasing: file.bytes[position..<(position + 512)])
      // Two blocks of zeros end the archive.
      if header.allSatisfy({ $0 == 0 }) { break }
      let place = "header at byte \(position)"
      guard let size = Self.octal(header[124..<136]) else {
        throw CheckpointError.malformed(
          path: file.path, place: place, found: "no size", expected: "an octal number")
      }
      position += 512
      guard size <= file.count - position else {
        throw CheckpointError.truncated(
          path: file.path, place: place, needed: size, available: file.count - position)
      }
      let range = position..<(position + size)
      switch header[156] {
      case UInt8(ascii: "L") where size < 65_536: longName = Self.text(file.bytes[range])
      case UInt8(ascii: "0"), 0:
        let prefix = Self.text(header[345..<500])
        let name = Self.text(header[0..<100])
        // GNU's own format has other things in the place of the prefix.
        let isPOSIX = header[263] == UInt8(ascii: "0")
        entries.append(
          Entry(name: longName ?? (prefix.isEmpty || !isPOSIX ? name : prefix + "/" + name), range: range))
        longName = nil
      default: longName = nil
      }
      position += (size + 511) / 512 * 512
      guard entries.count <= 100_000 else {
        throw CheckpointError.limit(
          path: file.path, place: "files in the archive", found: entries.count, limit: 100_000)
      }
    }
    self.entries = entries
  }

  /// The entry whose name ends in `name`, in whatever folder.
  subscript(name: String) -> Entry? { entries.first { $0.name == name || $0.name.hasSuffix("/" + name) } }

  private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// An octal number, or a binary one where the first bit is set.
  private static func octal(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
    if let first = bytes.first, first & 0x80 != 0 {
      var value = 0
      for byte in bytes.dropFirst().suffix(8) {
        let (shifted, overflow) = value.multipliedReportingOverflow(by: 256)
        guard !overflow else { return nil }
        value = shifted | Int(byte)
      }
      return value < 0 ? nil : value
    }
    let digits = bytes.filter { $0 != 0 && $0 != 0x20 }
    return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8)
  }
}
