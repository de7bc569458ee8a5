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
    let header = try header(tensors, metadata, path: path)
    try FileWriter.write(to: path) { file in
      try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.write($0) }
      try file.write(header)
      for (_, tensor) in tensors {
        try tensor.withUnsafeBuffer { try file.write(UnsafeRawBufferPointer($0)) }
      }
    }
  }

  /// The JSON header, filled up with blanks to a multiple of eight bytes.
  private static func header(
    _ tensors: [(name: String, tensor: Tensor)], _ metadata: [String: String], path: String
  ) throws -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for (name, tensor) in tensors {
      guard names.insert(name).inserted else {
        throw CheckpointError.writeFailed(path: path, reason: "two tensors are called \(shown(name))")
      }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = offset + 4 * tensor.count
      members.append(
        "\(quoted(name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
    return header
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
