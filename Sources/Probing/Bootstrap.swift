import Foundations
import Results
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Resamples of clusters, the same for everything that is compared, so that differences are paired.
///
/// Examples of one utterance are not independent; what is drawn, with replacement, are whole clusters
/// (speakers where there are ten or more, else utterances).
///
/// What is tested is one source of chance, what was learned from another. The second is known from fits that leave out
/// one group of clusters after another (`LayerPredictions.refits`): see `TrainingPart`. Without it the intervals of 576
/// spans hold the truth in nine of ten cases.
package struct Bootstrap: Sendable {
  /// Groups of clusters that refits leave out.
  static let groups = 5
  /// How often each cluster was drawn: `[1 + resamples × clusters]`, row 0 once each, the data themselves.
  package let weights: Matrix
  /// zᵍ of each resample, `[1 + resamples × groups]`, row 0 zeros.
  let training: Matrix
  let seed: UInt64
  var resamples: Int { weights.rows - 1 }

  package init(clusters: Int, resamples: Int, seed: UInt64) {
    var weights = Matrix(rows: resamples + 1, columns: clusters)
    var training = Matrix(rows: resamples + 1, columns: Self.groups)
    var numbers = RandomNumbers(seed: seed, stream: "bootstrap")
    var normals = RandomNumbers(seed: seed, stream: "bootstrap of training")
    for cluster in 0..<clusters { weights[0, cluster] = 1 }
    for resample in 1..<(resamples + 1) {
      for _ in 0..<clusters { weights[resample, numbers.index(below: clusters)] += 1 }
      for group in 0..<Self.groups { training[resample, group] = normals.normal() }
    }
    (self.weights, self.training, self.seed) = (weights, training, seed)
  }

  /// The metrics of every resample. `refits` are the counts without each group of clusters in training.
  ///
  /// The labels' entropy is that of the data in every resample: an entropy of fewer clusters is too small, and
  /// intervals of bits would lie below their own value.
  func metrics(of tally: ClusterCounts, refits: [ClusterCounts] = []) -> MetricDraws {
    MetricDraws(
      metrics: tally.layout.metrics, clusters: weights.columns, values: values(of: tally),
      refits: refits.map(values), normals: training)
  }

  private func values(of tally: ClusterCounts) -> [MetricValues] {
    let sums = matrixProduct(weights, .none, tally.counts)
    var values = (0..<weights.rows).map { Self.values(sums, $0, tally.layout) }
    if let first = values.first {
      let entropy = first.bits + first.logLoss / log(2)
      for row in values.indices { values[row].bits = entropy - values[row].logLoss / log(2) }
    }
    return values
  }

  private static func values(_ sums: Matrix, _ row: Int, _ layout: ClusterCounts.Layout) -> MetricValues {
    sums.values.withUnsafeBufferPointer { values in
      MetricValues(
        UnsafeBufferPointer(rebasing: values[(row * sums.columns)..<((row + 1) * sums.columns)]), layout)
    }
  }

  /// Sums over the clusters of each resample: `[1 + resamples × columns]` from `[clusters × columns]`.
  package func sums(of counts: Matrix) -> Matrix { matrixProduct(weights, .none, counts) }

  /// The sum of the first column over that of the second, `[clusters × 2]`, with its interval; missing where there is
  /// nothing to divide by.
  package func ratio(of counts: Matrix) -> Estimate {
    let sums = sums(of: counts)
    let estimate = Draws(
      values: (0..<sums.rows).map { sums[$0, 0] / sums[$0, 1] }, clusters: counts.rows
    ).estimate()
    return estimate.value.isFinite ? estimate : .missing
  }

  /// Accuracy less control accuracy, over the examples whose type was seen in training: utterances and draws are
  /// resampled together. Of m draws a resample of them spreads too little by √((m − 1)/m), which is made up for.
  func selectivity(of counts: ControlCounts) -> Draws {
    let (seen, right, hits) = (sums(of: counts.seen), sums(of: counts.right), sums(of: counts.hits))
    let (folds, draws) = (counts.seen.columns, counts.draws)
    var numbers = RandomNumbers(seed: seed, stream: "bootstrap of control tasks")
    let spread = draws > 1 ? (Double(draws) / Double(draws - 1)).squareRoot() : 1
    return Draws(
      values: (0..<seen.rows).map { resample in
        var (all, gain) = (0.0, 0.0)
        for fold in 0..<folds {
          var shares = [Double](repeating: 1 / Double(draws), count: draws)
          if resample > 0 {
            for _ in 0..<draws { shares[numbers.index(below: draws)] += spread / Double(draws) }
            for draw in 0..<draws { shares[draw] -= spread / Double(draws) }
          }
          all += seen[resample, fold]
          gain += right[resample, fold]
          for draw in 0..<draws { gain -= shares[draw] * hits[resample, fold * draws + draw] }
        }
        return gain / all
      }, clusters: weights.columns)
  }
}

