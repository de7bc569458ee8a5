import Checkpoints
import Files
import Foundation
import Tensors

/// A part of an extraction: what a run of a corpus's utterances gave, in one file.
///
/// ```swift
/// try pass.writePart(0..<100, to: "a.safetensors")        // on one machine
/// try pass.writePart(100..<230, to: "b.safetensors")      // on another
/// let extraction = try pass.joining(["a.safetensors", "b.safetensors"])
/// ```
/// Every part plans the whole corpus from its labels, so it knows which of its spans are in the sample of the
/// whole; the joined sample is that of one pass over everything, bit for bit, and the joined moments are its sums
/// added in another order.
///
/// The file is safetensors: `LEVEL/LAYER` `[sampled spans × width]`, `LEVEL/sums` the moments' float64 sums as pairs
/// of float32 halves, and in the metadata `notes` what the utterances were like.
extension ExtractionPass {
  /// What the file says beside its tensors; lists have a place for each level.
  private struct Notes: Codable {
    static let version = 1
    var version = Notes.version
    let first: Int
    let records: [UtteranceRecord]
    let nonFinite: [String: Int]
    let counts: [Int]
    let classCounts: [[Int]]
  }

  /// Runs over the utterances of `part` and writes what they gave to `path`. Cancelling and going on are as in
  /// `run`.
  /// - Throws: As `run` does, and where the file cannot be written.
  public func writePart(
    _ part: Range<Int>, to path: String, threads: Int = 1,
    progress: @escaping @Sendable (ExtractionProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws {
    let plan = try plan()
    PartFile.removeStale(
      in: URL(filePath: path).deletingLastPathComponent().path, of: URL(filePath: path).lastPathComponent)
    precondition(
      !part.isEmpty && utterances.indices.contains(part.lowerBound) && part.upperBound <= utterances.count,
      "utterances \(part) of \(utterances.count)")
    let (blocks, moments) = try reduced(
      plan, over: part, threads: threads, progress: progress, isCancelled: isCancelled
    ).finished()
    var tensors: [(name: String, tensor: Tensor)] = []
    for (level, widths) in plan.widths.enumerated() {
      for slot in widths.indices {
        tensors.append((plan.name(level, slot), Tensor(joining: blocks.map { $0.vectors[level][slot] })))
      }
      if let sums = moments[level]?.bits { tensors.append((plan.name(level, nil), sums)) }
    }
    let notes = Notes(
      first: part.lowerBound, records: blocks.flatMap(\.records),
      nonFinite: blocks.reduce(into: [:]) { all, block in all.merge(block.nonFinite) { min($0, $1) } },
      counts: moments.map { $0?.count ?? 0 }, classCounts: moments.map { $0?.classCounts ?? [] })
    let text = String(decoding: try JSONEncoder.stable.encode(notes), as: UTF8.self)
    try SafetensorsWriter.write(tensors, metadata: ["notes": text], to: path)
  }

  /// What one pass over everything gives, from the files of its parts in any order.
  ///
  /// Vectors stay in the files; one part's moments are held beside the sum. Throws `ActivationError.badPart` for a
  /// file that is none of this pass's, or that leaves utterances out or has them again.
  public func joining(_ files: [String]) throws -> Extraction {
    let plan = try plan()
    var blocks: [SampleBlock] = []
    var moments = plan.emptyMoments
    let parts = try files.map { path in
      (path: path, first: try notes(of: Checkpoint.open(path), path).first)
    }
    for (path, _) in parts.sorted(by: { $0.first < $1.first }) {
      let checkpoint = try Checkpoint.open(path)
      let notes = try notes(of: checkpoint, path)
      let expected = blocks.last?.utterances.upperBound ?? 0
      guard notes.first == expected else {
        throw ActivationError.badPart(
          path: path, reason: "begins at utterance \(notes.first), the parts before it end at \(expected)")
      }
      blocks.append(try block(notes, checkpoint, plan, path))
      for level in moments.indices {
        let sums = try sums(level, notes, checkpoint, plan, path)
        if let sums { try moments[level]?.merge(sums) }
      }
    }
    let covered = blocks.last?.utterances.upperBound ?? 0
    guard covered == utterances.count else {
      throw ActivationError.badPart(
        path: parts.last?.path ?? "no part",
        reason: "the parts hold \(covered) of \(utterances.count) utterances")
    }
    return try plan.extraction((blocks, moments), source)
  }

  private func notes(of checkpoint: Checkpoint, _ path: String) throws -> Notes {
    let text = checkpoint.metadata["notes"]?.string ?? ""
    guard let notes = try? JSONDecoder().decode(Notes.self, from: Data(text.utf8)) else {
      throw ActivationError.badPart(path: path, reason: "is no part of an extraction")
    }
    guard notes.version == Notes.version else {
      throw ActivationError.badPart(
        path: path,
        reason: "has version \(notes.version) of its format, this program reads \(Notes.version)")
    }
    return notes
  }

  private func block(
    _ notes: Notes, _ checkpoint: Checkpoint, _ plan: ExtractionPlan, _ path: String
  ) throws -> SampleBlock {
    let range = notes.first..<(notes.first + notes.records.count)
    guard range.upperBound <= plan.utterances.count,
      notes.records.allSatisfy({ $0.sampled.count == plan.levels.count })
    else { throw ActivationError.badPart(path: path, reason: "is of another corpus or other levels") }
    var block = SampleBlock(
      utterances: range, records: notes.records, vectors: [], nonFinite: notes.nonFinite)
    for (level, widths) in plan.widths.enumerated() {
      let rows = block.rows(level)
      block.vectors.append(
        try widths.enumerated().map { slot, width in
          let tensor = try checkpoint.tensor(plan.name(level, slot))
          guard tensor.shape == [rows, width] else {
            throw ActivationError.badPart(
              path: path,
              reason: "\(plan.name(level, slot)) has shape \(tensor.shape), expected \([rows, width])")
          }
          return tensor
        })
    }
    return block
  }

  private func sums(
    _ level: Int, _ notes: Notes, _ checkpoint: Checkpoint, _ plan: ExtractionPlan, _ path: String
  ) throws -> Moments? {
    guard var moments = plan.emptyMoments[level] else { return nil }
    guard notes.counts.indices.contains(level), notes.classCounts.indices.contains(level),
      moments.restore(
        try checkpoint.tensor(plan.name(level, nil)), count: notes.counts[level],
        classCounts: notes.classCounts[level])
    else { throw ActivationError.badPart(path: path, reason: "its moments are not those of this pass") }
    return moments
  }
}
