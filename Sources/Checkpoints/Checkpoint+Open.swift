import Foundation
import OrderedCollections

extension Checkpoint {
  /// Opens a checkpoint: a file, a Hugging Face folder, or the `.index.json` of one in several parts. What a
  /// file is, is seen from its content. Only headers are read; values stay in the file.
  ///
  /// Throws `CheckpointError`, which says what the file is instead, where it breaks its format, or what it
  /// asked to be run.
  public static func open(_ path: String) throws -> Checkpoint {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      return try openFolder(path)
    }
    return try open(FileBytes(mapping: path))
  }

  /// Reads a checkpoint that is in memory; `path` is what errors call it.
  public init(_ bytes: [UInt8], path: String) throws {
    self = try Checkpoint.open(FileBytes(bytes, path: path))
  }

  static func open(_ file: FileBytes) throws -> Checkpoint {
    if ShardIndex.recognises(file.bytes) { return try openShards(file) }
    let (format, content) = try read(file)
    return Checkpoint(path: file.path, format: format, content: content, files: [file] + content.files)
  }

  /// Reads one file that stands for itself.
  static func read(_ file: FileBytes) throws -> (Format, CheckpointContent) {
    let bytes = file.bytes
    if ZipArchive.recognises(bytes) {
      let archive = try ZipArchive(file)
      if let description = TorchReader.description(in: archive) {
        return (.torch, try TorchReader.read(archive, description: description))
      }
      if archive.entries.contains(where: NumpyReader.isArray) {
        return (.numpyArchive, try NumpyReader.read(archive))
      }
      if let table = try TorchExportReader.table(in: archive) {
        return (.torchExport, try TorchExportReader.read(archive, table: table))
      }
      if let foreign = ForeignFormat.archive(archive) { throw foreign }
      let names = archive.entries.prefix(5).map { shown($0.name) }.joined(separator: ", ")
      throw CheckpointError.notACheckpoint(
        path: file.path, found: "a zip archive of \(names.isEmpty ? "nothing" : names)",
        advice: "A torch file has data.pkl in it, a NumPy archive .npy files.")
    }
    if NumpyReader.recognises(bytes) {
      return (.numpy, try NumpyReader.read(file, name: stem(of: file.path)))
    }
    if GGUFReader.recognises(bytes) { return (.gguf, try GGUFReader.read(file)) }
    if GGMLWhisperReader.recognises(bytes) { return (.ggml, try GGMLWhisperReader.read(file)) }
    if TarArchive.recognises(bytes) { return (.nemo, try NeMoReader.read(file)) }
    // Before pickles: a header of 640 bytes, say, begins as they do.
    if SafetensorsReader.recognises(bytes) { return (.safetensors, try SafetensorsReader.read(file)) }
    if PickleStreamReader.recognises(bytes) {
      return (PickleStreamReader.isTorch(bytes) ? .torchLegacy : .pickle, try PickleStreamReader.read(file))
    }
    if ONNXReader.recognises(file) { return (.onnx, try ONNXReader.read(file)) }
    if FlaxReader.recognises(file) { return (.flax, try FlaxReader.read(file)) }
    throw ForeignFormat.error(file)
  }

  private static func stem(of path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.hasSuffix(".npy") ? String(name.dropLast(4)) : name
  }
}
