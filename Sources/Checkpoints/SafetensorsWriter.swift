import Synchronization
import Tensors

/// Writes safetensors files.
public enum SafetensorsWriter {
  /// Writes `tensors` as F32 in the order given, with `metadata` as the header's `__metadata__`.
  ///
  /// The same arguments give the same bytes. The values begin at a multiple of eight, so that readers can map
  /// them. The file appears under its name only when it is complete.
  ///
  /// Throws `CheckpointError.writeFailed`, also where two tensors have the same name.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String
  ) throws {
    var header = try header(tensors.map { ($0.name, $0.tensor.shape) }, metadata, path: path)
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
    try FileWriter.write(to: path) { file in
      try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.write($0) }
      try file.write(header)
      for (_, tensor) in tensors {
        try tensor.withUnsafeBuffer { try file.write(UnsafeRawBufferPointer($0)) }
      }
    }
  }

  /// Writes tensors one by one as they are made, so that only one of them need be in memory. Their names must be
  /// `names` or some of them: room for the header is left by these, and filled up with blanks.
  /// - Throws: `CheckpointError.writeFailed`, and for a name that was not announced; what `body` throws.
  public static func write(
    expecting names: [String], metadata: [String: String] = [:], to path: String,
    _ body: (_ append: @escaping @Sendable (String, Tensor) throws -> Void) throws -> Void
  ) throws {
    let room = try header(names.map { ($0, []) }, metadata, path: path).count + names.count * numbersRoom
    let size = (room + 7) / 8 * 8
    let expected = Set(names)
    try FileWriter.write(to: path) { file in
      try withUnsafeBytes(of: UInt64(size).littleEndian) { try file.write($0) }
      try file.write([UInt8](repeating: 0x20, count: size))
      let written = Mutex<[(name: String, shape: [Int])]>([])
      try body { name, tensor in
        guard expected.contains(name) else {
          throw CheckpointError.writeFailed(
            path: path, reason: "no room was left for a tensor \(shown(name))")
        }
        try tensor.withUnsafeBuffer { try file.write(UnsafeRawBufferPointer($0)) }
        written.withLock { $0.append((name, tensor.shape)) }
      }
      let header = try header(written.withLock { $0 }, metadata, path: path)
      guard header.count <= size else {
        throw CheckpointError.writeFailed(
          path: path, reason: "tensors of more than three axes do not fit its header")
      }
      try file.overwrite(header, at: 8)
    }
  }

  /// The characters of a tensor's extents and offsets beyond those of a scalar: three of up to 11 digits, two of up
  /// to 15.
  private static let numbersRoom = 3 * 12 + 2 * 15

  /// The JSON header.
  private static func header(
    _ tensors: [(name: String, shape: [Int])], _ metadata: [String: String], path: String
  ) throws -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for (name, extents) in tensors {
      guard names.insert(name).inserted else {
        throw CheckpointError.writeFailed(path: path, reason: "two tensors are called \(shown(name))")
      }
      let shape = extents.map(String.init).joined(separator: ",")
      let end = offset + 4 * Tensor.elementCount(of: extents)
      members.append(
        "\(quoted(name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    return Array("{\(members.joined(separator: ","))}".utf8)
  }

  /// A JSON string.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
