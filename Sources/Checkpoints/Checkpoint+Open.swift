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

  private static func open(_ file: FileBytes) throws -> Checkpoint {
    if ShardIndex.recognises(file.bytes) { return try openShards(file) }
    let (format, content) = try read(file)
    return Checkpoint(path: file.path, format: format, content: content, files: [file])
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
      let names = archive.entries.prefix(5).map { shown($0.name) }.joined(separator: ", ")
      throw CheckpointError.notACheckpoint(
        path: file.path, found: "a zip archive of \(names.isEmpty ? "nothing" : names)",
        advice: "A torch file has data.pkl in it, a NumPy archive .npy files.")
    }
    if NumpyReader.recognises(bytes) {
      return (.numpy, try NumpyReader.read(file, name: stem(of: file.path)))
    }
    // Before pickles: a header of 640 bytes, say, begins as they do.
    if SafetensorsReader.recognises(bytes) { return (.safetensors, try SafetensorsReader.read(file)) }
    if PickleStreamReader.recognises(bytes) {
      return (PickleStreamReader.isTorch(bytes) ? .torchLegacy : .pickle, try PickleStreamReader.read(file))
    }
    throw ForeignFormat.error(file)
  }

  private static func stem(of path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.hasSuffix(".npy") ? String(name.dropLast(4)) : name
  }
}

// MARK: - Folders and parts

extension Checkpoint {
  /// The names that Hugging Face's libraries give, in the order of preference.
  private static let folderNames = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
    "pytorch_model.bin.index.json",
  ]
  private static let suffixes = [".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".npz"]

  private static func openFolder(_ folder: String) throws -> Checkpoint {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      throw CheckpointError.missing(path: folder, reason: "the folder cannot be listed")
    }
    let candidates = names.filter { name in suffixes.contains { name.hasSuffix($0) } }
    guard
      let name = folderNames.first(where: names.contains) ?? (candidates.count == 1 ? candidates[0] : nil)
    else {
      throw CheckpointError.missing(
        path: folder,
        reason: candidates.isEmpty
          ? "no checkpoint in this folder (looked for \(folderNames.joined(separator: ", ")))"
          : "several checkpoints in this folder (\(candidates.joined(separator: ", "))): name one")
    }
    let weights = try open(FileBytes(mapping: "\(folder)/\(name)"))
    var metadata = weights.metadata.dictionary ?? [:]
    for key in ["config", "preprocessor_config"] where names.contains("\(key).json") {
      let file = try FileBytes(mapping: "\(folder)/\(key).json")
      metadata[key] = try JSONParser.parse(file.bytes, path: file.path, place: "JSON").metadata
    }
    return Checkpoint(
      path: folder, format: weights.format, tensors: weights.tensors, metadata: .dictionary(metadata),
      skipped: weights.skipped, foreignClasses: weights.foreignClasses, files: weights.files)
  }

  private static func openPart(_ path: String, of index: String) throws -> FileBytes {
    do {
      return try FileBytes(mapping: path)
    } catch CheckpointError.missing(let path, let reason) {
      throw CheckpointError.missing(
        path: path, reason: "\(reason); \(index) names it as a part of the checkpoint: fetch all parts")
    }
  }

  private static func openShards(_ file: FileBytes) throws -> Checkpoint {
    let index = try ShardIndex(file)
    var files: [FileBytes] = []
    var all = CheckpointContent()
    var format: Format?
    var shards: [String: CheckpointContent] = [:]
    for shard in index.files {
      let part = try openPart("\(index.folder)/\(shard)", of: file.path)
      let (partFormat, content) = try read(part)
      files.append(part)
      format = format ?? partFormat
      shards[shard] = content
      all.skipped += content.skipped
      all.foreignClasses += content.foreignClasses.filter { !all.foreignClasses.contains($0) }
      all.metadata.merge(content.metadata) { first, _ in first }
    }
    for (name, shard) in index.shards {
      guard let entry = shards[shard]?.tensors[name] else {
        throw CheckpointError.malformed(
          path: file.path, place: "tensor \(shown(name))", found: "no such tensor in \(shown(shard))",
          expected: "it there")
      }
      all.tensors[name] = entry
    }
    // A part may hold more than the index says, but never a second version of what it says.
    for shard in index.files {
      for (name, entry) in shards[shard]?.tensors ?? [:] where index.shards[name] == nil {
        guard all.tensors.updateValue(entry, forKey: name) == nil else {
          throw CheckpointError.malformed(
            path: file.path, place: "tensor \(shown(name))", found: "it in two parts and not in the index",
            expected: "each tensor once")
        }
      }
    }
    return Checkpoint(path: file.path, format: format ?? .safetensors, content: all, files: files)
  }
}
