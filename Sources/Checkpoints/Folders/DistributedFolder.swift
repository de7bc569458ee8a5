import OrderedCollections

/// A checkpoint of `torch.distributed.checkpoint` (DCP): `.metadata`, a pickle that says which blocks each tensor has and
/// where they lie, and `__0_0.distcp` and others, in which each block is what `torch.save` writes.
struct DistributedFolder {
  private let folder: String
  private let graph: PickleGraph
  private let root: PickleGraph.ID
  private let metadataFile: FileBytes

  init(_ folder: String) throws {
    self.folder = folder
    metadataFile = try FileBytes(mapping: folder + "/.metadata")
    let (file, path) = (metadataFile, metadataFile.path)
    (graph, root) = try withExtendedLifetime(file) {
      var machine = PickleMachine(file.bytes, path: path, place: "pickle")
      let root = try machine.run()
      return (machine.graph, root)
    }
  }

  private typealias Pairs = [PickleGraph.Pair]

  private func malformed(_ place: String, _ found: String, _ expected: String) -> CheckpointError {
    .malformed(path: metadataFile.path, place: place, found: found, expected: expected)
  }

  private func pairs(_ key: String, of id: PickleGraph.ID, _ place: String) throws -> Pairs {
    guard let all = graph.pairs(id), let value = graph.value(key, in: all), let found = graph.pairs(value)
    else {
      throw malformed(place, "no \(key)", "a dictionary")
    }
    return found
  }

  /// Where one block lies: which file and bytes of it, and its place in the tensor.
  private struct Block {
    let offsets: [Int]
    let file: String
    let range: Range<Int>
  }

  func checkpoint() throws -> Checkpoint {
    var content = CheckpointContent()
    let blocks = try blocks()
    var files: [String: FileBytes] = [:]
    for pair in try pairs("state_dict_metadata", of: root, "metadata") {
      guard let name = graph.text(pair.key), let facts = graph.pairs(pair.value) else { continue }
      guard let size = graph.value("size", in: facts), let shape = graph.integers(size) else {
        content.skipped.append(shown(name))
        continue
      }
      // What training alone has is large and nobody's.
      if name.split(separator: ".").contains(where: {
        ["optimizer", "optim", "optimizer_states"].contains($0)
      }) {
        content.skipped.append(shown(name))
        continue
      }
      let parts = try (blocks[name] ?? []).map { block in
        if files[block.file] == nil {
          files[block.file] = try FileBytes(mapping: "\(folder)/\(block.file)")
        }
        guard let file = files[block.file] else { preconditionFailure("a file that was just opened") }
        return (entry: try entry(name, block, file), offsets: block.offsets)
      }
      guard let first = parts.first else {
        throw malformed("tensor \(shown(name))", "no block", "its blocks")
      }
      let own = first.entry.renamed(name)
      content.tensors[name] =
        parts.count == 1 && own.shape == shape
        ? own
        : try JoinedBlocks.entry(name, parts, shape: shape, path: folder) {
          malformed("tensor \(shown(name))", $0, "blocks that make up one tensor of shape \(shape)")
        }
    }
    guard !content.tensors.isEmpty else {
      throw CheckpointError.noTensors(path: folder, keys: content.skipped)
    }
    content = Self.unwrapped(content)
    let all = [metadataFile] + files.sorted { $0.key < $1.key }.map(\.value)
    return Checkpoint(path: folder, format: .distributed, content: content, files: all)
  }

  /// Names without the key under which the state dict was saved, where all tensors are below one.
  private static func unwrapped(_ content: CheckpointContent) -> CheckpointContent {
    let keys = ["model", "state_dict", "app.model", "module"]
    guard
      let key = keys.first(where: { key in content.tensors.keys.allSatisfy { $0.hasPrefix(key + ".") } })
    else {
      return content
    }
    var unwrapped = content
    unwrapped.tensors = [:]
    for (name, entry) in content.tensors {
      let short = String(name.dropFirst(key.count + 1))
      unwrapped.tensors[short] = entry.renamed(short)
    }
    return unwrapped
  }

  /// `storage_data`: for each block its tensor, its place in that, and where it lies.
  private func blocks() throws -> [String: [Block]] {
    var blocks: [String: [Block]] = [:]
    for pair in try pairs("storage_data", of: root, "metadata") {
      guard let index = graph.pairs(pair.key), let place = graph.pairs(pair.value),
        let name = graph.value("fqn", in: index).flatMap({ graph.text($0) }),
        let file = graph.value("relative_path", in: place).flatMap({ graph.text($0) }),
        let start = graph.value("offset", in: place).flatMap({ graph.integer($0) }),
        let length = graph.value("length", in: place).flatMap({ graph.integer($0) })
      else {
        throw malformed(
          "storage_data", "an entry without its tensor or place", "fqn, relative_path, offset, length")
      }
      let parts = file.split(separator: "/", omittingEmptySubsequences: false)
      guard !file.isEmpty, !parts.contains(".."), !parts.contains(""), start >= 0, length >= 0,
        length <= Int.max - start
      else {
        throw malformed(
          "tensor \(shown(name))", "the place \(shown(file)), \(start), \(length)", "a file of the folder")
      }
      if let transforms = graph.value("transform_descriptors", in: place),
        graph.sequence(transforms)?.isEmpty == false
      {
        throw CheckpointError.unsupported(
          path: metadataFile.path, place: "tensor \(shown(name))",
          found: "a block that is compressed or encrypted",
          advice:
            "Save it without extensions, or join it: python -m torch.distributed.checkpoint.format_utils "
            + "dcp_to_torch \(folder) model.pt.")
      }
      let offsets = graph.value("offset", in: index).flatMap { graph.integers($0) } ?? []
      blocks[name, default: []].append(Block(offsets: offsets, file: file, range: start..<(start + length)))
    }
    return blocks
  }

  /// The one tensor of a block.
  private func entry(_ name: String, _ block: Block, _ file: FileBytes) throws -> TensorEntry {
    guard block.range.upperBound <= file.count else {
      throw CheckpointError.truncated(
        path: file.path, place: "a block of tensor \(shown(name))", needed: block.range.upperBound,
        available: file.count)
    }
    let (_, content) = try Checkpoint.read(FileBytes(block.range, of: file))
    guard content.tensors.count == 1, let entry = content.tensors.values.first else {
      throw malformed("tensor \(shown(name))", "\(content.tensors.count) tensors in a block", "one")
    }
    return entry
  }
}
