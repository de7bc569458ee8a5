/// Says what a file is that is not a checkpoint of a kind that is read here, and what to do about it.
enum ForeignFormat {
  static func error(_ file: FileBytes) -> CheckpointError {
    let bytes = file.bytes
    func starts(_ text: String) -> Bool { bytes.starts(with: text.utf8) }
    func not(_ found: String, _ advice: String) -> CheckpointError {
      .notACheckpoint(path: file.path, found: found, advice: advice)
    }
    if bytes.isEmpty { return not("empty (0 bytes)", "Copy or download it again.") }
    if starts("version https://git-lfs") {
      return not(
        "a Git LFS pointer, a note of \(bytes.count) bytes that stands for the real file",
        "Run `git lfs pull` in its repository, or download the file itself.")
    }
    if starts("\u{89}HDF") || bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      return not("an HDF5 file", "Convert it to safetensors.")
    }
    if starts("GGUF") { return not("a GGUF file", "Take the safetensors version of the model.") }
    if bytes.starts(with: [0x1F, 0x8B]) { return not("gzip-compressed", "Unpack it with gunzip first.") }
    if bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) {
      return not(
        "a tar archive",
        "Unpack it; NeMo's .nemo archives have model_weights.ckpt inside, which can be read.")
    }
    let start = String(decoding: bytes.prefix(512), as: UTF8.self)
    let words = start.drop { $0.isWhitespace }.lowercased()
    if words.hasPrefix("<!doctype") || words.hasPrefix("<html") || words.hasPrefix("<?xml") {
      return not("a web page", "The download met a login or error page: download it again.")
    }
    if let line = firstLine(bytes) {
      return not("text, beginning \"\(shown(line.prefix(60)))\"", "Give the file with the weights.")
    }
    let hex = bytes.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    return not(
      "of an unknown format, beginning with the bytes \(hex)",
      "What can be read: safetensors, torch (.pt, .pth, .ckpt, .bin), NumPy (.npz, .npy).")
  }

  /// The first line, where the beginning of the file is text.
  private static func firstLine(_ bytes: UnsafeRawBufferPointer) -> String? {
    let start = bytes.prefix(256)
    let isText = start.allSatisfy { $0 >= 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    guard isText else { return nil }
    return String(decoding: start.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
  }
}
