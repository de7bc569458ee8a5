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
struct Bootstrap: Sendable {
  /// How often each cluster was drawn: `[1 + resamples × clusters]`, row 0 once each, the data themselves.
  let weights: Matrix
  var resamples: Int { weights.rows - 1 }

  init(clusters: Int, resamples: Int, seed: UInt64) {
    var weights = Matrix(rows: resamples + 1, columns: clusters)
    var numbers = RandomNumbers(seed: seed, stream: "bootstrap")
    for cluster in 0..<clusters { weights[0, cluster] = 1 }
    for resample in 1..<(resamples + 1) {
      for _ in 0..<clusters { weights[resample, numbers.index(below: clusters)] += 1 }
    }
    self.weights = weights
  }

  /// The metrics of every resample.
  func metrics(of tally: ClusterCounts) -> MetricDraws {
    let sums = matrixProduct(weights, .none, tally.counts)
    return sums.values.withUnsafeBufferPointer { values in
      MetricDraws(
        metrics: tally.layout.metrics, clusters: weights.columns,
        values: (0..<weights.rows).map { row in
          MetricValues(
            UnsafeBufferPointer(rebasing: values[(row * sums.columns)..<((row + 1) * sums.columns)]),
            tally.layout)
        })
    }
  }

  /// Sums over the clusters of each resample: `[1 + resamples × columns]` from `[clusters × columns]`.
  func sums(of counts: Matrix) -> Matrix { matrixProduct(weights, .none, counts) }
}

/// A number's value on the data, and on every resample of them.
package struct Draws: Sendable, Equatable {
  /// The first is of the data themselves.
  package let values: [Double]
  /// How many clusters each resample drew; nil for so many that it makes no difference.
  var clusters: Int?

  package static func - (a: Draws, b: Draws) -> Draws {
    Draws(values: zip(a.values, b.values).map { $0 - $1 }, clusters: a.clusters)
  }

  /// The mean of several numbers, resample by resample; nil of none.
  static func mean(_ draws: [Draws]) -> Draws? {
    guard let first = draws.first else { return nil }
    let scale = 1 / Double(draws.count)
    return Draws(
      values: first.values.indices.map { i in draws.reduce(0) { $0 + $1.values[i] } * scale },
      clusters: first.clusters)
  }

  /// The value and its percentile interval, 95 % by default. A resample on which the number is not defined is
  /// left out.
  ///
  /// Resamples of n clusters spread too little, by √((n − 1)/n), and their quantiles are a normal distribution's where
  /// Student's t is due: the quantiles are taken as far out as makes up for both (the expanded percentile interval,
  /// Hesterberg 2015, section 5.2). With twelve speakers that is the difference between 90 and 95 % coverage.
  package func estimate(coverage: Double = 0.95) -> Estimate {
    let value = values.first ?? 0
    let sorted = values.dropFirst().filter(\.isFinite).sorted()
    guard !sorted.isEmpty else { return Estimate(value: value, low: value, high: value) }
    let tail = expandedTail(1 - coverage) / 2
    return Estimate(value: value, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail))
  }

  /// The tails to cut off so that `tail` of all true values are missed.
  private func expandedTail(_ tail: Double) -> Double {
    guard let clusters, clusters > 1, tail > 0 else { return tail }
    let n = Double(clusters)
    return erfc(
      (n / (n - 1)).squareRoot() * StudentT.quantile(twoSidedTail: tail, degreesOfFreedom: n - 1)
        / 2.0.squareRoot())
  }

  /// The chance of a value this far from zero if zero were true, two-sided, from Student's t distribution (the
  /// normal one, where the clusters are not known) with the resamples' standard deviation. Counting resamples cannot resolve what Holm's correction over many
  /// layers asks for: 1,000 of them end at 0.002.
  package var pValue: Double {
    let resamples = values.dropFirst().filter(\.isFinite)
    guard let value = values.first, resamples.count > 1 else { return 1 }
    let mean = resamples.reduce(0, +) / Double(resamples.count)
    let variance =
      resamples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(resamples.count - 1)
    guard variance > 0 else { return value == 0 ? 1 : 0 }
    guard let clusters, clusters > 1 else { return erfc(abs(value) / (2 * variance).squareRoot()) }
    let n = Double(clusters)
    return StudentT.twoSided(abs(value) / (variance * n / (n - 1)).squareRoot(), degreesOfFreedom: n - 1)
  }
}

/// The metrics on the data and on every resample.
struct MetricDraws: Sendable {
  let metrics: [Metric]
  let clusters: Int
  let values: [MetricValues]

  subscript(metric: Metric) -> Draws { Draws(values: values.map { $0[metric] }, clusters: clusters) }

  var table: MetricTable { MetricTable(metrics) { self[$0] } }
}

extension MetricTable {
  init(_ metrics: [Metric], _ draws: (Metric) -> Draws) {
    self.init(
      Dictionary(uniqueKeysWithValues: metrics.map { ($0, draws($0).estimate()) }))
  }
}
