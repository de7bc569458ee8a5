import Probing
import Results
import Tensors

/// Outcomes before and after training, in numbers with their intervals: utterances are resampled, or speakers where there
/// are ten or more, the same for both, so that the difference is paired.
struct Scores: Sendable {
  let after: EvaluationOutcome
  let before: EvaluationOutcome?
  let classes: [String]
  /// How symbols spell text; nil where they do not.
  let spelling: TextSpelling?
  /// Seconds by which a boundary may be off.
  let tolerance: Double
  private let clusters: [Int]
  private let bootstrap: Bootstrap
  let unit: String
  let units: Int

  init(
    after: EvaluationOutcome, before: EvaluationOutcome?, classes: [String], spelling: TextSpelling? = nil,
    tolerance: Double = 0.02, resamples: Int = 2000, seed: UInt64
  ) {
    (self.after, self.before, self.classes) = (after, before, classes)
    (self.spelling, self.tolerance) = (spelling, tolerance)
    let speakers = Set(after.utterances.map(\.speaker)).sorted()
    let bySpeaker = speakers.count >= SimultaneousInference.leastClusters
    let places = Dictionary(uniqueKeysWithValues: speakers.enumerated().map { ($1, $0) })
    clusters = after.utterances.enumerated().map { bySpeaker ? places[$1.speaker] ?? 0 : $0 }
    unit = bySpeaker ? "speakers" : "utterances"
    units = bySpeaker ? speakers.count : after.utterances.count
    bootstrap = Bootstrap(clusters: max(1, units), resamples: resamples, seed: seed)
  }

  private func draws(_ outcome: EvaluationOutcome) -> Draws {
    var counts = Matrix(rows: max(1, units), columns: 2)
    for (cluster, utterance) in zip(clusters, outcome.utterances) {
      counts[cluster, 0] += utterance.errors.errors
      counts[cluster, 1] += utterance.errors.of
    }
    let sums = bootstrap.sums(of: counts)
    return Draws(values: (0..<sums.rows).map { sums[$0, 0] / sums[$0, 1] }, clusters: units)
  }

  private func estimate(_ draws: Draws, within range: ClosedRange<Double>) -> Estimate {
    let value = draws.values[0]
    return units < SimultaneousInference.leastClusters
      ? Estimate(value: value, low: value, high: value) : draws.estimate(within: range)
  }

  /// The deviation of a rate over resamples; nil of too few units.
  func standardError(_ outcome: EvaluationOutcome) -> Double? {
    guard units >= SimultaneousInference.leastClusters else { return nil }
    let values = draws(outcome).values.dropFirst().filter(\.isFinite)
    let mean = values.reduce(0, +) / Double(values.count)
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
  }

  func score(_ outcome: EvaluationOutcome) -> FineTuningResult.Score {
    let counts = outcome.alignment
    let isSequence = outcome.task == .ctc
    let confusion = isSequence ? nil : outcome.confusion
    var score = FineTuningResult.Score(
      errors: estimate(draws(outcome), within: 0 ... .infinity),
      loss: outcome.loss.isFinite ? outcome.loss : nil,
      alignment: isSequence
        ? .init(
          hits: counts.hits, substitutions: counts.substitutions, deletions: counts.deletions,
          insertions: counts.insertions) : nil,
      classes: confusion.map(classScores), confusion: confusion)
    if isSequence { score.text = spelling?.scores(of: outcome, classes) }
    if outcome.task == .frames {
      let found = outcome.boundaries
      score.boundaries = .init(
        precision: found.precision, recall: found.recall, f1: found.f1, reference: found.reference,
        tolerance: tolerance)
    }
    return score
  }

  /// After less before; nil without a before.
  var difference: Estimate? {
    before.map { estimate(draws(after) - draws($0), within: -.infinity ... .infinity) }
  }

  var utterances: [FineTuningResult.Utterance] {
    after.utterances.enumerated().map { index, utterance in
      FineTuningResult.Utterance(
        id: utterance.id, before: before.map { Int($0.utterances[index].errors.errors) },
        after: Int(utterance.errors.errors), reference: Int(utterance.errors.of))
    }
  }

  /// Precision, recall and their harmonic mean of each class.
  private func classScores(_ confusion: [[Int]]) -> [FineTuningResult.ClassScore] {
    classes.indices.map { k in
      let (right, true_, found) = (
        Double(confusion[k][k]), Double(confusion[k].reduce(0, +)),
        Double(confusion.reduce(0) { $0 + $1[k] })
      )
      return FineTuningResult.ClassScore(
        name: classes[k], count: Int(true_), precision: found > 0 ? right / found : nil,
        recall: true_ > 0 ? right / true_ : nil, f1: true_ + found > 0 ? 2 * right / (true_ + found) : nil)
    }
  }
}
