import SpeechHierarchy

/// One level of a corpus before any audio is read: its classes, and which spans are in the sample.
///
/// The choice hashes the utterance's id and the span's index with the seed and keeps the smallest of each
/// class, so it depends neither on the order of the utterances nor on threads, and shards of one corpus choose
/// the same spans as the whole.
struct LevelPlan: Sendable {
  let level: Level
  let isDerived: Bool
  /// Sorted.
  let classes: [String]
  let types: [String]
  /// Every span of every utterance, `spans[utterance]`.
  let spans: [[Span]]
  /// The class of each of them.
  let labels: [[Int]]
  /// The sampled ones' indices in each utterance, ascending.
  let sampled: [[Int]]
  /// Of the spans' durations, in seconds.
  let medianSeconds: Double
  /// The classes that moments sum apart: the most frequent ones.
  let summedClasses: [String]
  /// From `classes` to `summedClasses`.
  let summedClass: [Int?]

  var count: Int { spans.reduce(0) { $0 + $1.count } }

  /// Nil where no utterance has a span of the level. `width` is the number of values of one span over all
  /// layers.
  init?(
    _ level: Level, of utterances: [Utterance], limits: SampleLimits, width: Int, seed: UInt64,
    summedClassLimit: Int = 1000
  ) {
    let spans = utterances.map { $0.spans(at: level) }
    let durations = spans.joined().map(\.seconds).sorted()
    guard let median = durations.isEmpty ? nil : durations[durations.count / 2] else { return nil }
    self.level = level
    self.spans = spans
    medianSeconds = median
    isDerived = utterances.contains { $0.tiers[level]?.isDerived == true }
    classes = Set(spans.joined().map(\.label)).sorted()
    types = Set(spans.joined().map(\.type)).sorted()
    let classIndex = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    labels = spans.map { $0.compactMap { classIndex[$0.label] } }

    var counts = [Int](repeating: 0, count: classes.count)
    for label in labels.joined() { counts[label] += 1 }
    sampled = LevelPlan.sample(
      utterances.map(\.id), level: level, labels: labels, counts: counts,
      quotas: limits.quotas(counts: counts, width: width), seed: seed)

    let summed = classes.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
      .prefix(summedClassLimit).sorted()
    summedClasses = summed.map { [classes] in classes[$0] }
    var summedClass = [Int?](repeating: nil, count: classes.count)
    for (place, index) in summed.enumerated() { summedClass[index] = place }
    self.summedClass = summedClass
  }

  private static func sample(
    _ ids: [String], level: Level, labels: [[Int]], counts: [Int], quotas: [Int], seed: UInt64
  ) -> [[Int]] {
    struct Candidate {
      let hash: UInt64
      let utterance, span: Int
    }
    // Only classes over the quota need choosing.
    var crowded = [Int: [Candidate]]()
    var sampled = labels.map { labels in labels.indices.filter { counts[labels[$0]] <= quotas[labels[$0]] }
    }
    for (utterance, labels) in labels.enumerated() {
      for (span, label) in labels.enumerated() where counts[label] > quotas[label] && quotas[label] > 0 {
        var hash = StableHash(seed: seed)
        hash.combine(level.rawValue)
        hash.combine(ids[utterance])
        hash.combine(span)
        crowded[label, default: []].append(
          Candidate(hash: hash.value, utterance: utterance, span: span))
      }
    }
    for (label, candidates) in crowded {
      let chosen = candidates.sorted {
        ($0.hash, ids[$0.utterance], $0.span) < ($1.hash, ids[$1.utterance], $1.span)
      }
      for candidate in chosen.prefix(quotas[label]) { sampled[candidate.utterance].append(candidate.span) }
    }
    return sampled.map { $0.sorted() }
  }
}
