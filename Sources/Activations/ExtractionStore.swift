import Checkpoints
import Files
import Foundation
import Tensors

/// The folder of finished work: sampled vectors in blocks, the moments so far, and a list of both.
///
/// Every file is written under a temporary name and renamed, and counts only when the list names it with the
/// hash of its bytes; a block that is missing, cut or changed is made again, and so are the moments.
struct ExtractionStore: Sendable {
  private struct Manifest: Codable {
    struct File: Codable {
      let name: String
      let fingerprint: String
    }
    var key: String
    var blocks: [File] = []
    var moments: File?
  }

  /// What a block's file says beside its tensors.
  private struct BlockNotes: Codable {
    let first: Int
    let records: [UtteranceRecord]
    let nonFinite: [String: Int]
  }

  /// What the moments' file says beside its tensors; lists have a place for each level.
  private struct MomentsNotes: Codable {
    let summed: Int
    let counts: [Int]
    let classCounts: [[Int]]
    /// The classes of rows that wait, −1 for none.
    let pending: [[Int]]
    /// Of what the summed utterances were decoded from, as `hash(of:)` gives it.
    let contents: String?
  }

  /// The folder of one plan, named by its key, so that other models' and settings' work is never mixed in.
  let folder: String

  init(workFolder: String, plan: ExtractionPlan, part: Range<Int>) throws {
    let isWhole = part == plan.utterances.indices
    folder = workFolder + "/" + plan.key + (isWhole ? "" : "-\(part.lowerBound)-\(part.upperBound)")
    try ResultFolder.makeFolder(folder)
    PartFile.removeStale(in: folder)
  }

  // MARK: Reading

  /// What is there, whole, and made of the sound that is there now; and the utterances whose sound is another.
  func load(_ plan: ExtractionPlan, _ part: Range<Int>, empty: [MomentsAccumulator?]) -> (
    blocks: [Int: SampleBlock], moments: [MomentsAccumulator?], summed: Int, changed: [Int]
  ) {
    guard let manifest = manifest(plan) else { return ([:], empty, 0, []) }
    var blocks: [Int: SampleBlock] = [:]
    var changed: [Int] = []
    for file in manifest.blocks {
      guard let block = try? block(file, plan) else { continue }
      let others = zip(block.utterances, block.records).filter { plan.content(of: $0) != $1.content }
      changed += others.map(\.0)
      if others.isEmpty { blocks[block.utterances.lowerBound] = block }
    }
    changed.sort()
    if let file = manifest.moments, let (moments, summed) = try? moments(file, plan, part, empty) {
      return (blocks, moments, summed, changed)
    }
    return (blocks, empty, 0, changed)
  }

  /// A hash of what utterances were decoded from, one after the other.
  static func hash(of contents: ArraySlice<String?>) -> String {
    ContentHash.hexadecimal(of: contents.map { $0 ?? "-" }.joined(separator: " "))
  }

  private func manifest(_ plan: ExtractionPlan) -> Manifest? {
    guard let data = FileManager.default.contents(atPath: folder + "/manifest.json"),
      let manifest = try? JSONDecoder().decode(Manifest.self, from: data), manifest.key == plan.key
    else { return nil }
    return manifest
  }

  /// The checkpoint of a listed file, if its bytes are still the same.
  private func open(_ file: Manifest.File) throws -> Checkpoint? {
    let checkpoint = try Checkpoint.open(folder + "/" + file.name)
    return try checkpoint.fingerprint() == file.fingerprint ? checkpoint : nil
  }

  private func notes<T: Decodable>(_ type: T.Type, of checkpoint: Checkpoint) throws -> T {
    try JSONDecoder().decode(type, from: Data((checkpoint.metadata["notes"]?.string ?? "").utf8))
  }

  private func block(_ file: Manifest.File, _ plan: ExtractionPlan) throws -> SampleBlock? {
    try open(file).flatMap { try block($0, plan) }
  }

  private func block(_ checkpoint: Checkpoint, _ plan: ExtractionPlan) throws -> SampleBlock? {
    let notes = try notes(BlockNotes.self, of: checkpoint)
    let range = notes.first..<(notes.first + notes.records.count)
    guard range.lowerBound >= 0, range.upperBound <= plan.utterances.count,
      notes.records.allSatisfy({ $0.sampled.count == plan.levels.count })
    else { return nil }
    var block = SampleBlock(
      utterances: range, records: notes.records, vectors: [], nonFinite: notes.nonFinite)
    for (level, widths) in plan.widths.enumerated() {
      let rows = block.rows(level)
      let tensors = try widths.indices.map { try checkpoint.tensor(plan.name(level, $0)) }
      guard zip(tensors, widths).allSatisfy({ $0.shape == [rows, $1] }) else { return nil }
      block.vectors.append(tensors)
    }
    return block
  }

