import Files
import Foundation
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Layers' frames of one long recording, in a file until they are written where they belong. They come window after window, of
/// all layers in turn, and leave layer after layer, so that no more than one layer's are in memory.
///
/// The file has no name, so that nothing is left of it whatever becomes of the process.
struct FrameSpool: Sendable {
  private struct Part: Sendable {
    let offset: Int
    let rows: Int
    let width: Int
  }

  private let file: FileHandle
  /// What the frames are for, beside which the file lies.
  private let output: String
  private var parts: [String: [Part]] = [:]
  private var end = 0

  /// Throws `FileError.writeFailed` where there can be no file beside `output`.
  init(beside output: String) throws(FileError) {
    let path = PartFile.name(for: output)
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .writeFailed(path: output, reason: Self.reason) }
    unlink(path)
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    self.output = output
  }

  /// Keeps the next frames of a layer, `[rows × width]`. Throws `FileError.writeFailed`.
  mutating func append(_ frames: Tensor, of layer: String) throws {
    try frames.withUnsafeBuffer { values in
      var rest = UnsafeRawBufferPointer(values)[...]
      var place = end
      while !rest.isEmpty {
        let count = pwrite(
          file.fileDescriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, off_t(place))
        if count > 0 {
          (rest, place) = (rest.dropFirst(count), place + count)
        } else if errno != EINTR {
          throw FileError.writeFailed(path: output, reason: Self.reason)
        }
      }
    }
    parts[layer, default: []].append(Part(offset: end, rows: frames.rows, width: frames.width))
    end += 4 * frames.rows * frames.width
  }

  /// All frames of a layer, `[rows × width]`, in the order in which they came. Throws `FileError.missing`.
  func frames(of layer: String) throws -> Tensor {
    let parts = parts[layer] ?? []
    let rows = parts.reduce(0) { $0 + $1.rows }
    return try Tensor(shape: [rows, parts.first?.width ?? 0]) { values in
      var target = UnsafeMutableRawBufferPointer(values)[...]
      for part in parts {
        var (place, left) = (part.offset, 4 * part.rows * part.width)
        while left > 0 {
          let count = pread(
            file.fileDescriptor, UnsafeMutableRawBufferPointer(rebasing: target).baseAddress, left,
            off_t(place))
          if count > 0 {
            (target, place, left) = (target.dropFirst(count), place + count, left - count)
          } else if count == 0 || errno != EINTR {
            throw FileError.missing(path: output, reason: Self.reason)
          }
        }
      }
    }
  }

  private static var reason: String { String(cString: strerror(errno)) }
}
