import Activations
import Corpora
import Models
import Probing
import Results
import Tensors

/// The frames of an utterance's spans, and the parts of it that each span sees.
struct SpanFrames: Sendable {
  let count: Int
  let stride: Double
  /// The number of each span that has any frames, these, and the part that each frame of the utterance is of it.
  let spans: [(number: Int, frames: Range<Int>, parts: [Int])]

  init(_ utterance: Utterance, _ level: Level, _ timing: FrameTiming, count: Int) {
    func ranges(_ level: Level) -> [Range<Int>] {
      utterance.spans(at: level).map { span in
        let first = timing.firstFrame(atOrAfter: span.start, count: count)
        return first..<max(first, timing.firstFrame(atOrAfter: span.end, count: count))
      }
    }
    let own = ranges(level).enumerated().filter { !$0.element.isEmpty }
    var word = [Int](repeating: -1, count: count)
    for (number, range) in ranges(.word).enumerated() { for frame in range { word[frame] = number } }
    (self.count, stride) = (count, timing.stride)
    spans = own.indices.map { place in
      let (number, range) = (own[place].offset, own[place].element)
      let middle = word[(range.lowerBound + range.upperBound) / 2]
      func part(_ frame: Int) -> MixingStudy.Part {
        if range.contains(frame) { return .own }
        if place > 0, own[place - 1].element.contains(frame) { return .before }
        if place + 1 < own.count, own[place + 1].element.contains(frame) { return .after }
        if word[frame] < 0 { return .elsewhere }
        return word[frame] == middle ? .word : .words
      }
      let parts = (0..<count).map { MixingStudy.Part.allCases.firstIndex(of: part($0)) ?? 0 }
      return (number, range, parts)
    }
  }

  /// Of `scores` `[frames × frames]`, the mean over each span's rows: summed over all spans, then over those of each of
  /// `groups`, which are given by span.
  func sums(_ scores: [Double], groups: [Set<Int>], groupCount: Int) -> [MixingStudy.Sums] {
    var sums = [MixingStudy.Sums](repeating: MixingStudy.Sums(), count: 1 + groupCount)
    for span in spans {
      let own = self.sums(scores, span.frames, span.parts)
      sums[0] += own
      for group in groups[span.number] { sums[1 + group] += own }
    }
    return sums
  }

  private func sums(_ scores: [Double], _ range: Range<Int>, _ parts: [Int]) -> MixingStudy.Sums {
    var sums = MixingStudy.Sums()
    sums.spans = 1
    let middle = (Double(range.lowerBound) + Double(range.upperBound - 1)) / 2
    for frame in 0..<count {
      let share = range.reduce(0) { $0 + scores[$1 * count + frame] } / Double(range.count)
      let away = abs(Double(frame) - middle) * stride
      sums.shares[parts[frame]] += share
      sums.chances[parts[frame]] += 1 / Double(count)
      sums.distance += share * away
      sums.distanceByChance += away / Double(count)
      guard !range.contains(frame) else { continue }
      let edge = frame < range.lowerBound ? range.lowerBound - frame : frame - range.upperBound + 1
      sums.outside += share
      sums.outsideDistance += share * Double(edge) * stride
      sums.outsideFrames += 1
      sums.outsideDistanceByChance += Double(edge) * stride
    }
    return sums
  }
}

/// Intervals over utterances of what spans are made of.
struct MixingStatistics: Sendable {
  private let bootstrap: Bootstrap
  private let utterances: Int

  init(_ utterances: Int, resamples: Int, seed: UInt64) {
    self.utterances = utterances
    bootstrap = Bootstrap(clusters: utterances, resamples: resamples, seed: seed)
  }

  private typealias Value = (MixingStudy.Sums) -> Double

  private func ratio(_ sums: [MixingStudy.Sums], _ value: Value, per weight: Value = \.spans) -> Draws {
    var counts = Matrix(rows: utterances, columns: 2)
    for (row, own) in sums.enumerated() { (counts[row, 0], counts[row, 1]) = (value(own), weight(own)) }
    let totals = bootstrap.sums(of: counts)
    return Draws(values: (0..<totals.rows).map { totals[$0, 0] / totals[$0, 1] }, clusters: utterances)
  }

  /// How far from spans' edges what they have from outside lies.
  private func outside(_ sums: [MixingStudy.Sums]) -> Draws {
    ratio(sums, \.outsideDistance, per: \.outside)
  }

  /// The same were all frames outside alike, which longer recordings have more of.
  private func outsideByChance(_ sums: [MixingStudy.Sums]) -> Draws {
    ratio(sums, \.outsideDistanceByChance, per: \.outsideFrames)
  }

  /// Of some spans of each utterance, beside the level's `others`; nil where there are none.
  func mixing(
    _ sums: [MixingStudy.Sums], beside others: [MixingStudy.Sums]?, layer: String, method: String,
    level: String, group: String
  ) -> InterventionResult.Mixing? {
    let spans = sums.reduce(0) { $0 + $1.spans }
    guard spans > 0 else { return nil }
    let parts = MixingStudy.Part.allCases.enumerated().map { place, part in
      let (share, chance) = (ratio(sums) { $0.shares[place] }, ratio(sums) { $0.chances[place] })
      return InterventionResult.Mixing.Part(
        name: part.rawValue, share: share.estimate(within: 0...1), chance: chance.values.first ?? 0,
        beyondChance: (share - chance).estimate())
    }
    var mixing = InterventionResult.Mixing(
      layer: layer, method: method, level: level, group: group, spans: Int(spans), parts: parts,
      distance: ratio(sums, \.distance).estimate(),
      distanceByChance: ratio(sums, \.distanceByChance).values.first ?? 0)
    let away = outside(sums)
    guard away.values.first?.isFinite == true else { return mixing }
    mixing.outside = away.estimate()
    mixing.outsideByChance = outsideByChance(sums).values.first
    let holding = sums.count { $0.spans > 0 }
    if let others, holding >= SimultaneousInference.leastClusters {
      let further = (away - outsideByChance(sums)) - (outside(others) - outsideByChance(others))
      mixing.outsideBeyondOthers = further.values.first?.isFinite == true ? further.estimate() : nil
    }
    return mixing
  }
}
