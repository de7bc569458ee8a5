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
      path: file.path, place: "entry \(shown(entry.name))", found: "bytes that do not fit their checksum",
      expected: "an undamaged entry; copy or download the file again")
  }

  private func inflate(_ entry: ZipEntry, upTo count: Int) throws -> [UInt8] {
    // Bounds first: libzip would look for the local header too, and says less about what is wrong.
    _ = try payload(of: entry)
    func failure(_ reason: String) -> CheckpointError {
      .malformed(
        path: file.path, place: "entry \(shown(entry.name))", found: reason, expected: "deflated data")
    }
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard let base = file.bytes.baseAddress,
      let source = zip_source_buffer_create(base, zip_uint64_t(file.count), 0, &error)
    else { throw failure(String(cString: zip_error_strerror(&error))) }
    guard let archive = zip_open_from_source(source, ZIP_RDONLY, &error) else {
      zip_source_free(source)
      throw failure(String(cString: zip_error_strerror(&error)))
    }
    defer { zip_discard(archive) }
    guard let stream = zip_fopen_index(archive, zip_uint64_t(entry.index), 0) else {
      throw failure(String(cString: zip_strerror(archive)))
    }
    defer { zip_fclose(stream) }
    var failed: String?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count, failed == nil {
        let got = zip_fread(stream, buffer.baseAddress.map { $0 + filled }, zip_uint64_t(count - filled))
        if got > 0 {
          filled += Int(got)
        } else {
          failed = got == 0 ? "an early end" : String(cString: zip_file_strerror(stream))
        }
      }
    }
    if let failed { throw failure(failed) }
    if count == entry.size {
      // The checksum is compared only by the read that meets the end.
      var extra: UInt8 = 0
      let got = zip_fread(stream, &extra, 1)
      if got < 0 { throw wrongChecksum(entry) }
      if got > 0 { throw failure("more than the \(entry.size) bytes that the directory says") }
    }
    return bytes
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
