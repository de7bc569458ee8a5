import Results
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What metrics need to know of one set of predictions, counted by cluster, so that a resample of the clusters
/// is a weighted sum of rows and no pass over examples.
///
/// Row c of `counts` holds, for cluster c: how many examples of each class there are, how many of each class
/// were predicted, how many of each were right, and the sum of −log p of the true classes (nats).
struct Tally: Sendable {
  let classes: Int
  /// `[clusters × (3·classes + 1)]`
  private(set) var counts: Matrix

  init(clusters: Int, classes: Int) {
    self.classes = classes
    counts = Matrix(rows: clusters, columns: 3 * classes + 1)
  }

  mutating func add(cluster: Int, truth: Int, prediction: Int, logProbability: Double) {
    counts[cluster, truth] += 1
    counts[cluster, classes + prediction] += 1
    if truth == prediction { counts[cluster, 2 * classes + truth] += 1 }
    counts[cluster, 3 * classes] -= logProbability
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

  /// From one row of sums in a tally's form; zeros where there is no example.
  init(_ sums: UnsafeBufferPointer<Double>, classes: Int) {
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
    }
  }
}
