import Corpora
import Foundations

/// One level of a corpus before any audio is read: its classes, and which spans are in the sample.
///
/// Spans are read off the labels again whenever they are wanted, an utterance at a time: a list of them all would
/// grow with the hours of audio.
struct LevelPlan: Sendable {
  let level: Level
  let isDerived: Bool
  /// Sorted.
  let classes: [String]
  let types: [String]
  /// Spans of all utterances.
  let count: Int
  /// The sampled ones' indices in each utterance, ascending.
  let sampled: [[Int]]
  /// Of the spans' durations, in seconds.
  let medianSeconds: Double
  /// The classes that moments sum apart: the most frequent ones.
  let summedClasses: [String]
  /// From `classes` to `summedClasses`.
  let summedClass: [Int?]
  /// Of every span's label, type and times, in order.
  let hashes: [UInt64]
  private let classIndex: [String: Int]

  /// Nil where no utterance has a span of the level. `width` is the number of values of one span over all
  /// layers.
  init?(
    _ level: Level, of utterances: [Utterance], limits: SampleLimits, width: Int, seed: UInt64,
    summedClassLimit: Int = 1000
  ) {
    let tally = LevelTally(level, of: utterances)
    guard let median = tally.durations.median else { return nil }
    self.level = level
    medianSeconds = median
    count = tally.count
    hashes = tally.hashes.map(\.value)
    isDerived = utterances.contains { $0.tiers[level]?.isDerived == true }
    classes = tally.classes.keys.sorted()
    types = tally.types.sorted()
    let classIndex = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    self.classIndex = classIndex
    let counts = classes.map { tally.classes[$0] ?? 0 }

    var choice = SampleChoice(counts: counts, quotas: limits.quotas(counts: counts, width: width))
    for (number, utterance) in utterances.enumerated() {
      for (index, span) in utterance.spans(at: level).enumerated() {
        choice.offer(SampleChoice.Place(utterance: number, span: index), of: classIndex[span.label] ?? 0) {
          SampleLimits.hash(seed: seed, level: level, utterance: utterance.id, start: span.start)
        }
      }
    }
    var sampled = [[Int]](repeating: [], count: utterances.count)
    for place in choice.chosen() { sampled[place.utterance].append(place.span) }
    self.sampled = sampled

    let summed = classes.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
      .prefix(summedClassLimit).sorted()
    summedClasses = summed.map { [classes] in classes[$0] }
    var summedClass = [Int?](repeating: nil, count: classes.count)
    for (place, index) in summed.enumerated() { summedClass[index] = place }
    self.summedClass = summedClass
  }

  /// The index into `classes` of a span of the corpus.
  func label(of span: LabelledSpan) -> Int { classIndex[span.label] ?? 0 }
}

/// What one reading of a level's labels gives.
private struct LevelTally {
  var count = 0
  /// Spans of each class.
  var classes: [String: Int] = [:]
  var types: Set<String> = []
  var durations = DurationTally()
  var hashes = [StableHash(seed: 1), StableHash(seed: 2)]

  init(_ level: Level, of utterances: [Utterance]) {
    for utterance in utterances {
      for span in utterance.spans(at: level) {
        count += 1
        classes[span.label, default: 0] += 1
        types.insert(span.type)
        durations.add(span.seconds)
        for i in hashes.indices {
          hashes[i].combine(span.label)
          hashes[i].combine(span.type)
          hashes[i].combine(span.start)
          hashes[i].combine(span.end)
        }
      }
    }
  }
}

/// How often each duration occurs, to the microsecond: of speech a few thousand lengths, however many spans.
private struct DurationTally {
  private var counts: [Int: Int] = [:]

  mutating func add(_ seconds: Double) {
    counts[Int((min(max(seconds, 0), 1e9) * 1e6).rounded()), default: 0] += 1
  }

  /// Nil before the first.
  var median: Double? {
    var rest = counts.values.reduce(0, +) / 2
    for (microseconds, count) in counts.sorted(by: { $0.key < $1.key }) {
      if rest < count { return Double(microseconds) / 1e6 }
      rest -= count
    }
    return nil
  }
}
