import Foundations

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What may be said of several numbers at once, by the bootstrap of their centred, studentised differences: the
/// distribution of the largest of all of them tells how large one may be by chance. Numbers that go together, as
/// neighbouring layers do, cost less than Bonferroni's or Holm's correction asks.
///
/// Where few clusters were resampled the quantile is taken from the normal distribution's tail to Student's.
package enum SimultaneousInference {
  /// Fewer resampled units than this tell nothing that can be trusted.
  package static let leastClusters = 10

  /// Which of several numbers may be the highest (multiple comparison with the best, Hsu 1984): those that no other
  /// exceeds by more than chance. All that share the first place are in it together in 1 − `alpha` of all studies.
  package static func possibleBest(_ draws: [Draws], alpha: Double = 0.05) -> [Bool] {
    var pairs: [(high: Int, low: Int, difference: Draws)] = []
    for high in draws.indices {
      for low in draws.indices where low < high {
        pairs.append((high, low, draws[high] - draws[low]))
      }
    }
    let differs = beyondChance(pairs.map(\.difference), alpha: alpha)
    var isPossible = draws.map { $0.values.first?.isFinite ?? false }
    for (pair, isDifferent) in zip(pairs, differs) where isDifferent {
      isPossible[(pair.difference.values.first ?? 0) > 0 ? pair.low : pair.high] = false
    }
    return isPossible
  }

  /// Which of several paired differences between models are gains or losses, all together; none of them where fewer than
  /// `leastClusters` were resampled.
  package static func changes(_ differences: [Draws]) -> [Bool] {
    let clusters = differences.compactMap(\.clusters).min() ?? 0
    return clusters < leastClusters ? differences.map { _ in false } : beyondChance(differences)
  }

  /// Which of several differences are not zero, all together at level `alpha`, two-sided.
  package static func beyondChance(_ differences: [Draws], alpha: Double = 0.05) -> [Bool] {
    let errors = steadied(differences.map { $0.standardError ?? 0 })
    let resamples = differences.map(\.values.count).min() ?? 0
    guard resamples > 2 else { return differences.map { _ in false } }
    var largest = [Double](repeating: 0, count: resamples - 1)
    for (difference, error) in zip(differences, errors) where error > 0 {
      guard let value = difference.values.first, value.isFinite else { continue }
      for resample in 1..<resamples {
        let deviation = abs(difference.values[resample] - value) / error
        if deviation > largest[resample - 1] { largest[resample - 1] = deviation }
      }
    }
    let critical = studentised(
      quantile(largest.sorted(), 1 - alpha), clusters: differences.compactMap(\.clusters).min())
    return zip(differences, errors).map { difference, error in
      guard let value = difference.values.first, value.isFinite else { return false }
      return abs(value) > critical * error
    }
  }

  /// Of many standard errors some are small by chance, and the largest of many ratios is one of those: half of each
  /// variance is the mean of all.
  private static func steadied(_ errors: [Double]) -> [Double] {
    guard !errors.isEmpty else { return [] }
    let mean = errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)
    return errors.map { (($0 * $0 + mean) / 2).squareRoot() }
  }

  /// As far out for Student's t as `deviation`, made from resamples of n clusters, is for the normal distribution.
  private static func studentised(_ deviation: Double, clusters: Int?) -> Double {
    guard let clusters, clusters > 1 else { return deviation }
    let n = Double(clusters)
    // The resamples spread too little, and were divided by an error that makes up for it.
    let tail = erfc(deviation * (n / (n - 1)).squareRoot() / 2.0.squareRoot())
    return StudentT.quantile(twoSidedTail: max(tail, 1e-12), degreesOfFreedom: n - 1)
  }
}