  private func moments(
    _ file: Manifest.File, _ plan: ExtractionPlan, _ part: Range<Int>, _ empty: [MomentsAccumulator?]
  ) throws -> ([MomentsAccumulator?], summed: Int)? {
    guard let checkpoint = try open(file) else { return nil }
    let notes = try notes(MomentsNotes.self, of: checkpoint)
    guard notes.summed >= part.lowerBound, notes.summed <= part.upperBound,
      notes.contents == Self.hash(of: (part.lowerBound..<notes.summed).map(plan.content)[...])
    else { return nil }
    var restored = empty
    for (level, accumulator) in empty.enumerated() {
      guard var accumulator else { continue }
      let sums = try checkpoint.tensor(plan.name(level, nil))
      guard
        accumulator.moments.restore(sums, count: notes.counts[level], classCounts: notes.classCounts[level])
      else { return nil }
      accumulator.labels = notes.pending[level].map { $0 < 0 ? nil : $0 }
      for slot in accumulator.pending.indices {
        let rows = try checkpoint.tensor("pending/" + plan.name(level, slot))
        guard rows.count == accumulator.labels.count * accumulator.moments.widths[slot] else { return nil }
        accumulator.pending[slot] = rows.values
      }
      restored[level] = accumulator
    }
    return (restored, notes.summed)
  }

  // MARK: Writing

  /// Writes a finished block and lists it; gives back the same block with its vectors in the file, which
  /// take no memory of ours.
  func keep(_ block: SampleBlock, _ plan: ExtractionPlan) throws -> SampleBlock {
    let tensors = plan.widths.indices.flatMap { level in
      block.vectors[level].enumerated().map { (plan.name(level, $0), $1) }
    }
    let notes = BlockNotes(
      first: block.utterances.lowerBound, records: block.records, nonFinite: block.nonFinite)
    let file = try write(
      tensors, notes, "sample-\(block.utterances.lowerBound)-\(block.utterances.upperBound).safetensors")
    try list(plan) { manifest in
      manifest.blocks.removeAll { $0.name == file.name }
      manifest.blocks.append(file)
    }
    // As it was just written: to look into it would bring the vectors into memory.
    var kept = try self.block(Checkpoint.open(folder + "/" + file.name), plan) ?? block
    kept.records = block.records  // which share their lists
    return kept
  }

  /// Writes the moments of the first `summed` utterances, lists them and removes the ones before.
  func keep(
    _ moments: [MomentsAccumulator?], summed: Int, contents: String, _ plan: ExtractionPlan
  ) throws {
    var tensors: [(name: String, tensor: Tensor)] = []
    for (level, accumulator) in moments.enumerated() {
      guard let accumulator else { continue }
      tensors.append((plan.name(level, nil), accumulator.moments.bits))
      for (slot, rows) in accumulator.pending.enumerated() {
        tensors.append(("pending/" + plan.name(level, slot), Tensor(rows, shape: [rows.count])))
      }
    }
    let notes = MomentsNotes(
      summed: summed, counts: moments.map { $0?.moments.count ?? 0 },
      classCounts: moments.map { $0?.moments.classCounts ?? [] },
      pending: moments.map { ($0?.labels ?? []).map { $0 ?? -1 } }, contents: contents)
    let file = try write(tensors, notes, "moments-\(summed).safetensors")
    var old: String?
    try list(plan) { manifest in
      old = manifest.moments?.name
      manifest.moments = file
    }
    if let old, old != file.name { try? FileManager.default.removeItem(atPath: folder + "/" + old) }
  }

  private func write(
    _ tensors: [(name: String, tensor: Tensor)], _ notes: some Encodable, _ name: String
  ) throws -> Manifest.File {
    let path = folder + "/" + name
    let text = String(decoding: try JSONEncoder.stable.encode(notes), as: UTF8.self)
    try SafetensorsWriter.write(tensors, metadata: ["notes": text], to: path)
    return Manifest.File(name: name, fingerprint: try Checkpoint.open(path).fingerprint())
  }

  private func list(_ plan: ExtractionPlan, _ change: (inout Manifest) -> Void) throws {
    var manifest = manifest(plan) ?? Manifest(key: plan.key)
    change(&manifest)
    let path = folder + "/manifest.json"
    try WholeFile.write(try JSONEncoder().encode(manifest), to: path)
  }
}

extension JSONEncoder {
  /// The same value gives the same bytes in every run.
  static var stable: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}

extension ExtractionPlan {
  /// A tensor's name in a file: a level's layer, or the level's sums.
  func name(_ level: Int, _ slot: Int?) -> String {
    let layer = slot.map { layers[levels[level].layers[$0]].tap.name } ?? "sums"
    return "\(levels[level].plan.level.rawValue)/\(layer)"
  }
}

// Files hold float32; sums are float64 and come back bit for bit, so each is kept as its two halves.
extension Tensor {
  /// The lists one after the other, `[values × 2]`.
  init(bitsOf lists: [[Double]]) {
    self.init(shape: [lists.reduce(0) { $0 + $1.count }, 2]) { target in
      var index = 0
      for list in lists {
        for double in list {
          target[index] = Float(bitPattern: UInt32(truncatingIfNeeded: double.bitPattern))
          target[index + 1] = Float(bitPattern: UInt32(truncatingIfNeeded: double.bitPattern >> 32))
          index += 2
        }
      }
    }
  }

  /// The values at `places`.
  func doublesFromBits(_ places: Range<Int>) -> [Double] {
    withUnsafeBuffer { source in
      places.map { index in
        Double(
          bitPattern: UInt64(source[2 * index].bitPattern) | UInt64(source[2 * index + 1].bitPattern) << 32)
      }
    }
  }
}
