import Results
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What metrics need to know of one set of predictions, counted by cluster, so that a resample of the clusters
/// is a weighted sum of rows and no pass over examples.
struct ClusterCounts: Sendable {
  /// What the columns of a row hold.
  enum Layout: Sendable, Equatable {
    /// How many examples of each class there are, how many of each class were predicted, how many of each were
    /// right, and the sum of −log p of the true classes (nats): 3·classes + 1.
    case classes(Int)
    /// The same of two classes, and how many boundaries there are, were detected, and were both.
    case boundaries
    /// How many examples there are, and of each output Σy, Σy² and Σ(y − ŷ)²: 1 + 3·outputs.
    case outputs(Int)

    var columns: Int {
      switch self {
      case .classes(let classes): 3 * classes + 1
      case .boundaries: Layout.classes(2).columns + 3
      case .outputs(let outputs): 1 + 3 * outputs
      }
    }

    var metrics: [Metric] {
      let ofClasses: [Metric] = [.accuracy, .balancedAccuracy, .macroF1, .logLoss, .bits]
      switch self {
      case .classes: return ofClasses
      case .boundaries: return ofClasses + [.precision, .recall, .f1, .rValue]
      case .outputs: return [.r2]
      }
    }
  }

  let layout: Layout
  /// `[clusters × columns]`
  private(set) var counts: Matrix

  init(clusters: Int, _ layout: Layout) {
    self.layout = layout
    counts = Matrix(rows: clusters, columns: layout.columns)
  }

  private var classes: Int {
    switch layout {
    case .classes(let classes): classes
    case .boundaries: 2
    case .outputs: 0
    }
  }

  mutating func add(cluster: Int, truth: Int, prediction: Int, logProbability: Double) {
    counts[cluster, truth] += 1
    counts[cluster, classes + prediction] += 1
    if truth == prediction { counts[cluster, 2 * classes + truth] += 1 }
    counts[cluster, 3 * classes] -= logProbability
  }

  /// One example's outputs, and what they were predicted as.
  mutating func add(cluster: Int, truth: some Sequence<Double>, prediction: some Sequence<Double>) {
    counts[cluster, 0] += 1
    for (output, (y, guess)) in zip(truth, prediction).enumerated() {
      counts[cluster, 1 + 3 * output] += y
      counts[cluster, 2 + 3 * output] += y * y
      counts[cluster, 3 + 3 * output] += (y - guess) * (y - guess)
    }
  }

  mutating func add(cluster: Int, boundaries: BoundaryCounts) {
    let first = layout.columns - 3
    counts[cluster, first] += Double(boundaries.true)
    counts[cluster, first + 1] += Double(boundaries.detected)
    counts[cluster, first + 2] += Double(boundaries.hits)
  }
}

/// The metrics of one set of predictions.
struct MetricValues: Sendable, Equatable {
  var accuracy = 0.0
  /// The mean over the classes that occur of the share of their examples that was recognised.
  var balancedAccuracy = 0.0
  /// The mean over the classes that occur of 2·right / (predicted + occurring); 0 for one never predicted.
  /// (A class that was predicted but does not occur only lowers the accuracy; it has no F1 of its own.)
  var macroF1 = 0.0
  /// Mean −log p of the true classes, nats.
  var logLoss = 0.0
  /// The entropy of the labels less the log loss, both in bits: a lower bound on the mutual information of
  /// the representation and the labels.
  var bits = 0.0
  /// 1 − Σ(y − ŷ)² / Σ(y − ȳ)² over all outputs together.
  var r2 = 0.0
  var boundaries = BoundaryScores(true: 0, detected: 0, hits: 0)

  /// From one row of sums in a tally's form; zeros where there is no example.
  init(_ sums: UnsafeBufferPointer<Double>, _ layout: ClusterCounts.Layout) {
    switch layout {
    case .classes(let classes): read(sums, classes: classes)
    case .boundaries:
      read(sums, classes: 2)
      let first = layout.columns - 3
      boundaries = BoundaryScores(true: sums[first], detected: sums[first + 1], hits: sums[first + 2])
    case .outputs(let outputs):
      guard sums[0] > 0 else { return }
      var (errors, variation) = (0.0, 0.0)
      for output in 0..<outputs {
        errors += sums[3 + 3 * output]
        variation += sums[2 + 3 * output] - sums[1 + 3 * output] * sums[1 + 3 * output] / sums[0]
      }
      r2 = variation > 0 ? 1 - errors / variation : .nan
    }
  }

  private mutating func read(_ sums: UnsafeBufferPointer<Double>, classes: Int) {
    var (total, right, recall, f1, occurring) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for k in 0..<classes { total += sums[k] }
    guard total > 0 else { return }
    var entropy = 0.0
    for k in 0..<classes where sums[k] > 0 {
      let hits = sums[2 * classes + k]
      occurring += 1
      right += hits
      recall += hits / sums[k]
      f1 += 2 * hits / (sums[k] + sums[classes + k])
      entropy -= sums[k] / total * log2(sums[k] / total)
    }
    accuracy = right / total
    balancedAccuracy = recall / occurring
    macroF1 = f1 / occurring
    logLoss = sums[3 * classes] / total
    bits = entropy - logLoss / log(2)
  }

  init() {}

  subscript(metric: Metric) -> Double {
    switch metric {
    case .accuracy: accuracy
    case .balancedAccuracy: balancedAccuracy
    case .macroF1: macroF1
    case .logLoss: logLoss
    case .bits: bits
    case .r2: r2
    case .precision: boundaries.precision
    case .recall: boundaries.recall
    case .f1: boundaries.f1
    case .rValue: boundaries.rValue
    }
  }
}
