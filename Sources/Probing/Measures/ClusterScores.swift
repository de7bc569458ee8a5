#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How clusters and labels go together (Hsu et al. 2021, section IV-C; Vinh et al. 2010).
///
/// Purity and PNMI grow with the number of clusters, on noise too: 54 spans in 50 clusters have a PNMI of 0.95. The
/// adjusted mutual information is 0 on average where clusters know nothing of the labels.
public struct ClusterScores: Sendable, Equatable {
  /// The share of points that have their cluster's commonest label.
  public let labelPurity: Double
  /// The share of points that are in their label's commonest cluster.
  public let clusterPurity: Double
  /// I(label; cluster)/H(label): the share of the labels' entropy that clusters take away.
  public let pnmi: Double
  /// The harmonic mean of I/H(label) and I/H(cluster).
  public let vMeasure: Double
  private let information, meanEntropy: Double
  private let table: Contingency

  /// Zeros where there is no point; 1 for shares of an entropy that is zero.
  ///
  /// - Parameters:
  ///   - labels, clusters: of each point, numbers from 0.
  ///   - weights: how often each point counts; once if nil.
  public init(labels: [Int], clusters: [Int], weights: [Int]? = nil) {
    precondition(labels.count == clusters.count, "\(labels.count) labels for \(clusters.count) points")
    let table = Contingency(labels, clusters, weights)
    let (h, c) = (table.entropy(table.ofLabel), table.entropy(table.ofCluster))
    let information = h + c - table.entropy(table.joint)
    let total = Double(table.total)
    labelPurity = total > 0 ? Double(table.mostOfClusters) / total : 0
    clusterPurity = total > 0 ? Double(table.mostOfLabels) / total : 0
    pnmi = total == 0 ? 0 : h > 0 ? information / h : 1
    let other = total == 0 ? 0 : c > 0 ? information / c : 1
    vMeasure = pnmi + other > 0 ? 2 * pnmi * other / (pnmi + other) : 0
    (self.table, self.information, meanEntropy) = (table, information, (h + c) / 2)
  }

  /// (I − E[I])/(½(H(label) + H(cluster)) − E[I]), E[I] over all ways to deal the same labels and clusters.
  public var adjustedInformation: Double {
    guard table.total > 0 else { return 0 }
    let expected = table.expectedInformation
    // With one label in one cluster, or as many clusters as points, nothing was left to chance.
    guard abs(meanEntropy - expected) > 1e-12 else { return 1 }
    return (information - expected) / (meanEntropy - expected)
  }
}

/// How many points have which label and cluster.
private struct Contingency: Sendable, Equatable {
  let total: Int
  let ofLabel, ofCluster: [Int]
  /// `[labels × clusters]`
  let joint: [Int]

  init(_ labels: [Int], _ clusters: [Int], _ weights: [Int]?) {
    var ofLabel = [Int](repeating: 0, count: (labels.max() ?? -1) + 1)
    var ofCluster = [Int](repeating: 0, count: (clusters.max() ?? -1) + 1)
    var joint = [Int](repeating: 0, count: ofLabel.count * ofCluster.count)
    for i in labels.indices {
      let weight = weights?[i] ?? 1
      ofLabel[labels[i]] += weight
      ofCluster[clusters[i]] += weight
      joint[labels[i] * ofCluster.count + clusters[i]] += weight
    }
    (self.ofLabel, self.ofCluster, self.joint) = (ofLabel, ofCluster, joint)
    total = ofLabel.reduce(0, +)
  }

  /// Nats. In the order of the counts' size, so that a permutation of classes changes no digit.
  func entropy(_ counts: [Int]) -> Double {
    counts.filter { $0 > 0 }.sorted().reduce(0) {
      $0 - Double($1) / Double(total) * log(Double($1) / Double(total))
    }
  }

  /// Points with their label's commonest cluster.
  var mostOfLabels: Int {
    ofLabel.indices.reduce(0) { sum, label in
      sum + (joint[(label * ofCluster.count)..<((label + 1) * ofCluster.count)].max() ?? 0)
    }
  }

  /// Points with their cluster's commonest label.
  var mostOfClusters: Int {
    ofCluster.indices.reduce(0) { sum, cluster in
      sum + (stride(from: cluster, to: joint.count, by: ofCluster.count).map { joint[$0] }.max() ?? 0)
    }
  }

  /// Nats: the mean over all ways to deal out labels and clusters of these sizes, each cell hypergeometric (Vinh et al.
  /// 2010, equation 24a).
  var expectedInformation: Double {
    guard total > 0 else { return 0 }
    var logFactorial = [0.0]
    logFactorial.reserveCapacity(total + 1)
    for n in 1...total { logFactorial.append(logFactorial[n - 1] + log(Double(n))) }
    // Rows and columns of one size have cells of one kind.
    func sizes(_ counts: [Int]) -> [(size: Int, times: Int)] {
      Dictionary(grouping: counts.filter { $0 > 0 }) { $0 }.map { ($0.key, $0.value.count) }
        .sorted { $0.size < $1.size }
    }
    let (n, columns) = (total, sizes(ofCluster))
    var sum = 0.0
    for (a, rowTimes) in sizes(ofLabel) {
      for (b, columnTimes) in columns {
        let fixed =
          logFactorial[a] + logFactorial[b] + logFactorial[n - a] + logFactorial[n - b] - logFactorial[n]
        var cell = 0.0
        for k in max(1, a + b - n)...min(a, b) {
          let chance =
            fixed - logFactorial[k] - logFactorial[a - k] - logFactorial[b - k]
            - logFactorial[n - a - b + k]
          let share = Double(k) / Double(n)
          cell += share * log(share * Double(n) * Double(n) / (Double(a) * Double(b))) * exp(chance)
        }
        sum += Double(rowTimes * columnTimes) * cell
      }
    }
    return sum
  }
}
