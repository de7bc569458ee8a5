import Files
import Tensors

extension Checkpoint {
  /// The XXH3-128 hash of the bytes of all weight files, one after the other, in hexadecimal; for a single file
  /// it is what `xxhsum -H2` prints. Reads everything once, at memory speed. Where tensors were chosen or renamed, how
  /// is hashed too: two models in one file are two models.
  /// - Throws: `CheckpointError` where a file cannot be read.
  public func fingerprint() throws -> String {
    var hash = try FileHash(path: path)
    for file in files { hash.add(file) }
    for renaming in renamings { hash.add(FileBytes(Array(renaming.utf8), path: path)) }
    return hash.hexadecimal
  }

  /// The same for files of any kind, which are opened one at a time.
  /// - Throws: `CheckpointError` where a file cannot be read.
  public static func fingerprint(ofFiles paths: [String]) throws -> String {
    var hash = try FileHash(path: paths.first ?? "")
    for path in paths { hash.add(try FileBytes(mapping: path)) }
    return hash.hexadecimal
  }

  /// Compares every record of zip archives (torch, npz) with its checksum, which reads the whole file; other
  /// formats have none. PyTorch itself does not check them on loading.
  ///
  /// Throws `CheckpointError.malformed` with the damaged entry's name.
  public func verify() throws {
    for file in files where ZipArchive.recognises(file.bytes) { try ZipArchive(file).verify() }
  }
}

/// XXH3-128 over files, one after the other.
private struct FileHash: ~Copyable {
  private var hasher: ContentHasher

  init(path: String) throws {
    guard let hasher = ContentHasher() else {
      throw CheckpointError.missing(path: path, reason: "no memory for its fingerprint")
    }
    self.hasher = hasher
  }

  mutating func add(_ file: FileBytes) { withExtendedLifetime(file) { hasher.add(file.bytes) } }

  var hexadecimal: String { hasher.hexadecimal }
}

/// XXH3-128 of bytes in memory.
public enum ContentHash {
  /// In hexadecimal, of the parts one after the other.
  public static func hexadecimal(of parts: [Tensor]) -> String {
    var hash = ContentHasher()
    for part in parts { part.withUnsafeBuffer { hash?.add(UnsafeRawBufferPointer($0)) } }
    return hash?.hexadecimal ?? ""
  }

  /// In hexadecimal, of a text's UTF-8.
  public static func hexadecimal(of text: String) -> String {
    var hash = ContentHasher()
    Array(text.utf8).withUnsafeBytes { hash?.add($0) }
    return hash?.hexadecimal ?? ""
  }
}
