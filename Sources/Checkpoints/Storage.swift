/// The bytes behind one or more tensors.
final class Storage: Sendable {
  enum Source: Sendable {
    /// A range of a mapped file.
    case mapped(FileBytes, Range<Int>)
  }

  let source: Source
  let byteCount: Int

  init(_ file: FileBytes, _ range: Range<Int>) {
    source = .mapped(file, range)
    byteCount = range.count
  }

  var path: String {
    switch source {
    case .mapped(let file, _): file.path
    }
  }

  func place(of offset: Int) -> String {
    switch source {
    case .mapped(_, let range): "byte \(range.lowerBound + offset)"
    }
  }

  /// The bytes in place, valid only inside `body`.
  func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    switch source {
    case .mapped(let file, let range):
      try withExtendedLifetime(file) { try body(UnsafeRawBufferPointer(rebasing: file.bytes[range])) }
    }
  }
}
