#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A look at a path before it is opened: opening a FIFO waits for whoever writes into it, and a device may never end.
enum RegularFile {
  /// How many bytes a regular file has.
  ///
  /// Throws `CorpusError` for what is not there, cannot be looked at, or is no regular file (links are followed).
  static func size(of path: String) throws(CorpusError) -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw .missing(path: path) }
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return Int(status.st_size)
    case S_IFDIR: throw .notAFile(path: path)
    case S_IFIFO:
      throw .unreadable(
        path: path, reason: "it is a FIFO (a named pipe), not a file; copy its content to one")
    case S_IFSOCK: throw .unreadable(path: path, reason: "it is a socket, not a file")
    default: throw .unreadable(path: path, reason: "it is a device, not a file")
    }
  }
}
