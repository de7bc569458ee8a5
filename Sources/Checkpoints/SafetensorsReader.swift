import OrderedCollections

/// The safetensors format: eight bytes of header length, a JSON header, then the values of all tensors without
/// gaps or overlaps (https://github.com/huggingface/safetensors, "Format").
enum SafetensorsReader {
  /// The reference implementation's own limit on the header.
  static let headerLimit = 100_000_000

  /// Whether `bytes` look like this format: a JSON object after a length that is not itself text.
  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 9 && bytes[8] == UInt8(ascii: "{") && bytes[..<8].contains { $0 < 0x09 || $0 > 0x7E }
  }

  /// The tensors in the header's order, and the header's `__metadata__`.
  static func read(_ file: FileBytes) throws -> CheckpointContent {
    let bytes = file.bytes
    guard bytes.count >= 8 else {
      throw CheckpointError.truncated(
        path: file.path, place: "the header's length", needed: 8, available: bytes.count)
    }
    let length = bytes.number(at: 0, as: UInt64.self)
    guard length <= UInt64(bytes.count - 8) else {
      throw CheckpointError.truncated(
        path: file.path, place: "the header", needed: Int(clamping: length), available: bytes.count - 8)
    }
    guard length <= headerLimit else {
      throw CheckpointError.limit(
        path: file.path, place: "the header's length", found: Int(clamping: length), limit: headerLimit)
    }
    let dataStart = 8 + Int(length)
    let header = UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart])
    guard case .object(let members) = try JSONParser.parse(header, path: file.path, place: "header") else {
      throw CheckpointError.malformed(
        path: file.path, place: "header", found: "JSON of another kind", expected: "an object")
    }

    var content = CheckpointContent()
    content.tensors.reserveCapacity(members.count)
    var ranges: [(range: Range<Int>, name: String)] = []
    for member in members {
      let (name, value) = (member.key, member.value)
      if name == "__metadata__" {
        content.metadata = value.metadata.dictionary ?? [:]
        continue
      }
      let (entry, range) = try entry(name, value, file: file, dataStart: dataStart)
      content.tensors[name] = entry
      ranges.append((range, name))
    }
    try checkCoverage(ranges, of: bytes.count - dataStart, path: file.path)
    return content
  }

  private static func entry(
    _ name: String, _ value: JSON, file: FileBytes, dataStart: Int
  ) throws -> (TensorEntry, Range<Int>) {
    func malformed(_ found: String, expected: String) -> CheckpointError {
      .malformed(path: file.path, place: "tensor \(shown(name))", found: found, expected: expected)
    }
    guard let typeName = value["dtype"]?.string else {
      throw malformed("no \"dtype\"", expected: "the name of a type")
    }
    guard let type = ElementType(rawValue: typeName) else {
      throw CheckpointError.unsupported(
        path: file.path, place: "tensor \(shown(name))", found: "type \(typeName)",
        advice: "Convert it to F32, F16 or BF16 first.")
    }
    guard case .array(let extents)? = value["shape"] else {
      throw malformed("no \"shape\"", expected: "a list of extents")
    }
    let shape = try extents.map { extent in
      guard case .integer(let value) = extent, value >= 0 else {
        throw malformed("an extent that is not a whole number", expected: "extents of 0 or more")
      }
      return value
    }
    guard case .array(let bounds)? = value["data_offsets"], bounds.count == 2,
      case .integer(let begin) = bounds[0], case .integer(let end) = bounds[1]
    else { throw malformed("no \"data_offsets\"", expected: "two offsets") }
    guard begin >= 0, begin <= end else {
      throw malformed("offsets \(begin) to \(end)", expected: "0 ≤ begin ≤ end")
    }
    guard end <= file.count - dataStart else {
      throw CheckpointError.truncated(
        path: file.path, place: "tensor \(shown(name))", needed: end, available: file.count - dataStart)
    }
    guard let count = TensorEntry.elementCount(of: shape) else {
      throw malformed("shape \(shape)", expected: "a size that fits into 64 bits")
    }
    let byteCount = count * type.size
    guard byteCount == end - begin else {
      throw malformed(
        "\(end - begin) bytes", expected: "\(byteCount) for shape \(shape) of \(type.rawValue)")
    }
    let storage = Storage(file, (dataStart + begin)..<(dataStart + end))
    let entry = TensorEntry(
      name: name, shape: shape, type: type, strides: TensorEntry.contiguousStrides(of: shape), offset: 0,
      storage: storage)
    return (entry, begin..<end)
  }

  /// The format wants every byte of the data to belong to exactly one tensor.
  private static func checkCoverage(
    _ ranges: [(range: Range<Int>, name: String)], of total: Int, path: String
  ) throws {
    var end = 0
    for (range, name) in ranges.sorted(by: {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }) {
      guard range.lowerBound == end else {
        throw CheckpointError.malformed(
          path: path, place: "tensor \(shown(name))",
          found: "data that begins at \(range.lowerBound), "
            + (range.lowerBound > end ? "leaving a hole" : "inside its neighbour"),
          expected: "\(end), where the tensor before it ends")
      }
      end = range.upperBound
    }
    guard end == total else {
      throw CheckpointError.malformed(
        path: path, place: "data", found: "\(total) bytes", expected: "\(end), where the last tensor ends")
    }
  }
}
