import SpeechHierarchy

/// One level of a corpus before any audio is read: its classes, and which spans are in the sample.
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
      utterances, level: level, spans: spans, labels: labels, classes: classes.count, limits: limits,
      width: width, seed: seed)

    let summed = classes.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
      .prefix(summedClassLimit).sorted()
    summedClasses = summed.map { [classes] in classes[$0] }
    var summedClass = [Int?](repeating: nil, count: classes.count)
    for (place, index) in summed.enumerated() { summedClass[index] = place }
    self.summedClass = summedClass
  }

  private static func sample(
    _ utterances: [Utterance], level: Level, spans: [[Span]], labels: [[Int]], classes: Int,
    limits: SampleLimits, width: Int, seed: UInt64
  ) -> [[Int]] {
    let places = spans.enumerated().flatMap { utterance, spans in
      spans.indices.map { (utterance: utterance, span: $0) }
    }
    let chosen = limits.choose(labels: Array(labels.joined()), classes: classes, width: width) { index in
      let place = places[index]
      return SampleLimits.hash(
        seed: seed, level: level, utterance: utterances[place.utterance].id,
        start: spans[place.utterance][place.span].start)
    }
    var sampled = spans.map { _ in [Int]() }
    for index in chosen { sampled[places[index].utterance].append(places[index].span) }
    return sampled
  }
}