/// What fits without each of G groups of clusters say of a number, on the data and on resamples of what is tested.
///
/// The variance of the number's expectation over training sets is (G − 1)/G · Σ (aᵍ − ā)², the jackknife of G groups (Shao &
/// Wu 1989), less what the differences aᵍ − ā have from the draw of tested clusters. Two fits that are equally good answer
/// single spans differently: the bootstrap of what is tested knows that chance already, and accuracies of five refits
/// differ by it alone. Each resample is moved by √((G − 1)/G · share) · Σ zᵍ·(aᵍ − ā), zᵍ standard normal and the same for
/// all that is compared, share being that of the squares which is no such noise.
struct TrainingPart: Sendable, Equatable {
  /// Of each refit, the number on the data, then an entry a resample; without resamples nothing counts as noise.
  var refits: [[Double]]
  /// zᵍ, `[1 + resamples × groups]`, row 0 zeros.
  let normals: Matrix

  /// How far each resample is moved; nil where nothing is known of training, or the number is not defined.
  var shifts: [Double]? {
    guard let rows = refits.first?.count, refits.allSatisfy({ $0[0].isFinite }) else { return nil }
    let count = Double(refits.count)
    let means = (0..<rows).map { row in refits.reduce(0) { $0 + $1[row] } / count }
    let deviations = refits.map { $0[0] - means[0] }
    let squares = deviations.reduce(0) { $0 + $1 * $1 }
    let noise = refits.reduce(0) { total, refit in
      total + Self.variance((1..<rows).map { refit[$0] - means[$0] }.filter(\.isFinite))
    }
    let share = squares > 0 ? max(0, 1 - noise / squares) : 0
    let scale = ((count - 1) / count * share).squareRoot()
    return (0..<normals.rows).map { row in
      deviations.indices.reduce(0) { $0 + normals[row, $1] * deviations[$1] * scale }
    }
  }

  /// The same without resamples, so that all differences count.
  var withNoise: TrainingPart { TrainingPart(refits: refits.map { Array($0.prefix(1)) }, normals: normals) }

  private static func variance(_ values: [Double]) -> Double {
    guard values.count > 1 else { return 0 }
    let mean = values.reduce(0, +) / Double(values.count)
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
  }

  /// Of a difference of two numbers, of which one may have none.
  static func difference(_ a: TrainingPart?, _ b: TrainingPart?) -> TrainingPart? {
    guard let b else { return a }
    var part = a ?? TrainingPart(refits: b.refits.map { $0.map { _ in 0 } }, normals: b.normals)
    for group in part.refits.indices {
      for row in part.refits[group].indices { part.refits[group][row] -= b.refits[group][row] }
    }
    return part
  }
}

