import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file as a decoder is to see it: a part of its bytes, some of them replaced, read through the decoder's own calls.
final class ByteView {
  /// Bytes that stand in another's place, such as a length that a writer into a pipe could not know.
  struct Patch: Equatable {
    /// From the file's beginning.
    let offset: Int
    let bytes: [UInt8]
  }

  private let file: RegularFile
  private let range: Range<Int>
  private let patches: [Patch]
  private(set) var position = 0

  var count: Int { range.count }

  init(_ file: RegularFile, _ range: Range<Int>? = nil, patches: [Patch] = []) {
    self.file = file
    self.range = range ?? 0..<file.bytes
    self.patches = patches
  }

  func read(into memory: UnsafeMutableRawBufferPointer) -> Int {
    let start = range.lowerBound + position
    let wanted = UnsafeMutableRawBufferPointer(rebasing: memory.prefix(max(0, range.upperBound - start)))
    let got = file.read(at: start, into: wanted)
    for patch in patches {
      for (index, byte) in patch.bytes.enumerated() {
        let place = patch.offset + index - start
        if place >= 0, place < got { wanted[place] = byte }
      }
    }
    position += got
    return got
  }

  /// Moves as `lseek` does; -1 for a place before the beginning.
  func seek(_ offset: Int, _ whence: Int32) -> Int {
    let origin = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position : count
    let (place, overflow) = origin.addingReportingOverflow(offset)
    guard !overflow, place >= 0 else { return -1 }
    position = place
    return place
  }
}

extension ByteView {
  /// The view that a decoder's callback was given as its pointer.
  static func of(_ pointer: UnsafeMutableRawPointer) -> ByteView {
    Unmanaged<ByteView>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// The pointer for callbacks; valid as long as the view is.
  var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
}
