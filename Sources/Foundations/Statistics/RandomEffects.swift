#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What several studies say of one number that differs between them: yᵢ = μ + uᵢ + eᵢ, uᵢ of variance τ², eᵢ of each
/// study's own sampling variance.
///
/// τ² is Paule and Mandel's (1982), which makes the weighted squares as large as their degrees of freedom; μ is the
/// weighted mean, its standard error Hartung and Knapp's (2001) with Student's t of k − 1 degrees, and never less than
/// that of the weights alone (Jackson et al. 2017): studies that agree by chance are not as sure as that.
package struct RandomEffects: Sendable, Equatable {
  package let mean, standardError: Double
  /// The variance between studies.
  package let betweenVariance: Double
  /// The share of the spread that is between studies and not sampling (Higgins & Thompson 2002), 0 to 1.
  package let inconsistency: Double
  package let count: Int

  /// Nil of fewer than two studies, or where one has no variance of its own or is not a number.
  package init?(values: [Double], variances: [Double]) {
    guard values.count > 1, values.count == variances.count,
      values.allSatisfy(\.isFinite), variances.allSatisfy({ $0.isFinite && $0 > 0 })
    else { return nil }
    let degrees = Double(values.count - 1)
    func weighted(_ between: Double) -> (mean: Double, squares: Double, weights: [Double]) {
      let weights = variances.map { 1 / ($0 + between) }
      let total = weights.reduce(0, +)
      let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 } / total
      let squares = zip(weights, values).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
      return (mean, squares, weights)
    }
    let fixed = weighted(0).squares
    var between = 0.0
    if fixed > degrees {
      // The squares fall as τ² grows: double until they are too few, then halve the bracket.
      let middle = values.reduce(0, +) / Double(values.count)
      var high = values.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / degrees
      while weighted(high).squares > degrees { high *= 2 }
      var low = 0.0
      for _ in 0..<200 {
        between = (low + high) / 2
        if weighted(between).squares > degrees { low = between } else { high = between }
      }
    }
    let found = weighted(between)
    count = values.count
    mean = found.mean
    betweenVariance = between
    standardError = (max(1, found.squares / degrees) / found.weights.reduce(0, +)).squareRoot()
    inconsistency = fixed > 0 ? max(0, (fixed - degrees) / fixed) : 0
  }

  /// Half of the 95 % interval of the mean.
  package var margin: Double {
    StudentT.quantile(twoSidedTail: 0.05, degreesOfFreedom: Double(count - 1)) * standardError
  }

  /// Half of the interval in which another study's true value lies with 95 % (Higgins, Thompson & Spiegelhalter 2009);
  /// nil of two studies.
  package var predictionMargin: Double? {
    guard count > 2 else { return nil }
    return StudentT.quantile(twoSidedTail: 0.05, degreesOfFreedom: Double(count - 2))
      * (betweenVariance + standardError * standardError).squareRoot()
  }
}
