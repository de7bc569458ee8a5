import Foundations
import Results

/// What a measure gives on resamples of whole utterances, and on labels exchanged between them.
///
/// Spans of one utterance resemble each other: labels dealt to single spans would make a slow signal look like a level,
/// and intervals over single spans would be too narrow.
public struct UtteranceDraws: Sendable {
  /// The rows of each utterance, in the order of the utterances' first rows.
  public let rows: [[Int]]
  private let count: Int
  private let bootstrap: Bootstrap
  private let seed: UInt64

  /// - Parameters:
  ///   - utterances: of each row; the rows of an utterance stand in their order in time.
  ///   - resamples: of `estimate`.
  public init(utterances: [Int], resamples: Int, seed: UInt64) {
    var places: [Int: Int] = [:]
    var rows: [[Int]] = []
    for (row, utterance) in utterances.enumerated() {
      if let place = places[utterance] {
        rows[place].append(row)
      } else {
        places[utterance] = rows.count
        rows.append([row])
      }
    }
    (self.rows, count, self.seed) = (rows, utterances.count, seed)
    bootstrap = Bootstrap(clusters: rows.count, resamples: resamples, seed: seed)
  }

  /// The value of all rows, and its 95 % interval. `value` is given how often each row was drawn. Where resamples are
  /// off on average, as measures of information are, which see fewer different spans, the interval is moved back.
  public func estimate(
    within range: ClosedRange<Double> = -.infinity ... .infinity, _ value: ([Int]) throws -> Double
  ) rethrows -> Estimate {
    var values = try (0..<bootstrap.weights.rows).map { draw in
      var weights = [Int](repeating: 0, count: count)
      for (place, own) in rows.enumerated() {
        for row in own { weights[row] = Int(bootstrap.weights[draw, place]) }
      }
      return try value(weights)
    }
    let known = values.dropFirst().filter(\.isFinite)
    if let first = values.first, !known.isEmpty {
      let bias = known.reduce(0, +) / Double(known.count) - first
      for draw in values.indices.dropFirst() { values[draw] -= bias }
    }
    return Draws(values: values, clusters: rows.count).estimate(within: range)
  }

  /// Labels exchanged between whole utterances, so many times: each takes those of another one, from the first on, as
  /// often as its own rows need. None of fewer than two utterances.
  public func exchanged(_ labels: [Int], draws: Int) -> [[Int]] {
    guard rows.count > 1 else { return [] }
    var numbers = RandomNumbers(seed: seed, stream: "exchanged utterances")
    return (0..<draws).map { _ in
      // Around a ring of a random order, so that no utterance keeps its own.
      let ring = numbers.permutation(rows.count)
      let step = 1 + numbers.index(below: rows.count - 1)
      var exchanged = labels
      for place in ring.indices {
        let giver = rows[ring[(place + step) % ring.count]]
        for (i, row) in rows[ring[place]].enumerated() { exchanged[row] = labels[giver[i % giver.count]] }
      }
      return exchanged
    }
  }

  /// The mean and the middle 95 % of what a measure gave on exchanged labels; nil of nothing.
  public static func null(_ found: [Double]) -> Estimate? {
    guard !found.isEmpty else { return nil }
    let values = found.sorted()
    let mean = values.reduce(0, +) / Double(values.count)
    return Estimate(value: mean, low: quantile(values, 0.025), high: quantile(values, 0.975))
  }
}
