#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What tells a file's content from other content without reading it: which file it is, links followed, its size, and
/// when it was last written and changed.
///
/// The time of the last change cannot be set by programs, so that content of the same length with the old time of
/// writing is told apart too.
public struct FileIdentity: Hashable, Sendable, Codable {
  /// The device that the file is on, and its number there.
  public let device, inode: UInt64
  /// In bytes.
  public let size: Int64
  /// Nanoseconds since 1970.
  let written, changed: Int64

  /// Of the regular file at `path`. Throws `FileError.missing`.
  public init(of path: String) throws(FileError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .missing(path: path, reason: systemReason(errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .missing(path: path, reason: "not a regular file")
    }
    self.init(status)
  }

  /// Of an open file.
  public init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(truncatingIfNeeded: status.st_ino)
    size = Int64(status.st_size)
    func nanoseconds(_ time: timespec) -> Int64 {
      Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
    #if canImport(Darwin)
      (written, changed) = (nanoseconds(status.st_mtimespec), nanoseconds(status.st_ctimespec))
    #else
      (written, changed) = (nanoseconds(status.st_mtim), nanoseconds(status.st_ctim))
    #endif
  }

  /// Whether it is the same file, with whatever content.
  public func isSameFile(as other: FileIdentity) -> Bool {
    device == other.device && inode == other.inode
  }
}

/// The system's words for an error number.
package func systemReason(_ number: Int32) -> String {
  strerror(number).map { String(cString: $0) } ?? "system error \(number)"
}
