/// A tensor of an ONNX file: its values in the file, or in another one beside it.
struct ONNXTensor {
  private var name = ""
  private var shape: [Int] = []
  private var type = 0
  private var data: Range<Int>?
  private var isExternal = false
  private var external: [String: String] = [:]

  private static let types: [Int: ElementType] = [
    1: .float32, 2: .uint8, 3: .int8, 4: .uint16, 5: .int16, 6: .int32, 7: .int64, 9: .bool, 10: .float16,
    11: .float64, 12: .uint32, 13: .uint64, 14: .complex64, 15: .complex128, 16: .bfloat16,
    17: .float8E4M3, 18: .float8E4M3FNUZ, 19: .float8E5M2, 20: .float8E5M2FNUZ,
  ]

  init(_ file: FileBytes, _ range: Range<Int>) throws {
    try file.forEachField(range) { field in
      switch (field.number, field.value) {
      case (1, .number(let extent)): shape.append(Int(clamping: extent))
      case (1, .bytes(let packed)):
        var reader = ProtobufNumbers(file, packed)
        while let extent = try reader.next() { shape.append(Int(clamping: extent)) }
      case (2, .number(let code)): type = Int(clamping: code)
      // Floats one after the other, or bytes of any type; doubles.
      case (4, .bytes(let range)), (9, .bytes(let range)), (10, .bytes(let range)): data = range
      case (8, .bytes(let range)): name = file.text(range)
      case (13, .bytes(let range)):
        let (key, value) = try file.pair(range)
        external[key] = value
      case (14, .number(let place)): isExternal = place == 1
      default: break
      }
    }
  }

  /// nil where the values are texts or numbers written out one by one, which weights are not.
  func entry(_ file: FileBytes, _ others: inout [String: FileBytes]) throws -> TensorEntry? {
    let place = "initialiser \(shown(name))"
    guard let type = Self.types[type], let count = TensorEntry.elementCount(of: shape), shape.count <= 16
    else {
      if self.type == 8 { return nil }
      throw CheckpointError.unsupported(
        path: file.path, place: place, found: "ONNX's type number \(self.type) of shape \(shape)",
        advice: "Export the model in float32.")
    }
    let storage: Storage
    if isExternal {
      storage = try externalStorage(beside: file, &others, byteCount: count * type.size)
    } else {
      guard let data else { return nil }
      storage = Storage(file, data)
    }
    guard storage.byteCount == count * type.size else {
      throw CheckpointError.malformed(
        path: file.path, place: place, found: "\(storage.byteCount) bytes",
        expected: "\(count * type.size) for shape \(shape) of \(type.rawValue)")
    }
    return TensorEntry(
      name: name, shape: shape, type: type, strides: TensorEntry.contiguousStrides(of: shape), offset: 0,
      storage: storage)
  }

  private func externalStorage(
    beside file: FileBytes, _ others: inout [String: FileBytes], byteCount: Int
  ) throws -> Storage {
    let place = "initialiser \(shown(name))"
    let location = external["location"] ?? ""
    guard !location.isEmpty, !location.contains("/"), !location.contains("\\"), location != "..",
      !location.contains("\0")
    else {
      throw CheckpointError.malformed(
        path: file.path, place: place, found: "the file \(shown(location)), which is not beside this one",
        expected: "a file in the same folder")
    }
    let folder = file.path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let path = (folder.map(String.init) + [location]).joined(separator: "/")
    let other = try others[location] ?? FileBytes(mapping: path)
    others[location] = other
    let start = external["offset"].map { Int($0) ?? -1 } ?? 0
    let length = external["length"].map { Int($0) ?? -1 } ?? byteCount
    guard start >= 0, length >= 0, start <= other.count, length <= other.count - start else {
      throw CheckpointError.truncated(
        path: path, place: place, needed: max(0, length), available: max(0, other.count - max(0, start)))
    }
    return Storage(other, start..<(start + length))
  }
}

/// Whole numbers packed one after the other.
private struct ProtobufNumbers {
  private var reader: ByteReader
  private let end: Int

  init(_ file: FileBytes, _ range: Range<Int>) {
    reader = ByteReader(file, from: range.lowerBound)
    end = range.upperBound
  }

  mutating func next() throws -> UInt64? {
    guard reader.position < end else { return nil }
    return try reader.variableNumber()
  }
}

extension TensorEntry {
  /// A view of a matrix with its axes exchanged; nil of anything else.
  var transposed: TensorEntry? {
    guard shape.count == 2 else { return nil }
    return TensorEntry(
      name: name, shape: shape.reversed(), type: type, strides: strides.reversed(), offset: offset,
      storage: storage)
  }

  /// A view with all axes exchanged: the last one first.
  var reversed: TensorEntry {
    TensorEntry(
      name: name, shape: shape.reversed(), type: type, strides: strides.reversed(), offset: offset,
      storage: storage)
  }

  /// A column, `[channels × 1 …]`, as a vector; nil of anything else.
  var flattenedColumn: TensorEntry? {
    guard let count = shape.first, shape.dropFirst().allSatisfy({ $0 == 1 }) else { return nil }
    return TensorEntry(
      name: name, shape: [count], type: type, strides: [strides[0]], offset: offset, storage: storage)
  }
}
