import OrderedCollections

/// llama.cpp's GGUF, versions 2 and 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): settings, the
/// places of tensors, and their values.
enum GGUFReader {
  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: "GGUF".utf8) }

  static func read(_ file: FileBytes) throws -> CheckpointContent {
    var reader = ByteReader(file, from: 4)
    let version: UInt32 = try reader.number("version")
    guard version == 2 || version == 3 else {
      throw CheckpointError.unsupported(
        path: file.path, place: "header", found: "GGUF of version \(version)",
        advice: version.byteSwapped <= 3
          ? "It is big-endian: convert it with gguf-py's gguf_convert_endian.py."
          : "Convert it again with the present llama.cpp.")
    }
    let tensorCount = try reader.count("number of tensors", as: UInt64.self, limit: 1_000_000)
    let settingCount = try reader.count("number of settings", as: UInt64.self, limit: 1_000_000)
    var content = CheckpointContent()
    var settings: [String: MetadataValue] = [:]
    for _ in 0..<settingCount {
      let key = try text(&reader, "a setting's key")
      settings[key] = try value(
        &reader, type: try reader.number("the type of \(shown(key))"), key: shown(key), depth: 0)
    }
    content.metadata["gguf"] = .dictionary(settings)
    let alignment = settings["general.alignment"]?.integer ?? 32
    guard (1...65_536).contains(alignment) else {
      throw CheckpointError.malformed(
        path: file.path, place: "general.alignment", found: "\(alignment)", expected: "1 to 65536")
    }
    var places: [(name: String, type: GGMLType, shape: [Int], offset: Int)] = []
    for _ in 0..<tensorCount { places.append(try place(&reader)) }
    let start = (reader.position + alignment - 1) / alignment * alignment
    for (name, type, shape, offset) in places {
      guard offset <= file.count else {
        throw CheckpointError.truncated(
          path: file.path, place: "tensor \(shown(name))", needed: offset, available: file.count)
      }
      let entry = try type.entry(name, shape: shape, file: file, offset: start + offset)
      guard content.tensors.updateValue(entry, forKey: name) == nil else {
        throw CheckpointError.malformed(
          path: file.path, place: "tensor \(shown(name))", found: "it twice", expected: "each name once")
      }
    }
    guard !content.tensors.isEmpty else {
      throw CheckpointError.noTensors(
        path: file.path, keys: settings.keys.sorted().prefix(20).map { shown($0) })
    }
    return content
  }

  private static func text(_ reader: inout ByteReader, _ place: String) throws -> String {
    let count = try reader.count(place, as: UInt64.self, limit: 1 << 24)
    return try reader.text(count, place)
  }

  private static func place(_ reader: inout ByteReader) throws -> (String, GGMLType, [Int], Int) {
    let name = try text(&reader, "a tensor's name")
    let place = "tensor \(shown(name))"
    let rank = try reader.count(place, as: UInt32.self, limit: 8)
    // The shortest stride comes first.
    let shape = try (0..<rank).map { _ in try reader.count(place, as: UInt64.self, limit: 1 << 40) }
      .reversed()
    let code: UInt32 = try reader.number(place)
    guard let type = GGMLType(rawValue: code) else {
      throw CheckpointError.unsupported(
        path: reader.path, place: place, found: "ggml's type number \(code)",
        advice: "Convert it with llama.cpp: llama-quantize --allow-requantize MODEL float.gguf F32.")
    }
    let offset = try reader.count(place, as: UInt64.self, limit: 1 << 48)
    return (name, type, Array(shape), offset)
  }

  /// A setting's value; long lists, such as vocabularies, are passed and left out.
  private static func value(
    _ reader: inout ByteReader, type: UInt32, key: String, depth: Int
  ) throws -> MetadataValue {
    switch type {
    case 0: return .integer(Int(try reader.number(key, as: UInt8.self)))
    case 1: return .integer(Int(try reader.number(key, as: Int8.self)))
    case 2: return .integer(Int(try reader.number(key, as: UInt16.self)))
    case 3: return .integer(Int(try reader.number(key, as: Int16.self)))
    case 4: return .integer(Int(try reader.number(key, as: UInt32.self)))
    case 5: return .integer(Int(try reader.number(key, as: Int32.self)))
    case 6: return .number(Double(Float(bitPattern: try reader.number(key))))
    case 7: return .bool(try reader.number(key, as: UInt8.self) != 0)
    case 8: return .string(try text(&reader, key))
    case 9:
      let element: UInt32 = try reader.number(key)
      let count = try reader.count(key, as: UInt64.self, limit: 1 << 28)
      guard depth < 4 else {
        throw CheckpointError.limit(
          path: reader.path, place: "lists inside \(key)", found: depth + 1, limit: 4)
      }
      var kept: [MetadataValue] = []
      for index in 0..<count {
        let item = try value(&reader, type: element, key: key, depth: depth + 1)
        if index < 1024 { kept.append(item) }
      }
      return .list(kept)
    case 10: return .number(Double(try reader.number(key, as: UInt64.self)))
    case 11: return .integer(Int(try reader.number(key, as: Int64.self)))
    case 12: return .number(Double(bitPattern: try reader.number(key)))
    default:
      throw CheckpointError.malformed(
        path: reader.path, place: "setting \(key)", found: "type \(type)", expected: "0 to 12")
    }
  }
}
