import Activations
import Results
import Tensors

/// Measures how far off one layer's regression was, span by span.
struct DeviationAnalyser: Sendable {
  /// Of one span: over its outputs, the mean square and the mean of the guess less the truth in standard deviations of
  /// the target.
  struct Deviation: Sendable, Equatable {
    var square, mean: Double
    /// The first output's.
    var guess: Double
  }

  /// The standard deviation of each output, over the examples that have numbers.
  private let scales: [Double]
  private let numbers: Matrix

  /// Nil for a target that is no number.
  init?(_ targeted: ProbeDataset, design: StudyDesign) {
    guard let numbers = targeted.numbers else { return nil }
    self.numbers = numbers
    let rows = design.labels.indices.filter { design.labels[$0] >= 0 }
    scales = (0..<numbers.columns).map { k in
      let mean = rows.reduce(0) { $0 + numbers[$1, k] } / Double(max(1, rows.count))
      let squares = rows.reduce(0) { $0 + (numbers[$1, k] - mean) * (numbers[$1, k] - mean) }
      return (squares / Double(max(1, rows.count))).squareRoot()
    }
  }

  /// Of the example in `row`, whose outputs were predicted as `guess`.
  func deviation(row: Int, guess: some Collection<Double>) -> Deviation {
    var deviation = Deviation(square: 0, mean: 0, guess: guess.first ?? .nan)
    var count = 0.0
    // An output that is the same everywhere has no scale, and nothing to be wrong about.
    for (k, own) in guess.enumerated() where scales[k] > 0 {
      let off = (own - numbers[row, k]) / scales[k]
      deviation.square += off * off
      deviation.mean += off
      count += 1
    }
    deviation.square /= max(1, count)
    deviation.mean /= max(1, count)
    return deviation
  }

  /// `found` has an entry an example, nil for one that was not tested.
  func analysis(
    of layer: Layer, _ found: [Deviation?], examples: PooledSpans
  ) -> DeviationAnalysis {
    let tested = found.enumerated().compactMap { row, own in own.map { (row: row, own: $0) } }
    return DeviationAnalysis(
      layer: layer,
      parts: TestedParts(examples, rows: tested.map(\.row)).all.map { part in
        let own = part.rows.compactMap { found[$0] }
        let count = Double(max(1, own.count))
        return DeviationAnalysis.Part(
          kind: part.kind, name: part.name, tested: own.count,
          rootMeanSquare: (own.reduce(0) { $0 + $1.square } / count).squareRoot(),
          mean: own.reduce(0) { $0 + $1.mean } / count)
      },
      worst: tested.sorted { ($1.own.square, $0.row) < ($0.own.square, $1.row) }.prefix(
        ErrorAnalyser.listed
      )
      .map { row, own in
        let item = examples.items[row]
        let isSingle = numbers.columns == 1
        return DeviationAnalysis.SpanDeviation(
          utterance: examples.utterances[item.utterance], speaker: examples.speakers[item.speaker],
          start: item.start, end: item.end, truth: isSingle ? numbers[row, 0] : nil,
          guess: isSingle ? own.guess : nil, deviation: own.square.squareRoot())
      })
  }
}
