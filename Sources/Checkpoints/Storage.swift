/// The bytes behind one or more tensors, which stay where they are until somebody looks.
final class Storage: Sendable {
  enum Source: Sendable {
    /// A range of a mapped file.
    case mapped(FileBytes, Range<Int>)
    /// A compressed entry of an archive, unpacked anew each time it is read.
    case compressed(ZipArchive, ZipEntry)
    /// Bytes that stood inside a pickle.
    case owned([UInt8], path: String)
    /// Values computed from other tensors, anew each time they are read.
    case derived(Derivation)
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

  init(_ derivation: Derivation) {
    source = .derived(derivation)
    byteCount = derivation.count * MemoryLayout<Float>.size
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
    case .derived(let derivation): derivation.path
    }
  }

  /// Where the byte at `offset` is to be found, in words.
  func place(of offset: Int) -> String {
    switch source {
    case .mapped(_, let range): "byte \(range.lowerBound + offset)"
    case .compressed(_, let entry): "entry \(shown(entry.name)), byte \(offset)"
    case .owned: "inside the pickle"
    case .derived(let derivation): derivation.origin
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
    case .derived(let derivation):
      try derivation.values().withUnsafeBytes(body)
    }
  }
}

/// Values that a file does not hold as such: dequantised, or merged with an adapter.
struct Derivation: Sendable {
  let path: String
  /// What they are computed from, in words.
  let origin: String
  /// How many there are.
  let count: Int
  private let compute: @Sendable () throws -> [Float]

  /// `compute` must give `count` values.
  init(path: String, origin: String, count: Int, _ compute: @escaping @Sendable () throws -> [Float]) {
    self.path = path
    self.origin = origin
    self.count = count
    self.compute = compute
  }

  func values() throws -> [Float] {
    let values = try compute()
    precondition(values.count == count, "\(origin): \(values.count) values instead of \(count)")
    return values
  }
}

extension TensorEntry {
  /// A float32 tensor whose values `compute` gives in row-major order.
  init(
    derived name: String, shape: [Int], path: String, origin: String,
    _ compute: @escaping @Sendable () throws -> [Float]
  ) {
    let count = shape.reduce(1, *)
    self.init(
      name: name, shape: shape, type: .float32, strides: TensorEntry.contiguousStrides(of: shape),
      offset: 0,
      storage: Storage(Derivation(path: path, origin: origin, count: count, compute)))
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
