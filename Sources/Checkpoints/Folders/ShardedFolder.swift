import Foundation
import OrderedCollections

/// A checkpoint in several safetensors files without an index, as PyTorch's `HuggingFaceStorageWriter` leaves it with
/// `save_distributed=True`: `shard-00001-model-00001-of-00002.safetensors`. Each tensor is in one file, or each file has
/// a block of it and says where the block lies (`DCP_SHARDING_INFO`).
struct ShardedFolder {
  private let folder: String
  private let names: [String]

  /// nil where the files have other names. Throws where a part is missing.
  init?(_ folder: String, _ candidates: [String]) throws {
    guard candidates.count > 1 else { return nil }
    var parts: [(shard: Int, part: Int)] = []
    var total = 0
    for name in candidates {
      guard
        let match = name.wholeMatch(of: /(?:shard-(\d{1,9})-)?model-(\d{1,9})-of-(\d{1,9})\.safetensors/),
        let part = Int(match.2), let all = Int(match.3)
      else { return nil }
      parts.append((match.1.flatMap { Int($0) } ?? 1, part))
      total = max(total, all)
    }
    let shards = parts.map(\.shard).max() ?? 1
    let found = Set(parts.map(\.part))
    let missing = (1...max(1, min(total, 100_000))).filter { !found.contains($0) }
    let missingShards = (1...max(1, min(shards, 100_000))).filter { shard in
      !parts.contains { $0.shard == shard }
    }
    guard missing.isEmpty, missingShards.isEmpty else {
      throw CheckpointError.missing(
        path: folder,
        reason: "a checkpoint in parts of which \(missing.isEmpty ? "shard" : "part") "
          + "\((missing.first ?? missingShards.first) ?? 0) is not there: fetch all parts")
    }
    self.folder = folder
    names = candidates
  }

  private struct Block {
    let entry: TensorEntry
    let offsets: [Int]
  }

  func checkpoint() throws -> Checkpoint {
    var blocks: OrderedDictionary<String, [Block]> = [:]
    var all = CheckpointContent()
    var files: [FileBytes] = []
    for name in names {
      let file = try FileBytes(mapping: "\(folder)/\(name)")
      let content = try SafetensorsReader.read(file)
      let told = try content.metadata["DCP_SHARDING_INFO"]?.string.map {
        try MetadataValue(json: Array($0.utf8), path: file.path)
      }
      for (tensor, entry) in content.tensors {
        let offsets = told?[tensor]?["saved_offsets"]?.list?.compactMap(\.integer)
        blocks[tensor, default: []].append(
          Block(entry: entry, offsets: offsets ?? entry.shape.map { _ in 0 }))
      }
      all.metadata.merge(content.metadata) { first, _ in first }
      files.append(file)
    }
    for (name, parts) in blocks { all.tensors[name] = try Self.joined(name, parts, path: folder) }
    return Checkpoint(path: folder, format: .safetensors, content: all, files: files)
  }

  /// The tensor that blocks make up, which must fill it without overlap.
  private static func joined(_ name: String, _ blocks: [Block], path: String) throws -> TensorEntry {
    guard let first = blocks.first else { preconditionFailure("a tensor without a block") }
    if blocks.count == 1, first.offsets.allSatisfy({ $0 == 0 }) { return first.entry }
    func malformed(_ found: String) -> CheckpointError {
      .malformed(
        path: path, place: "tensor \(shown(name))", found: found, expected: "blocks that make up one tensor"
      )
    }
    return try JoinedBlocks.entry(
      name, blocks.map { ($0.entry, $0.offsets) }, path: path, malformed: malformed)
  }
}

/// One tensor out of blocks that each lie somewhere in it.
enum JoinedBlocks {
  /// `shape` where it is known; else the least that holds all blocks.
  static func entry(
    _ name: String, _ blocks: [(entry: TensorEntry, offsets: [Int])], shape known: [Int]? = nil,
    path: String,
    malformed: (String) -> CheckpointError
  ) throws -> TensorEntry {
    guard let type = blocks.first?.entry.type, let rank = blocks.first?.entry.shape.count,
      blocks.allSatisfy({
        $0.entry.type == type && $0.entry.shape.count == rank && $0.offsets.count == rank
          && $0.offsets.allSatisfy { (0...(1 << 40)).contains($0) }
      })
    else { throw malformed("blocks of other types or axes") }
    guard type.isReadable, !type.isInteger || type == .bool else {
      // Whole numbers beside the weights, such as counters, are in one block.
      throw malformed("several blocks of type \(type.rawValue)")
    }
    let least = (0..<rank).map { axis in
      blocks.map { $0.offsets[axis] + $0.entry.shape[axis] }.max() ?? 0
    }
    let shape = known ?? least
    guard shape.count == rank, zip(least, shape).allSatisfy({ $0 <= $1 }),
      let count = TensorEntry.elementCount(of: shape), blocks.reduce(0, { $0 + $1.entry.count }) == count
    else {
      throw malformed(
        "blocks of \(blocks.map(\.entry.shape)) at \(blocks.map(\.offsets)) for shape \(shape)")
    }
    // As many values as there are places: without overlap they fill it.
    for (index, block) in blocks.enumerated() {
      for other in blocks[(index + 1)...] {
        let isApart = (0..<rank).contains { axis in
          block.offsets[axis] + block.entry.shape[axis] <= other.offsets[axis]
            || other.offsets[axis] + other.entry.shape[axis] <= block.offsets[axis]
        }
        guard isApart || block.entry.count == 0 || other.entry.count == 0 else {
          throw malformed("two blocks at one place")
        }
      }
    }
    return TensorEntry(
      derived: name, shape: shape, path: path, origin: "joined from \(blocks.count) blocks"
    ) {
      var values = [Float](repeating: 0, count: count)
      let strides = TensorEntry.contiguousStrides(of: shape)
      for (entry, offsets) in blocks {
        let block = try entry.floats().values
        let own = TensorEntry.contiguousStrides(of: entry.shape)
        for (index, value) in block.enumerated() {
          var target = 0
          for axis in 0..<rank {
            target += (index / own[axis] % max(1, entry.shape[axis]) + offsets[axis]) * strides[axis]
          }
          values[target] = value
        }
      }
      return values
    }
  }
}
