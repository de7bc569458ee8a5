import CZip

extension ZipArchive {
  /// The whole of an entry, copied; for a compressed one the checksum is compared.
  func unpacked(_ entry: ZipEntry) throws -> [UInt8] {
    if entry.isStored { return Array(file.bytes[try payload(of: entry)]) }
    return try inflate(entry, upTo: entry.size)
  }

  /// At least the first `count` bytes of an entry, or all of it where it is shorter.
  func prefix(of entry: ZipEntry, count: Int) throws -> [UInt8] {
    if entry.isStored { return Array(file.bytes[try payload(of: entry)].prefix(count)) }
    return try inflate(entry, upTo: min(count, entry.size))
  }

  /// Compares every entry with its checksum, which reads the whole file.
  func verify() throws {
    for entry in entries {
      if entry.isStored {
        let found = crc32(of: UnsafeRawBufferPointer(rebasing: file.bytes[try payload(of: entry)]))
        guard found == entry.checksum else { throw wrongChecksum(entry) }
      } else {
        _ = try inflate(entry, upTo: entry.size)
      }
    }
  }

  private func wrongChecksum(_ entry: ZipEntry) -> CheckpointError {
    .malformed(
      path: file.path, place: entry.place, found: "bytes that do not fit their checksum",
      expected: "an undamaged entry; copy or download the file again")
  }

  /// The first `count` bytes of a deflated entry.
  ///
  /// libzip is given an archive of this one entry, made of a header and a directory of ours around the mapped
  /// bytes: it does not read the file's own directory again for each entry, nor see what else is in there.
  private func inflate(_ entry: ZipEntry, upTo count: Int) throws -> [UInt8] {
    func failure(_ reason: String) -> CheckpointError {
      .malformed(
        path: file.path, place: entry.place, found: reason, expected: "deflated data")
    }
    let payload = UnsafeRawBufferPointer(rebasing: file.bytes[try payload(of: entry)])
    let (header, directory) = try SingleEntry.frame(entry, path: file.path)
    return try header.withUnsafeBytes { header in
      try directory.withUnsafeBytes { directory in
        let fragments = [header, payload, directory].filter { !$0.isEmpty }.map { bytes in
          zip_buffer_fragment(
            data: UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: UInt8.self),
            length: zip_uint64_t(bytes.count))
        }
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard
          let source = zip_source_buffer_fragment_create(
            fragments, zip_uint64_t(fragments.count), 0, &error)
        else { throw failure(String(cString: zip_error_strerror(&error))) }
        guard let archive = zip_open_from_source(source, ZIP_RDONLY, &error) else {
          zip_source_free(source)
          throw failure(String(cString: zip_error_strerror(&error)))
        }
        defer { zip_discard(archive) }
        guard let stream = zip_fopen_index(archive, 0, 0) else {
          throw failure(String(cString: zip_strerror(archive)))
        }
        defer { zip_fclose(stream) }
        return try read(stream, entry, upTo: count, failure: failure)
      }
    }
  }

  private func read(
    _ stream: OpaquePointer, _ entry: ZipEntry, upTo count: Int, failure: (String) -> CheckpointError
  ) throws -> [UInt8] {
    // The size is only a claim until the bytes come, so the memory grows with them.
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(max(count, 1), 1 << 20))
    while bytes.count < count {
      let wanted = min(chunk.count, count - bytes.count)
      let got = zip_fread(stream, &chunk, zip_uint64_t(wanted))
      guard got > 0 else {
        throw failure(got == 0 ? "an early end" : String(cString: zip_file_strerror(stream)))
      }
      bytes += chunk[..<Int(got)]
    }
    if count == entry.size {
      // The checksum is compared only by the read that meets the end.
      let got = zip_fread(stream, &chunk, 1)
      if got < 0 { throw wrongChecksum(entry) }
      if got > 0 { throw failure("more than the \(entry.size) bytes that the directory says") }
    }
    return bytes
  }
}

/// A zip archive of one deflated entry, but for the entry's bytes.
private enum SingleEntry {
  static func frame(_ entry: ZipEntry, path: String) throws -> (header: [UInt8], directory: [UInt8]) {
    guard let compressed = UInt32(exactly: entry.compressedSize), let size = UInt32(exactly: entry.size),
      compressed < .max - 64, size < .max
    else {
      throw CheckpointError.unsupported(
        path: path, place: entry.place, found: "a packed entry of more than 4 GiB",
        advice: "Pack the archive again without compression.")
    }
    // Version 2.0, no flags, deflated, no date; then checksum, sizes, and the lengths of the name "x" and of
    // the extra field.
    let common =
      half(20, 0, 8, 0, 0) + whole(entry.checksum) + whole(compressed) + whole(size) + half(1, 0)
    let header = whole(0x0403_4B50) + common + [0x78]
    let listing = whole(0x0201_4B50) + half(20) + common + half(0, 0, 0) + whole(0) + whole(0) + [0x78]
    let end =
      whole(0x0605_4B50) + half(0, 0, 1, 1) + whole(UInt32(listing.count))
      + whole(UInt32(header.count) + compressed) + half(0)
    return (header, listing + end)
  }

  private static func whole(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private static func half(_ values: UInt16...) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
  }
}

/// The CRC-32 of zip archives (polynomial 0xEDB88320), eight bytes at a time.
func crc32(of bytes: UnsafeRawBufferPointer) -> UInt32 {
  var crc: UInt32 = ~0
  crcTables.withUnsafeBufferPointer { table in
    var position = 0
    while position + 8 <= bytes.count {
      let word = bytes.number(at: position, as: UInt64.self) ^ UInt64(crc)
      crc = 0
      for lane in 0..<8 {
        crc ^= table[(7 - lane) * 256 + Int(truncatingIfNeeded: word >> UInt64(lane * 8) & 0xFF)]
      }
      position += 8
    }
    while position < bytes.count {
      crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[position])]
      position += 1
    }
  }
  return ~crc
}

/// Table `k` advances a byte that `k` more bytes follow.
private let crcTables: [UInt32] = {
  var tables = [UInt32](repeating: 0, count: 8 * 256)
  for index in 0..<256 {
    var value = UInt32(index)
    for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    tables[index] = value
  }
  for index in 256..<(8 * 256) {
    let previous = tables[index - 256]
    tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
  }
  return tables
}()
