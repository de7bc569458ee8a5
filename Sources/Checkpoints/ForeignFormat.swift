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
    if bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      return not(
        "an HDF5 file",
        "Of a model of transformers (tf_model.h5): pip install 'transformers<5' tensorflow, then python -c \"from "
          + "transformers import AutoModel; AutoModel.from_pretrained('FOLDER', from_tf=True).save_pretrained('out')\". "
          + "Of Keras (.weights.h5): load the model in Keras and save {w.path: w.numpy() for w in model.weights} with "
          + "safetensors.numpy.save_file; dense kernels are [in × out] there and must be transposed.")
    }
    if let found = named(file) { return found }
    if bytes.starts(with: [0x1F, 0x8B]) { return not("gzip-compressed", "Unpack it with gunzip first.") }
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

  /// Formats that have no mark of their own at the beginning, by their content and the file's ending.
  private static func named(_ file: FileBytes) -> CheckpointError? {
    func not(_ found: String, _ advice: String) -> CheckpointError {
      .notACheckpoint(path: file.path, found: found, advice: advice)
    }
    let bytes = file.bytes
    let version = bytes.count > 6 ? bytes.number(at: 0, as: UInt32.self) : 0
    let length = bytes.count > 6 ? Int(bytes.number(at: 4, as: UInt16.self)) : 0
    if (1...32).contains(version), (2...64).contains(length), bytes.count > 6 + length,
      bytes[5 + length] == 0,
      String(decoding: bytes[6..<(5 + length)], as: UTF8.self).hasSuffix("Spec")
    {
      return not(
        "a CTranslate2 model",
        "Take the model that it was converted from: faster-whisper-base, say, is openai/whisper-base, with weights rounded "
          + "to 16 or 8 bits. CTranslate2 has no command that leads back.")
    }
    return nil
  }

  /// Zip archives that are a model's, but hold no pickle of weights.
  static func archive(_ archive: ZipArchive) -> CheckpointError? {
    let names = archive.entries.map(\.name)
    func has(_ ending: String) -> Bool { names.contains { $0.hasSuffix(ending) } }
    let path = archive.file.path
    if has("model.weights.h5"), has("metadata.json") {
      return .notACheckpoint(
        path: path, found: "a Keras model (.keras)",
        advice: "Convert it: python -c \"import keras, numpy; from safetensors.numpy import save_file; m = "
          + "keras.saving.load_model('MODEL.keras'); save_file({w.path.replace('/', '.'): numpy.asarray(w) for w in "
          + "m.weights}, 'model.safetensors')\"; dense kernels are [in × out] there and must be transposed."
      )
    }
    if has("archive_format") || has("serialized_exported_program.json") || has("models/model.json") {
      return .notACheckpoint(
        path: path, found: "a program of torch.export (.pt2)",
        advice:
          "Write its weights: python -c \"import torch; torch.save(dict(torch.export.load('MODEL.pt2').state_dict), "
          + "'model.pt')\".")
    }
    return nil
  }

  /// The first line, where the beginning of the file is text.
  private static func firstLine(_ bytes: UnsafeRawBufferPointer) -> String? {
    let start = bytes.prefix(256)
    let isText = start.allSatisfy { $0 >= 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    guard isText else { return nil }
    return String(decoding: start.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
  }
}