/// A number's value on the data, and on every resample of them.
package struct Draws: Sendable, Equatable {
  /// The first is of the data themselves.
  package let values: [Double]
  /// How many clusters each resample drew; nil for so many that it makes no difference.
  package private(set) var clusters: Int?
  /// The same without what training might have been, and what is known of that.
  private let tested: [Double]
  let training: TrainingPart?

  package init(values: [Double], clusters: Int? = nil) {
    self.init(tested: values, clusters: clusters, training: nil)
  }

  init(tested: [Double], clusters: Int?, training: TrainingPart?) {
    (self.tested, self.clusters, self.training) = (tested, clusters, training)
    values = training?.shifts.map { shifts in zip(tested, shifts).map { $0 + $1 } } ?? tested
  }

  package static func - (a: Draws, b: Draws) -> Draws {
    Draws(
      tested: zip(a.tested, b.tested).map { $0 - $1 }, clusters: a.clusters,
      training: .difference(a.training, b.training))
  }

  /// The same number with what is known of another's training part.
  func with(_ training: TrainingPart?) -> Draws {
    Draws(tested: tested, clusters: clusters, training: training)
  }

  /// The mean of several numbers, resample by resample; nil of none.
  package static func mean(_ draws: [Draws]) -> Draws? {
    guard let first = draws.first else { return nil }
    let scale = 1 / Double(draws.count)
    return Draws(
      values: first.values.indices.map { i in draws.reduce(0) { $0 + $1.values[i] } * scale },
      clusters: first.clusters)
  }

  /// The value and its percentile interval, 95 % by default, which always holds the value, and stays within `range`.
  /// A resample on which the number is not defined is left out.
  ///
  /// Resamples of n clusters spread too little, by √((n − 1)/n), and their quantiles are a normal distribution's where
  /// Student's t is due: the quantiles are taken as far out as makes up for both (the expanded percentile interval,
  /// Hesterberg 2015, section 5.2). With twelve speakers that is the difference between 90 and 95 % coverage.
  package func estimate(
    coverage: Double = 0.95, within range: ClosedRange<Double> = -.infinity ... .infinity
  ) -> Estimate {
    let value = values.first ?? 0
    let sorted = values.dropFirst().filter(\.isFinite).sorted()
    guard !sorted.isEmpty else { return Estimate(value: value, low: value, high: value) }
    let tail = expandedTail(1 - coverage) / 2
    let (low, high) = (quantile(sorted, tail), quantile(sorted, 1 - tail))
    guard value.isFinite else { return Estimate(value: value, low: low, high: high) }
    return Estimate(
      value: value, low: min(value, max(low, range.lowerBound)),
      high: max(value, min(high, range.upperBound)))
  }

  /// The tails to cut off so that `tail` of all true values are missed.
  private func expandedTail(_ tail: Double) -> Double {
    guard let clusters, clusters > 1, tail > 0 else { return tail }
    let n = Double(clusters)
    return erfc(
      (n / (n - 1)).squareRoot() * StudentT.quantile(twoSidedTail: tail, degreesOfFreedom: n - 1)
        / 2.0.squareRoot())
  }

  /// The standard error: the resamples' standard deviation, made up for the clusters' number; nil of fewer than two.
  package var standardError: Double? {
    let resamples = values.dropFirst().filter(\.isFinite)
    guard resamples.count > 1 else { return nil }
    let mean = resamples.reduce(0, +) / Double(resamples.count)
    let variance =
      resamples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(resamples.count - 1)
    guard let clusters, clusters > 1 else { return variance.squareRoot() }
    return (variance * Double(clusters) / Double(clusters - 1)).squareRoot()
  }

  /// The chance of a value this far from zero if zero were true, two-sided, from Student's t distribution (the
  /// normal one, where the clusters are not known) with the resamples' standard deviation. Counting resamples cannot
  /// resolve what Holm's correction over many layers asks for: 1,000 of them end at 0.002.
  package var pValue: Double {
    guard let value = values.first, let error = standardError else { return 1 }
    guard error > 0 else { return value == 0 ? 1 : 0 }
    guard let clusters, clusters > 1 else { return erfc(abs(value) / error / 2.0.squareRoot()) }
    return StudentT.twoSided(abs(value) / error, degreesOfFreedom: Double(clusters - 1))
  }
}

/// The metrics on the data and on every resample.
struct MetricDraws: Sendable {
  let metrics: [Metric]
  let clusters: Int
  let values: [MetricValues]
  /// Of fits without each group of clusters; none tells nothing of training.
  let refits: [[MetricValues]]
  let normals: Matrix

  subscript(metric: Metric) -> Draws {
    Draws(
      tested: values.map { $0[metric] }, clusters: clusters,
      training: refits.isEmpty
        ? nil : TrainingPart(refits: refits.map { $0.map { $0[metric] } }, normals: normals))
  }

  var table: MetricTable { MetricTable(metrics) { self[$0] } }
}

extension Metric {
  /// What it can be.
  var range: ClosedRange<Double> {
    switch self {
    case .accuracy, .balancedAccuracy, .macroF1, .precision, .recall, .f1: 0...1
    case .r2, .rValue: -.infinity...1
    case .logLoss: 0 ... .infinity
    case .bits: -.infinity ... .infinity
    }
  }
}

extension MetricTable {
  init(_ metrics: [Metric], _ draws: (Metric) -> Draws) {
    self.init(
      Dictionary(
        uniqueKeysWithValues: metrics.map { ($0, draws($0).estimate(within: $0.range)) }))
  }
}
