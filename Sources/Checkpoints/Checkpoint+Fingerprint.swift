import CXXHash

extension Checkpoint {
  /// The XXH3-128 hash of the bytes of all weight files, one after the other, in hexadecimal; for a single file
  /// it is what `xxhsum -H2` prints. Reads everything once, at memory speed.
  public func fingerprint() throws -> String {
    guard let state = XXH3_createState() else {
      throw CheckpointError.missing(path: path, reason: "no memory for its fingerprint")
    }
    defer { XXH3_freeState(state) }
    XXH3_128bits_reset(state)
    for file in files {
      withExtendedLifetime(file) { _ = XXH3_128bits_update(state, file.bytes.baseAddress, file.count) }
    }
    let hash = XXH3_128bits_digest(state)
    return [hash.high64, hash.low64].map { half in
      let digits = String(half, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// Compares every record of zip archives (torch, npz) with its checksum, which reads the whole file; other
  /// formats have none. PyTorch itself does not check them on loading.
  ///
  /// Throws `CheckpointError.malformed` with the damaged entry's name.
  public func verify() throws {
    for file in files where ZipArchive.recognises(file.bytes) { try ZipArchive(file).verify() }
  }
}
