/// whisper.cpp's own files (`ggml-base.bin`): a Whisper model under openai-whisper's names, plain or quantised, behind
/// its dimensions, mel filters and vocabulary (models/convert-pt-to-ggml.py of whisper.cpp).
enum GGMLWhisperReader {
  /// 0x67676d6c in little-endian order.
  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: "lmgg".utf8) }

  private static let dimensions = [
    "n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer", "n_text_ctx",
    "n_text_state",
    "n_text_head", "n_text_layer", "n_mels", "ftype",
  ]

  static func read(_ file: FileBytes) throws -> CheckpointContent {
    var reader = ByteReader(file, from: 4)
    var content = CheckpointContent()
    var dims: [String: MetadataValue] = [:]
    for key in dimensions { dims[key] = .integer(try reader.count(key, as: Int32.self, limit: 1 << 24)) }
    content.metadata["dims"] = .dictionary(dims)
    let bands = try reader.count("mel bands", as: Int32.self, limit: 1024)
    let bins = try reader.count("mel bins", as: Int32.self, limit: 65_536)
    _ = try reader.take(bands * bins * 4, "mel filters")
    for _ in 0..<(try reader.count("vocabulary", as: Int32.self, limit: 1 << 22)) {
      let length = try reader.count("a token", as: UInt32.self, limit: 1 << 20)
      _ = try reader.take(length, "a token")
    }
    while !reader.isAtEnd {
      let (name, entry) = try tensor(&reader, file)
      guard content.tensors.updateValue(entry, forKey: name) == nil else {
        throw CheckpointError.malformed(
          path: file.path, place: "tensor \(shown(name))", found: "it twice", expected: "each name once")
      }
    }
    guard !content.tensors.isEmpty else { throw CheckpointError.noTensors(path: file.path, keys: []) }
    return content
  }

  private static func tensor(_ reader: inout ByteReader, _ file: FileBytes) throws -> (String, TensorEntry)
  {
    let rank = try reader.count("a tensor's axes", as: Int32.self, limit: 4)
    let length = try reader.count("the length of a tensor's name", as: Int32.self, limit: 4096)
    let code: UInt32 = try reader.number("a tensor's type")
    var shape = try (0..<rank).map { _ in
      try reader.count("a tensor's shape", as: Int32.self, limit: 1 << 30)
    }
    shape.reverse()
    let name = try reader.text(length, "a tensor's name")
    guard let type = GGMLType(rawValue: code) else {
      throw CheckpointError.unsupported(
        path: file.path, place: "tensor \(shown(name))", found: "ggml's type number \(code)",
        advice: "Take the file in f16, or quantise it anew with whisper.cpp's quantize.")
    }
    let entry = try type.entry(name, shape: shape, file: file, offset: reader.position)
    _ = try reader.take(entry.count / type.block.values * type.block.bytes, "tensor \(shown(name))")
    // A convolution's bias is kept as a column.
    let isColumn = name.hasSuffix(".bias") && shape.count == 2 && shape[1] == 1
    guard isColumn else { return (name, entry) }
    return (
      name,
      TensorEntry(
        name: name, shape: [shape[0]], type: entry.type, strides: [1], offset: entry.offset,
        storage: entry.storage)
    )
  }
}
