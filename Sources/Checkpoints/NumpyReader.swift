import OrderedCollections

/// NumPy's `.npy` arrays, versions 1 to 3, and `.npz` archives of them
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
enum NumpyReader {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// A header is the text of a small dictionary.
  private static let headerLimit = 65_536

  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: magic) }

  /// A single array, called after its file.
  static func read(_ file: FileBytes, name: String) throws -> CheckpointContent {
    var content = CheckpointContent()
    let storage = Storage(file, 0..<file.count)
    let start = UnsafeRawBufferPointer(rebasing: file.bytes.prefix(headerLimit + 12))
    let header = try NumpyHeader(start, path: file.path, place: name)
    guard let type = NumpyType(header.type) else {
      throw NumpyType.unknown(header.type, path: file.path, name: name)
    }
    content.tensors[name] = try entry(
      name: name, type: type, shape: header.shape, isFortranOrder: header.isFortranOrder, storage: storage,
      offset: header.end, path: file.path)
    return content
  }

  static func isArray(_ entry: ZipEntry) -> Bool { entry.name.hasSuffix(".npy") }

  /// All arrays of an archive; those that are not numbers are listed as skipped.
  static func read(_ archive: ZipArchive) throws -> CheckpointContent {
    var content = CheckpointContent()
    let path = archive.file.path
    for entry in archive.entries where isArray(entry) {
      let name = String(entry.name.dropLast(4))
      let header = try archive.prefix(of: entry, count: headerLimit + 12).withUnsafeBytes {
        try NumpyHeader($0, path: path, place: entry.name)
      }
      guard let type = NumpyType(header.type) else {
        guard NumpyType.isNoNumber(header.type) else {
          throw NumpyType.unknown(header.type, path: path, name: name)
        }
        content.skipped.append("\(shown(name)) (NumPy type \(shown(header.type)))")
        if !NumpyType.isText(header.type) { content.unreadArrays.append(name) }
        continue
      }
      content.tensors[name] = try self.entry(
        name: name, type: type, shape: header.shape, isFortranOrder: header.isFortranOrder,
        storage: try Storage(archive, entry), offset: header.end, path: path)
    }
    guard !content.tensors.isEmpty else {
      throw CheckpointError.noTensors(path: path, keys: archive.entries.prefix(20).map { shown($0.name) })
    }
    return content
  }

  /// An array whose values begin at byte `offset` of `storage` and fill it.
  static func entry(
    name: String, type: NumpyType, shape: [Int], isFortranOrder: Bool, storage: Storage, offset: Int,
    path: String
  ) throws -> TensorEntry {
    guard !type.isBigEndian else {
      throw CheckpointError.unsupported(
        path: path, place: "array \(shown(name))", found: "big-endian order",
        advice: "Save it with .astype(\"<f4\").")
    }
    let available = storage.byteCount - offset
    guard let count = TensorEntry.elementCount(of: shape), count * type.element.size == available else {
      throw CheckpointError.malformed(
        path: path, place: "array \(shown(name))",
        found: "\(available) bytes for shape \(shape) of \(type.element.rawValue)",
        expected: "as many as the shape needs")
    }
    // Column-major is row-major with the axes turned round.
    let strides =
      isFortranOrder
      ? TensorEntry.contiguousStrides(of: shape.reversed()).reversed()
      : TensorEntry.contiguousStrides(of: shape)
    return TensorEntry(
      name: name, shape: shape, type: type.element, strides: strides, offset: offset, storage: storage)
  }
}

/// The beginning of an `.npy` file: a magic number, a version, and a Python dictionary with three keys.
struct NumpyHeader {
  let type: String
  let isFortranOrder: Bool
  let shape: [Int]
  /// Where the values begin.
  let end: Int

  init(_ bytes: UnsafeRawBufferPointer, path: String, place: String) throws {
    func malformed(_ found: String, expected: String) -> CheckpointError {
      .malformed(path: path, place: shown(place), found: found, expected: expected)
    }
    guard NumpyReader.recognises(bytes), bytes.count >= 12 else {
      throw malformed("no NumPy header", expected: "one")
    }
    let start = bytes[6] == 1 ? 10 : 12
    let length =
      bytes[6] == 1 ? Int(bytes.number(at: 8, as: UInt16.self)) : Int(bytes.number(at: 8, as: UInt32.self))
    guard (1...3).contains(bytes[6]) else {
      throw malformed("version \(bytes[6]) of the format", expected: "1, 2 or 3")
    }
    guard length <= bytes.count - start else {
      throw CheckpointError.truncated(
        path: path, place: "\(shown(place)): the header", needed: length, available: bytes.count - start)
    }
    end = start + length
    var literal = PythonLiteral(bytes[start..<end])
    guard let facts = literal.header() else {
      throw malformed(
        "the header \(shown(String(decoding: bytes[start..<end], as: UTF8.self)))",
        expected: "descr, fortran_order and shape")
    }
    (type, isFortranOrder, shape) = facts
  }
}

/// Reads just the dictionary of a NumPy header, such as
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
private struct PythonLiteral {
  private var rest: Slice<UnsafeRawBufferPointer>

  init(_ bytes: Slice<UnsafeRawBufferPointer>) { rest = bytes }

  mutating func header() -> (type: String, isFortranOrder: Bool, shape: [Int])? {
    var type: String?
    var order: Bool?
    var shape: [Int]?
    guard accept("{") else { return nil }
    while !accept("}") {
      guard let key = text(), accept(":") else { return nil }
      switch key {
      case "descr":
        // A structured type is a list: it is named, not read.
        if let name = text() {
          type = name
        } else {
          guard skipList() else { return nil }
          type = "structured"
        }
      case "fortran_order":
        if word("True") { order = true } else if word("False") { order = false } else { return nil }
      case "shape": shape = tuple()
      default: return nil
      }
      guard accept(",") || rest.first == UInt8(ascii: "}") else { return nil }
    }
    guard let type, let order, let shape else { return nil }
    return (type, order, shape)
  }

  private mutating func skipSpace() {
    while let byte = rest.first, byte == 0x20 || byte == 0x0A { rest.removeFirst() }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard rest.first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    skipSpace()
    return true
  }

  private mutating func word(_ text: String) -> Bool {
    guard rest.starts(with: text.utf8) else { return false }
    rest.removeFirst(text.utf8.count)
    skipSpace()
    return true
  }

  private mutating func text() -> String? {
    guard let quote = rest.first, quote == 0x27 || quote == 0x22,
      let end = rest.dropFirst().firstIndex(of: quote)
    else { return nil }
    let content = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
    rest = rest[(end + 1)...]
    skipSpace()
    return content
  }

  private mutating func tuple() -> [Int]? {
    guard accept("(") else { return nil }
    var values: [Int] = []
    while !accept(")") {
      let digits = rest.prefix { (48...57).contains($0) }
      guard let value = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      rest.removeFirst(digits.count)
      _ = word("L")  // Python 2's long
      values.append(value)
      guard accept(",") || rest.first == UInt8(ascii: ")") else { return nil }
    }
    return values
  }

  /// Passes a bracketed list, whatever is in it.
  private mutating func skipList() -> Bool {
    guard rest.first == UInt8(ascii: "[") else { return false }
    var depth = 0
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "[") { depth += 1 }
      if byte == UInt8(ascii: "]") { depth -= 1 }
      if depth == 0 {
        skipSpace()
        return true
      }
    }
    return false
  }
}
