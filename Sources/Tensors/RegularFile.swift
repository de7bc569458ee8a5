#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is opened for reading only once it is known to be one: a pipe or a device, which may never end or never
/// begin, is refused first. Closed with the last reference.
package final class RegularFile: Sendable {
  /// Why there is no file to be read at a path.
  package enum Obstacle: Error, Equatable, CustomStringConvertible {
    case missing
    /// A symbolic link to what is not there.
    case brokenLink(target: String)
    /// Something else stands there: "a folder", "a pipe", "a device".
    case other(String)
    /// The system does not let it be read, in its words.
    case unreadable(String)

    package var description: String {
      switch self {
      case .missing: "there is no such file"
      case .brokenLink(let target): "it is a link to \(target), which is not there"
      case .other(let kind): "it is \(kind), not a file"
      case .unreadable(let reason): reason
      }
    }
  }

  package let path: String
  /// Its length when it was opened.
  package let bytes: Int
  private let descriptor: Int32

  package init(_ path: String) throws(Obstacle) {
    self.path = path
    if let obstacle = RegularFile.obstacle(at: path) { throw obstacle }
    // Should another program put a pipe in its place meanwhile, opening does not wait for it either.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(RegularFile.reason(errno)) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .other(RegularFile.kind(status))
    }
    bytes = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// What is in the way of reading a file there; nil where nothing is. Nothing is opened.
  package static func obstacle(at path: String) -> Obstacle? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let number = errno
      if let target = linkTarget(path) { return .brokenLink(target: target) }
      return number == ENOENT || number == ENOTDIR ? .missing : .unreadable(reason(number))
    }
    return status.st_mode & S_IFMT == S_IFREG ? nil : .other(kind(status))
  }

  /// All of a file's bytes.
  package static func contents(_ path: String) throws(Obstacle) -> [UInt8] {
    let file = try RegularFile(path)
    let bytes = file.bytes(at: 0, count: file.bytes)
    guard bytes.count == file.bytes else { throw .unreadable("it became shorter while it was read") }
    return bytes
  }

  private static func reason(_ number: Int32) -> String {
    strerror(number).map { String(cString: $0) } ?? "system error \(number)"
  }

  /// What stands in a file's place, in words.
  private static func kind(_ status: stat) -> String {
    switch status.st_mode & S_IFMT {
    case S_IFDIR: "a folder"
    case S_IFIFO: "a pipe"
    case S_IFSOCK: "a socket"
    case S_IFCHR, S_IFBLK: "a device"
    default: "something else"
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
  package func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) -> Int {
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
  package func bytes(at offset: Int, count: Int) -> [UInt8] {
    guard offset >= 0, count > 0, offset < bytes else { return [] }
    let size = min(count, bytes - offset)
    return [UInt8](unsafeUninitializedCapacity: size) { memory, initialised in
      initialised = read(at: offset, into: UnsafeMutableRawBufferPointer(memory))
    }
  }
}
