import OrderedCollections

/// Flax's parameters (`flax.serialization`, MessagePack) under PyTorch's names and in its order of axes.
///
/// A `kernel` has its inputs before its outputs, and a convolution's time before both: all axes are exchanged. `scale` and
/// `embedding` are called `weight`, a batch norm's `mean` and `var` as PyTorch calls them.
enum FlaxReader {
  /// A MessagePack dictionary with a text as its first key, in a file that is called so.
  static func recognises(_ file: FileBytes) -> Bool {
    let bytes = file.bytes
    guard file.path.hasSuffix(".msgpack"), bytes.count > 2 else { return false }
    return (0x80...0x8F).contains(bytes[0]) || bytes[0] == 0xDE || bytes[0] == 0xDF
  }

  static func read(_ file: FileBytes) throws -> CheckpointContent {
    var reader = MessagePackReader(file)
    var content = CheckpointContent()
    var found: [(path: [String], entry: TensorEntry)] = []
    try reader.arrays { path, entry in found.append((path, entry)) }
    // A training state has them beside the optimiser's.
    let tops = Set(found.compactMap(\.path.first))
    let collections: Set<String> = ["params", "batch_stats"]
    let hasCollections = tops.contains("params")
    for (path, entry) in found {
      if hasCollections, let top = path.first, !collections.contains(top) { continue }
      let (name, tensor) = torch(hasCollections ? Array(path.dropFirst()) : path, entry)
      guard content.tensors.updateValue(tensor, forKey: name) == nil else {
        throw CheckpointError.malformed(
          path: file.path, place: "array \(shown(name))", found: "it twice", expected: "each name once")
      }
    }
    if hasCollections {
      for top in tops.subtracting(collections).sorted() { content.skipped.append(shown(top)) }
    }
    guard !content.tensors.isEmpty else {
      throw CheckpointError.noTensors(path: file.path, keys: tops.sorted().prefix(20).map { shown($0) })
    }
    return content
  }

  /// An array's PyTorch name and order of axes.
  private static func torch(_ path: [String], _ entry: TensorEntry) -> (String, TensorEntry) {
    var parts = path
    var tensor = entry
    switch path.last {
    case "kernel":
      parts[parts.count - 1] = "weight"
      // Of a picture's convolution, [height, width, inputs, outputs], height stays before width.
      tensor = entry.shape.count == 4 ? entry.withAxes([3, 2, 0, 1]) : entry.reversed
    case "scale", "embedding": parts[parts.count - 1] = "weight"
    case "mean": parts[parts.count - 1] = "running_mean"
    case "var": parts[parts.count - 1] = "running_var"
    default: break
    }
    let name = parts.joined(separator: ".")
    return (name, tensor.renamed(name))
  }
}

extension TensorEntry {
  /// A view with its axes in another order.
  func withAxes(_ order: [Int]) -> TensorEntry {
    TensorEntry(
      name: name, shape: order.map { shape[$0] }, type: type, strides: order.map { strides[$0] },
      offset: offset, storage: storage)
  }
}

/// Reads the arrays of nested MessagePack dictionaries (https://github.com/msgpack/msgpack/blob/master/spec.md).
struct MessagePackReader {
  private static let depthLimit = 64
  private static let types: [String: ElementType] = [
    "float32": .float32, "float16": .float16, "bfloat16": .bfloat16, "float64": .float64, "int8": .int8,
    "int16": .int16, "int32": .int32, "int64": .int64, "uint8": .uint8, "uint16": .uint16,
    "uint32": .uint32, "uint64": .uint64, "bool": .bool, "float8_e4m3fn": .float8E4M3,
    "float8_e5m2": .float8E5M2,
  ]

  private let file: FileBytes
  private var reader: ByteReader

  init(_ file: FileBytes) {
    self.file = file
    reader = ByteReader(file)
  }

  /// Hands over every array with the keys that lead to it.
  mutating func arrays(_ body: ([String], TensorEntry) throws -> Void) throws {
    try value([], body)
    guard reader.isAtEnd else { throw malformed("bytes behind the end", expected: "none") }
  }

  private func malformed(_ found: String, expected: String) -> CheckpointError {
    .malformed(path: file.path, place: "byte \(reader.position)", found: found, expected: expected)
  }

  private mutating func value(_ path: [String], _ body: ([String], TensorEntry) throws -> Void) throws {
    guard path.count <= Self.depthLimit else {
      throw CheckpointError.limit(
        path: file.path, place: "dictionaries inside each other", found: path.count, limit: Self.depthLimit)
    }
    switch try head() {
    case .dictionary(let count):
      for _ in 0..<count {
        guard case .text(let key) = try head() else {
          throw malformed("a key of another kind", expected: "text")
        }
        if key == "__msgpack_chunked_array__" {
          throw CheckpointError.unsupported(
            path: file.path, place: "array \(shown(path.joined(separator: ".")))",
            found: "an array of more than a gigabyte in parts",
            advice:
              "Load it with flax.serialization.msgpack_restore and save it with safetensors.flax.save_file."
          )
        }
        try value(path + [key], body)
      }
    case .list(let count): for index in 0..<count { try value(path + ["\(index)"], body) }
    case .typed(1, let range): try body(path, array(path, range))
    case .typed, .text, .bytes, .number: break
    }
  }

