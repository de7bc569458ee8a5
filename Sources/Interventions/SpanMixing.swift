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
  /// The frames of each span that has any, and the part that each frame of the utterance is of it.
  let spans: [(frames: Range<Int>, parts: [Int])]

  init(_ utterance: Utterance, _ level: Level, _ timing: FrameTiming, count: Int) {
    func ranges(_ level: Level) -> [Range<Int>] {
      utterance.spans(at: level).map { span in
        let first = timing.firstFrame(atOrAfter: span.start, count: count)
        return first..<max(first, timing.firstFrame(atOrAfter: span.end, count: count))
      }
    }
    let (own, words) = (ranges(level).filter { !$0.isEmpty }, ranges(.word))
    var word = [Int](repeating: -1, count: count)
    for (number, range) in words.enumerated() { for frame in range { word[frame] = number } }
    (self.count, stride) = (count, timing.stride)
    spans = own.indices.map { place in
      let range = own[place]
      let middle = word[(range.lowerBound + range.upperBound) / 2]
      func part(_ frame: Int) -> MixingStudy.Part {
        if range.contains(frame) { return .own }
        if place > 0, own[place - 1].contains(frame) { return .before }
        if place + 1 < own.count, own[place + 1].contains(frame) { return .after }
        if word[frame] < 0 { return .elsewhere }
        return word[frame] == middle ? .word : .words
      }
      let numbers = (0..<count).map { MixingStudy.Part.allCases.firstIndex(of: part($0)) ?? 0 }
      return (range, numbers)
    }
  }

  /// Of `scores` `[frames × frames]`, the mean over each span's rows.
  func sums(_ scores: [Double]) -> MixingStudy.Sums {
    var sums = MixingStudy.Sums()
    for (range, parts) in spans {
      sums.spans += 1
      let middle = (Double(range.lowerBound) + Double(range.upperBound - 1)) / 2
      for frame in 0..<count {
        let share = range.reduce(0) { $0 + scores[$1 * count + frame] } / Double(range.count)
        let away = abs(Double(frame) - middle) * stride
        sums.shares[parts[frame]] += share
        sums.chances[parts[frame]] += 1 / Double(count)
        sums.distance += share * away
        sums.distanceByChance += away / Double(count)
      }
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

  /// Nil where no utterance has spans.
  func mixing(
    _ sums: [MixingStudy.Sums], layer: String, method: String, level: String
  ) -> InterventionResult.Mixing? {
    let spans = sums.reduce(0) { $0 + $1.spans }
    guard spans > 0 else { return nil }
    func draws(_ value: (MixingStudy.Sums) -> Double) -> Draws {
      var counts = Matrix(rows: utterances, columns: 2)
      for (row, own) in sums.enumerated() { (counts[row, 0], counts[row, 1]) = (value(own), own.spans) }
      let totals = bootstrap.sums(of: counts)
      return Draws(values: (0..<totals.rows).map { totals[$0, 0] / totals[$0, 1] }, clusters: utterances)
    }
    let parts = MixingStudy.Part.allCases.enumerated().map { place, part in
      let (share, chance) = (draws { $0.shares[place] }, draws { $0.chances[place] })
      return InterventionResult.Mixing.Part(
        name: part.rawValue, share: share.estimate(within: 0...1), chance: chance.values.first ?? 0,
        beyondChance: (share - chance).estimate())
    }
    return InterventionResult.Mixing(
      layer: layer, method: method, level: level, spans: Int(spans), parts: parts,
      distance: draws(\.distance).estimate(), distanceByChance: draws(\.distanceByChance).values.first ?? 0)
  }
}
