import Files
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A whole file as read-only memory, mapped and not copied; it is unmapped with the last reference.
///
/// The size is taken when the file is opened. A file that another program cuts short while it is mapped ends
/// the process with a bus error on the next access beyond its new end, which the command turns into words; one that is
/// written over gives other values, which `OpenedFiles` finds out. Writers that rename a new file into place are safe.
final class FileBytes: @unchecked Sendable, PageLender {
  let path: String
  let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool
  /// What the file was when it was opened; nil of bytes that were in memory.
  let identity: FileIdentity?
  /// The file that this one is a part of.
  private let whole: FileBytes?

  var count: Int { bytes.count }

  /// Maps the file at `path`.
  init(mapping path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw CheckpointError.missing(path: path, reason: FileBytes.reason(errno))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw CheckpointError.missing(path: path, reason: FileBytes.reason(errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw CheckpointError.missing(path: path, reason: "not a regular file")
    }
    self.path = path
    identity = FileIdentity(descriptor: descriptor)
    whole = nil
    let size = Int(status.st_size)
    isMapped = size > 0
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw CheckpointError.missing(
        path: path, reason: "\(size) bytes could not be mapped: \(FileBytes.reason(errno))")
    }
    bytes = UnsafeRawBufferPointer(start: base, count: size)
  }

  /// A copy of `contents`, to be read as the file `path` would be.
  init(_ contents: [UInt8], path: String) {
    self.path = path
    identity = nil
    isMapped = false
    whole = nil
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: contents.count, alignment: 64)
    memory.copyBytes(from: contents)
    bytes = UnsafeRawBufferPointer(memory)
  }

  /// A range of another file's bytes, to be read as a file of its own.
  init(_ range: Range<Int>, of whole: FileBytes) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= whole.count, "\(range) of \(whole.count) bytes")
    path = whole.path
    identity = whole.identity
    isMapped = false
    self.whole = whole
    bytes = UnsafeRawBufferPointer(rebasing: whole.bytes[range])
  }

  deinit {
    if whole != nil { return }
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else if bytes.baseAddress != nil {
      bytes.deallocate()
    }
  }

  /// Lets the system take back the memory of the whole pages in `range`; the next look reads them from the file.
  func releasePages(_ range: Range<Int>) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let start = (range.lowerBound + page - 1) / page * page
    let end = range.upperBound / page * page
    guard isMapped, start < end, let base = bytes.baseAddress else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
  }

  func releasePages(at address: UnsafeRawPointer, bytes count: Int) {
    guard let base = bytes.baseAddress, address >= base, address + count <= base + bytes.count else {
      return
    }
    releasePages((address - base)..<(address - base + count))
  }

  /// The system's words for an error number.
  static func reason(_ number: Int32) -> String {
    strerror(number).map { String(cString: $0) } ?? "system error \(number)"
  }
}

extension UnsafeRawBufferPointer {
  /// A little-endian number at `offset`, which the caller has checked to lie inside.
  func number<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}
