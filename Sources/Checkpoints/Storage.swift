/// The bytes behind one or more tensors, which stay where they are until somebody looks.
final class Storage: Sendable {
  enum Source: Sendable {
    /// A range of a mapped file.
    case mapped(FileBytes, Range<Int>)
    /// A compressed entry of an archive, unpacked anew each time it is read.
    case compressed(ZipArchive, ZipEntry)
    /// Bytes that stood inside a pickle.
    case owned([UInt8], path: String)
  }

  let source: Source
  let byteCount: Int

  init(_ file: FileBytes, _ range: Range<Int>) {
    source = .mapped(file, range)
    byteCount = range.count
  }

  init(_ bytes: [UInt8], path: String) {
    source = .owned(bytes, path: path)
    byteCount = bytes.count
  }

  init(_ archive: ZipArchive, _ entry: ZipEntry) throws {
    byteCount = entry.size
    source =
      entry.isStored
      ? .mapped(archive.file, try archive.payload(of: entry)) : .compressed(archive, entry)
  }

  var path: String {
    switch source {
    case .mapped(let file, _): file.path
    case .compressed(let archive, _): archive.file.path
    case .owned(_, let path): path
    }
  }

  /// Where the byte at `offset` is to be found, in words.
  func place(of offset: Int) -> String {
    switch source {
    case .mapped(_, let range): "byte \(range.lowerBound + offset)"
    case .compressed(_, let entry): "entry \(shown(entry.name)), byte \(offset)"
    case .owned: "inside the pickle"
    }
  }

  /// The bytes, valid only inside `body`.
  func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    switch source {
    case .mapped(let file, let range):
      try withExtendedLifetime(file) { try body(UnsafeRawBufferPointer(rebasing: file.bytes[range])) }
    case .compressed(let archive, let entry):
      try archive.unpacked(entry).withUnsafeBytes(body)
    case .owned(let bytes, _):
      try bytes.withUnsafeBytes(body)
    }
  }
}

/// Text from a file, made safe to print: control characters escaped, long text cut.
func shown(_ text: some StringProtocol) -> String {
  let limit = 120
  var result = ""
  for scalar in text.unicodeScalars.prefix(limit) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default:
      result.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.count > limit ? result + "…" : result
}
