import Corpora
import Tensors

/// Takes pooled utterances in the order of the corpus and folds them into moments and sample; keeps finished
/// work where a store is given.
struct ExtractionReducer: Sendable {
  /// Moments are large, so only every so many blocks are they kept.
  static let blocksBetweenMoments = 8

  private let plan: ExtractionPlan
  private let store: ExtractionStore?
  private let part: Range<Int>
  private let blockSeconds: Double
  private var moments: [MomentsAccumulator?]
  /// Utterances that are in the moments, and those that the kept moments hold.
  private var summed: Int
  private var keptSummed: Int
  /// Finished blocks, by their first utterance.
  private var blocks: [Int: SampleBlock]
  /// Whether an utterance is in a block that was found.
  private let isCovered: [Bool]
  private var builder: SampleBlockBuilder
  private var blocksSinceMoments = 0
  private(set) var done: Int
  /// Utterances whose sound is other than that of kept work.
  let changed: [Int]
  /// The hash of what each utterance of the part was decoded from.
  private var contents: [String?]
  private let requireUnchanged: @Sendable () throws -> Void

  /// Takes the utterances of `part`. A block is closed, and kept, after `blockSeconds` of audio.
  /// `requireUnchanged` throws where nothing may be kept, as what it was made by has changed.
  init(
    _ plan: ExtractionPlan, _ store: ExtractionStore?, part: Range<Int>, blockSeconds: Double,
    requireUnchanged: @escaping @Sendable () throws -> Void
  ) {
    self.requireUnchanged = requireUnchanged
    self.plan = plan
    self.store = store
    self.part = part
    done = part.lowerBound
    self.blockSeconds = blockSeconds
    let empty = plan.emptyMoments.map { $0.map { MomentsAccumulator($0) } }
    let kept = store?.load(plan, part, empty: empty)
    changed = kept?.changed ?? []
    moments = kept?.moments ?? empty
    summed = max(part.lowerBound, kept?.summed ?? 0)
    // Without any moments there is nothing that an utterance is missing from.
    if plan.levels.allSatisfy({ $0.extent == nil }) { summed = plan.utterances.count }
    keptSummed = summed
    let blocks = kept?.blocks ?? [:]
    self.blocks = blocks
    var isCovered = [Bool](repeating: false, count: plan.utterances.count)
    var contents = [String?](repeating: nil, count: part.count)
    for block in blocks.values {
      for (index, record) in zip(block.utterances, block.records) where part.contains(index) {
        isCovered[index] = true
        contents[index - part.lowerBound] = record.content
      }
    }
    self.contents = contents
    self.isCovered = isCovered
    builder = SampleBlockBuilder(first: 0, widths: plan.widths)
  }

  /// Whether each utterance of the part has to be run, or all it gives was found.
  func pending() -> [Bool] {
    part.map { $0 >= summed || !isCovered[$0] }
  }

  /// The next utterance; nil where nothing of it was pending.
  mutating func fold(_ index: Int, _ pooled: PooledUtterance?) throws {
    if let pooled { contents[index - part.lowerBound] = pooled.record.content }
    if let pooled, index >= summed {
      for level in plan.levels.indices {
        let rows = pooled.summedClasses[level]
        if !rows.isEmpty { moments[level]?.add(pooled.vectors[level], labels: rows) }
      }
      summed = index + 1
    }
    if isCovered[index] {
      if !builder.isEmpty { try close(before: index) }
    } else if let pooled {
      if builder.isEmpty { builder = SampleBlockBuilder(first: index, widths: plan.widths) }
      builder.add(pooled, seconds: plan.utterances[index].seconds)
      if builder.seconds >= blockSeconds { try close(before: index + 1) }
    }
    done = index + 1
  }

  private mutating func close(before next: Int) throws {
    let block = builder.sealed()
    builder = SampleBlockBuilder(first: next, widths: plan.widths)
    if store != nil { try requireUnchanged() }
    blocks[block.utterances.lowerBound] = try store?.keep(block, plan) ?? block
    blocksSinceMoments += 1
    if blocksSinceMoments >= ExtractionReducer.blocksBetweenMoments { try keepMoments() }
  }

  /// Keeps everything that was folded, so that the next run goes on from here.
  mutating func keep() throws {
    if !builder.isEmpty { try close(before: done) }
    try keepMoments()
  }

  private mutating func keepMoments() throws {
    blocksSinceMoments = 0
    guard summed > keptSummed, let store else { return }
    try requireUnchanged()
    try store.keep(
      moments, summed: summed, contents: ExtractionStore.hash(of: contents[..<(summed - part.lowerBound)]),
      plan)
    keptSummed = summed
  }

  /// The results, after the last utterance.
  func finished() -> (blocks: [SampleBlock], moments: [Moments?]) {
    let inOrder = blocks.values.sorted { $0.utterances.lowerBound < $1.utterances.lowerBound }
    return (inOrder, moments.map { $0?.finished() })
  }
}

extension ExtractionPlan {
  /// The widths of each level's layers.
  var widths: [[Int]] { levels.map { level in level.layers.map { layers[$0].width } } }

  /// Each level's moments before the first row; nil where the budget allows none.
  var emptyMoments: [Moments?] {
    levels.map { level in
      level.extent.map { extent in
        Moments(
          layers: level.layers.map { (layers[$0].tap.name, layers[$0].width) },
          classes: level.plan.summedClasses, extent: extent)
      }
    }
  }
}
