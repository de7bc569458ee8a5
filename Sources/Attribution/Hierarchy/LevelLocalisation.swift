import Activations
import Audio
import Corpora
import Foundations
import Models
import Tensors

/// Where the evidence of one layer's probe for one level lies: inside the labelled span, or around it.
public struct LevelLocalisation: Sendable, Equatable {
  /// The layer whose probe is explained.
  public let layer: String
  /// The level that the probe reads.
  public let level: Level
  /// Held-out spans that were explained.
  public let spans: Int
  /// Utterances that the spans are of.
  public let utterances: Int
  /// The share of all relevance that speaks for the label inside its span, 0 to 1: the mean over spans, and its 95 %
  /// interval over utterances.
  public let inside: (mean: Double, low: Double, high: Double)
  /// What the share would be if relevance were spread evenly over the recording.
  public let insideByChance: Double
  /// The share of spans that hold the largest value of all (the pointing game), and how much of their recordings
  /// they fill.
  public let pointed: Double
  /// How far relevance before the span lies from it on average, in milliseconds.
  public let before: Double
  /// How far relevance after the span lies from it on average, in milliseconds.
  public let after: Double
  /// What the probe was fitted on and how well it reads.
  public let probe: String

  public static func == (a: Self, b: Self) -> Bool {
    a.layer == b.layer && a.level == b.level && a.spans == b.spans && a.inside == b.inside
      && a.pointed == b.pointed && a.before == b.before && a.after == b.after
  }
}

/// One span's share in `LevelLocalisation`.
struct SpanEvidence: Sendable, Equatable {
  let utterance: Int
  let inside, chance: Double
  let isPointed: Bool
  /// Milliseconds; nil where no relevance is on that side.
  let before, after: Double?

  /// `profile` has a value for every `step` seconds from 0 on; nil where nothing speaks for the label.
  init?(profile: [Double], step: Double, span: Range<Double>, utterance: Int) {
    let positive = profile.map { max(0, $0) }
    let total = positive.reduce(0, +)
    guard total > 0 else { return nil }
    var (own, sides, distances) = (0.0, (before: 0.0, after: 0.0), (before: 0.0, after: 0.0))
    for (frame, value) in positive.enumerated() {
      let time = (Double(frame) + 0.5) * step
      if time < span.lowerBound {
        sides.before += value
        distances.before += value * (span.lowerBound - time)
      } else if time >= span.upperBound {
        sides.after += value
        distances.after += value * (time - span.upperBound)
      } else {
        own += value
      }
    }
    let peak = positive.indices.max { positive[$0] < positive[$1] } ?? 0
    self.utterance = utterance
    inside = own / total
    chance = min(1, (span.upperBound - span.lowerBound) / (Double(profile.count) * step))
    isPointed = span.contains((Double(peak) + 0.5) * step)
    before = sides.before > 0 ? 1000 * distances.before / sides.before : nil
    after = sides.after > 0 ? 1000 * distances.after / sides.after : nil
  }
}

extension LevelLocalisation {
  /// Nil without any span.
  init?(_ spans: [SpanEvidence], layer: String, level: Level, probe: String, seed: UInt64) {
    guard !spans.isEmpty else { return nil }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
    let groups = Dictionary(grouping: spans, by: \.utterance).sorted { $0.key < $1.key }.map(\.value)
    var random = RandomNumbers(seed: seed, stream: "evidence")
    // Spans of one recording are not independent: recordings are drawn.
    let draws = (0..<500).map { _ in
      mean(groups.indices.flatMap { _ in groups[random.index(below: groups.count)].map(\.inside) })
    }.sorted()
    self.layer = layer
    self.level = level
    self.spans = spans.count
    utterances = groups.count
    inside = (mean(spans.map(\.inside)), draws[12], draws[487])
    insideByChance = mean(spans.map(\.chance))
    pointed = mean(spans.map { $0.isPointed ? 1 : 0 })
    before = mean(spans.compactMap(\.before))
    after = mean(spans.compactMap(\.after))
    self.probe = probe
  }
}
