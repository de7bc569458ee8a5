import Tensors

/// The sampled vectors of a run of consecutive utterances: what is kept, in memory and in the work folder.
struct SampleBlock: Sendable {
  var utterances: Range<Int>
  /// One for each utterance.
  var records: [UtteranceRecord]
  /// `[rows × width]` for each level and each of its layers; rows are the sampled spans in order.
  var vectors: [[Tensor]]
  /// Layers with a value that is not finite, and the first utterance where.
  var nonFinite: [String: Int]

  /// The sampled spans of a level.
  func rows(_ level: Int) -> Int { records.reduce(0) { $0 + $1.sampled[level].count } }
}

/// A block that is being filled.
struct SampleBlockBuilder: Sendable {
  private let widths: [[Int]]
  private let first: Int
  private var records: [UtteranceRecord] = []
  private var values: [[[Float]]]
  private var nonFinite: [String: Int] = [:]
  /// Of audio, by the corpus's lengths.
  private(set) var seconds = 0.0

  /// `widths` are those of each level's layers.
  init(first: Int, widths: [[Int]]) {
    self.first = first
    self.widths = widths
    values = widths.map { $0.map { _ in [] } }
  }

  var isEmpty: Bool { records.isEmpty }

  /// Appends the next utterance.
  mutating func add(_ pooled: PooledUtterance, seconds: Double) {
    for level in values.indices {
      let sampled = pooled.record.sampled[level]
      let places = Dictionary(uniqueKeysWithValues: pooled.spans[level].enumerated().map { ($1, $0) })
      for slot in values[level].indices where !sampled.isEmpty {
        let width = widths[level][slot]
        pooled.vectors[level][slot].withUnsafeBuffer { vectors in
          for span in sampled {
            guard let row = places[span] else { continue }
            values[level][slot].append(contentsOf: vectors[(row * width)..<((row + 1) * width)])
          }
        }
      }
    }
    for layer in pooled.nonFinite where nonFinite[layer] == nil {
      nonFinite[layer] = first + records.count
    }
    records.append(pooled.record)
    self.seconds += seconds
  }

  func sealed() -> SampleBlock {
    SampleBlock(
      utterances: first..<(first + records.count), records: records,
      vectors: zip(values, widths).map { values, widths in
        zip(values, widths).map { Tensor($0, shape: [$0.count / max(1, $1), $1]) }
      },
      nonFinite: nonFinite)
  }
}
