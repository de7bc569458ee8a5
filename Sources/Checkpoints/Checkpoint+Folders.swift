import Foundation

// Folders, and checkpoints in several parts.

extension Checkpoint {
  /// The names that Hugging Face's libraries give, in the order of preference.
  private static let folderNames = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
    "pytorch_model.bin.index.json",
  ]
  /// What a training run leaves beside its weights.
  private static let trainingFiles = [
    "optimizer", "scheduler", "rng_state", "random_states", "training_args", "scaler",
  ]
  private static let suffixes = [
    ".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".npz", ".gguf", ".nemo", ".onnx", ".pt2",
    ".msgpack",
  ]

  /// Whether a folder has weights of its own under one of the names that Hugging Face's libraries give.
  public static func isModelFolder(_ path: String) -> Bool {
    folderNames.contains { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
  }

  static func openFolder(_ folder: String) throws -> Checkpoint {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      throw CheckpointError.missing(path: folder, reason: "the folder cannot be listed")
    }
    let candidates = names.filter { name in
      suffixes.contains { name.hasSuffix($0) } && !trainingFiles.contains { name.hasPrefix($0) }
        && !Adapter.weightNames.contains(name)
    }
    // Of a variant (`model.fp16.safetensors`) the index stands for its parts.
    let indices = names.filter { $0.contains(".index.") && $0.hasSuffix(".json") }
    let name =
      folderNames.first(where: names.contains) ?? (indices.count == 1 ? indices[0] : nil)
      ?? (candidates.count == 1 ? candidates[0] : nil)
    let weights: Checkpoint
    if let name {
      weights = try open(FileBytes(mapping: "\(folder)/\(name)"))
    } else if names.contains(".metadata") {
      weights = try DistributedFolder(folder).checkpoint()
    } else if let parts = try ShardedFolder(folder, candidates) {
      weights = try parts.checkpoint()
    } else {
      throw CheckpointError.missing(
        path: folder,
        reason: FolderAdvice.words(folder, names: names, candidates: candidates, looked: folderNames))
    }
    var metadata = weights.metadata.dictionary ?? [:]
    for key in ["config", "preprocessor_config"] where names.contains("\(key).json") {
      let file = try FileBytes(mapping: "\(folder)/\(key).json")
      metadata[key] = try JSONParser.parse(file.bytes, path: file.path, place: "JSON").metadata
    }
    var checkpoint = Checkpoint(
      path: folder, format: weights.format, tensors: weights.tensors, metadata: .dictionary(metadata),
      skipped: weights.skipped, foreignClasses: weights.foreignClasses, files: weights.files)
    (checkpoint.remarks, checkpoint.warnings) = (weights.remarks, weights.warnings)
    checkpoint.unreadArrays = weights.unreadArrays
    checkpoint.others = weights.others
    return checkpoint
  }

  private static func openPart(_ path: String, of index: String) throws -> FileBytes {
    do {
      return try FileBytes(mapping: path)
    } catch CheckpointError.missing(let path, let reason) {
      throw CheckpointError.missing(
        path: path, reason: "\(reason); \(index) names it as a part of the checkpoint: fetch all parts")
    }
  }

  static func openShards(_ file: FileBytes) throws -> Checkpoint {
    let index = try ShardIndex(file)
    var files: [FileBytes] = []
    var all = CheckpointContent()
    var format: Format?
    var shards: [String: CheckpointContent] = [:]
    for shard in index.files {
      let part = try openPart("\(index.folder)/\(shard)", of: file.path)
      let (partFormat, content) = try read(part)
      files += [part] + content.files
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
