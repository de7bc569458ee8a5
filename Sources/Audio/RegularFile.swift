#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is opened for reading only once it is known to be one: a pipe or a device, which may never end or never
/// begin, is refused first. Closed with the last reference.
final class RegularFile: Sendable {
  let path: String
  /// Its length when it was opened.
  let bytes: Int
  private let descriptor: Int32

  /// Throws `AudioError.missing`, `.brokenLink`, `.notAFile` and `.unreadable`.
  init(_ path: String) throws(AudioError) {
    self.path = path
    var status = stat()
    guard stat(path, &status) == 0 else {
      let reason = errno
      if let target = RegularFile.linkTarget(path) { throw .brokenLink(path: path, target: target) }
      guard reason == ENOENT || reason == ENOTDIR else {
        throw .unreadable(path: path, reason: String(cString: strerror(reason)))
      }
      throw .missing(path: path)
    }
    try RegularFile.check(status, path)
    // Should another program put a pipe in its place meanwhile, opening does not wait for it either.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .notAFile(path: path, kind: RegularFile.kind(status))
    }
    bytes = Int(status.st_size)
  }

  deinit { close(descriptor) }

  private static func check(_ status: stat, _ path: String) throws(AudioError) {
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path, kind: kind(status)) }
  }

  /// What stands in a file's place, in words.
  private static func kind(_ status: stat) -> String {
    switch status.st_mode & S_IFMT {
    case S_IFDIR: "a folder"
    case S_IFIFO: "a pipe"
    case S_IFSOCK: "a socket"
    case S_IFCHR, S_IFBLK: "a device"
    default: "no file"
    }
  }

  /// Where a symbolic link points; nil for what is none.
  private static func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let length = buffer.withUnsafeMutableBytes { memory in
      memory.withMemoryRebound(to: CChar.self) { bytes in
        bytes.baseAddress.map { readlink(path, $0, bytes.count) } ?? -1
      }
    }
    return length < 0 ? nil : String(decoding: buffer.prefix(length), as: UTF8.self)
  }

  /// Fills `memory` from byte `offset` on; gives how much there was.
  func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) -> Int {
    var done = 0
    while done < memory.count {
      let got = pread(
        descriptor, memory.baseAddress.map { $0 + done }, memory.count - done, off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { break }
      done += got
    }
    return done
  }

  /// At most `count` bytes from `offset` on.
  func bytes(at offset: Int, count: Int) -> [UInt8] {
    guard offset >= 0, count > 0, offset < bytes else { return [] }
    let size = min(count, bytes - offset)
    return [UInt8](unsafeUninitializedCapacity: size) { memory, initialised in
      initialised = read(at: offset, into: UnsafeMutableRawBufferPointer(memory))
    }
  }
}
