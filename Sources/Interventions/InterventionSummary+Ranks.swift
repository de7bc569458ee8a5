import Probing
import Results

extension InterventionSummary {
  /// The accuracy of readers of so many directions, and whether it is less than the best one's.
  func ranks(_ own: LevelOutcome, _ level: Int) -> [InterventionResult.RankPoint] {
    let (plan, statistics) = (setting.plans[level], statistics[level])
    let accuracies = own.ranks.map { trial in
      statistics.cost(
        trial.right.sorted { $0.key < $1.key }.map {
          ($0.key, .init(intact: 0, changed: $0.value, weight: Double(plan.testedSpans($0.key).count)))
        })
    }
    guard let best = accuracies.max(by: { ($0.values.first ?? 0) < ($1.values.first ?? 0) }) else {
      return []
    }
    return zip(own.ranks, accuracies).map { trial, accuracy in
      InterventionResult.RankPoint(
        rank: trial.rank, accuracy: accuracy.estimate(within: 0...1),
        isLess: (best - accuracy).estimate().isPositive)
    }
  }
}
