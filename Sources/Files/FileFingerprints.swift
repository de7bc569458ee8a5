import CXXHash
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// XXH3-128 over bytes, one piece after the other.
package struct ContentHasher: ~Copyable {
  private let state: OpaquePointer

  /// Nil where there is no memory for it.
  package init?() {
    guard let state = XXH3_createState() else { return nil }
    self.state = state
    XXH3_128bits_reset(state)
  }

  deinit { XXH3_freeState(state) }

  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    _ = XXH3_128bits_update(state, bytes.baseAddress, bytes.count)
  }

  /// 32 digits, as `xxhsum -H2` prints them.
  package var hexadecimal: String {
    let hash = XXH3_128bits_digest(state)
    return [hash.high64, hash.low64].map { half in
      let digits = String(half, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  package static func hexadecimal(of bytes: UnsafeRawBufferPointer) -> String {
    var hasher = ContentHasher()
    hasher?.add(bytes)
    return hasher?.hexadecimal ?? ""
  }
}

/// The XXH3-128 hashes of files' bytes. A file is read once, and again only where its identity (`FileIdentity`) is
/// another; links are followed.
public final class FileFingerprints: Sendable {
  private let known = Mutex<[FileIdentity: String]>([:])
  private let readings = Mutex(0)

  public init() {}

  /// How many files were read.
  public var filesRead: Int { readings.withLock { $0 } }

  /// In hexadecimal, as `xxhsum -H2` prints it.
  /// - Throws: `FileError.missing`, and `.changed` for a file that is written to faster than it can be read.
  public func fingerprint(of path: String) throws(FileError) -> String {
    for _ in 0..<3 {
      let before = try FileIdentity(of: path)
      if let print = known.withLock({ $0[before] }) { return print }
      let print = try Self.read(path)
      guard try FileIdentity(of: path) == before else { continue }
      readings.withLock { $0 += 1 }
      known.withLock { $0[before] = print }
      return print
    }
    throw .changed(path: path, reason: "it is being written to")
  }

  /// Runs `body`, which reads the file at `path`, and gives the fingerprint of what it has read, nil where it cannot be
  /// read. Where the file changes meanwhile, it is read once more.
  public func reading<R>(
    _ path: String, _ body: () throws -> R
  ) -> (result: Result<R, any Error>, fingerprint: String?) {
    for _ in 0..<3 {
      let before = try? FileIdentity(of: path)
      let print = before == nil ? nil : try? fingerprint(of: path)
      let result = Result { try body() }
      if before == (try? FileIdentity(of: path)) { return (result, print) }
    }
    return (.failure(FileError.changed(path: path, reason: "it is being written to")), nil)
  }

  private static func read(_ path: String) throws(FileError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0, var hasher = ContentHasher() else {
      throw .missing(path: path, reason: systemReason(errno))
    }
    defer { close(descriptor) }
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { block.deallocate() }
    while true {
      let count = systemRead(descriptor, block.baseAddress, block.count)
      if count == 0 { return hasher.hexadecimal }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .missing(path: path, reason: systemReason(errno)) }
      hasher.add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[..<count]))
    }
  }
}

/// The system's `read`, which methods of that name hide.
private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