  /// An array: its shape, its type's name and its values, in a MessagePack list of its own.
  private func array(_ path: [String], _ range: Range<Int>) throws -> TensorEntry {
    var inner = self
    inner.reader.position = range.lowerBound
    let name = path.joined(separator: ".")
    func broken(_ found: String) -> CheckpointError {
      .malformed(
        path: file.path, place: "array \(shown(name))", found: found, expected: "a shape, a type and values"
      )
    }
    guard case .list(3) = try inner.head(), case .list(let rank) = try inner.head(), rank <= 16 else {
      throw broken("something else")
    }
    var shape: [Int] = []
    for _ in 0..<rank {
      guard case .number(let extent?) = try inner.head() else { throw broken("no shape") }
      shape.append(extent)
    }
    guard case .text(let typeName) = try inner.head() else { throw broken("no type") }
    guard let type = Self.types[typeName] else {
      throw CheckpointError.unsupported(
        path: file.path, place: "array \(shown(name))", found: "type \(shown(typeName))",
        advice: "Convert it to float32 first.")
    }
    guard case .bytes(let values) = try inner.head(), values.upperBound <= range.upperBound,
      let count = TensorEntry.elementCount(of: shape), values.count == count * type.size
    else { throw broken("shape \(shape) of \(shown(typeName)) and other values") }
    return TensorEntry(
      name: name, shape: shape, type: type, strides: TensorEntry.contiguousStrides(of: shape), offset: 0,
      storage: Storage(file, values))
  }

  private enum Head {
    case dictionary(Int)
    case list(Int)
    case text(String)
    case bytes(Range<Int>)
    /// Bytes with a type of the program's own.
    case typed(Int8, Range<Int>)
    /// A whole number; nil for everything else that has a fixed size.
    case number(Int?)
  }

  /// What comes next; of dictionaries and lists only how many members they have.
  private mutating func head() throws -> Head {
    let byte: UInt8 = try reader.number("a value")
    func size<T: FixedWidthInteger>(_: T.Type) throws -> Int {
      Int(clamping: T(bigEndian: try reader.number("a size", as: T.self)))
    }
    func text(_ count: Int) throws -> Head { .text(try reader.text(count, "a text")) }
    func typed(_ count: Int) throws -> Head {
      let kind: Int8 = try reader.number("a type")
      return .typed(kind, try reader.take(count, "an array"))
    }
    switch byte {
    case 0...0x7F: return .number(Int(byte))
    case 0x80...0x8F: return .dictionary(Int(byte & 0x0F))
    case 0x90...0x9F: return .list(Int(byte & 0x0F))
    case 0xA0...0xBF: return try text(Int(byte & 0x1F))
    case 0xC0, 0xC2, 0xC3: return .number(nil)
    case 0xC4: return .bytes(try reader.take(try size(UInt8.self), "bytes"))
    case 0xC5: return .bytes(try reader.take(try size(UInt16.self), "bytes"))
    case 0xC6: return .bytes(try reader.take(try size(UInt32.self), "bytes"))
    case 0xC7: return try typed(try size(UInt8.self))
    case 0xC8: return try typed(try size(UInt16.self))
    case 0xC9: return try typed(try size(UInt32.self))
    case 0xCA:
      _ = try reader.take(4, "a number")
      return .number(nil)
    case 0xCB:
      _ = try reader.take(8, "a number")
      return .number(nil)
    case 0xCC: return .number(try size(UInt8.self))
    case 0xCD: return .number(try size(UInt16.self))
    case 0xCE: return .number(try size(UInt32.self))
    case 0xCF: return .number(try size(UInt64.self))
    case 0xD0: return .number(try size(Int8.self))
    case 0xD1: return .number(try size(Int16.self))
    case 0xD2: return .number(try size(Int32.self))
    case 0xD3: return .number(try size(Int64.self))
    case 0xD4...0xD8: return try typed(1 << Int(byte - 0xD4))
    case 0xD9: return try text(try size(UInt8.self))
    case 0xDA: return try text(try size(UInt16.self))
    case 0xDB: return try text(try size(UInt32.self))
    case 0xDC: return .list(try size(UInt16.self))
    case 0xDD: return .list(try size(UInt32.self))
    case 0xDE: return .dictionary(try size(UInt16.self))
    case 0xDF: return .dictionary(try size(UInt32.self))
    case 0xE0...0xFF: return .number(Int(Int8(bitPattern: byte)))
    default: throw malformed("the byte \(byte)", expected: "a value")
    }
  }
}
