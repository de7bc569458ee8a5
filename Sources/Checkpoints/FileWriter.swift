import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that appears under its name only when it is complete: it is written beside it and renamed.
struct FileWriter {
  private let descriptor: Int32
  private let path: String

  /// Runs `body` to write the file at `path`; where it throws, nothing is left behind and an older file stays.
  static func write(to path: String, _ body: (FileWriter) throws -> Void) throws {
    try replace(path) { temporary in
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        throw CheckpointError.writeFailed(path: path, reason: FileBytes.reason(errno))
      }
      do {
        try body(FileWriter(descriptor: descriptor, path: path))
      } catch {
        close(descriptor)
        throw error
      }
      guard close(descriptor) == 0 else {
        throw CheckpointError.writeFailed(path: path, reason: FileBytes.reason(errno))
      }
    }
  }

  /// Lets `body` make a file under a temporary name beside `path`, then gives it that name.
  static func replace(_ path: String, _ body: (_ temporary: String) throws -> Void) throws {
    let temporary = PartFile.name(for: path)
    do {
      try body(temporary)
      guard rename(temporary, path) == 0 else {
        throw CheckpointError.writeFailed(path: path, reason: FileBytes.reason(errno))
      }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = writeSome(descriptor, UnsafeRawBufferPointer(rebasing: rest))
      if written > 0 {
        rest = rest.dropFirst(written)
      } else if errno != EINTR {
        throw CheckpointError.writeFailed(path: path, reason: FileBytes.reason(errno))
      }
    }
  }

  /// Writes over what is at `offset` from the beginning.
  func overwrite(_ bytes: [UInt8], at offset: Int) throws {
    guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
      throw CheckpointError.writeFailed(path: path, reason: FileBytes.reason(errno))
    }
    try write(bytes)
  }

  func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }
}

/// The system's `write`, which the method of that name hides.
private func writeSome(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}
