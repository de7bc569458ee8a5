import Activations
import LinearAlgebra
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A ridge classifier: for each class a linear regression onto 1 for its rows and −1 for the others, with an L2
/// penalty; the largest is the answer.
///
/// Minimises Σ‖y − W·x − b‖² + penalty·‖W‖², b free (scikit-learn's `RidgeClassifier`, `alpha` = `penalty`), in one
/// solution of a symmetric system. It follows exactly from `Moments`, whatever the hours of audio. Its regressions
/// estimate the classes' probabilities as (score + 1)/2, cut off at 0 and brought to a sum of 1.
public struct RidgeProbe: Sendable, Equatable {
  /// The regularisation strength λ (L2), scikit-learn's `alpha`.
  public var penalty: Double
  /// Divides features by their standard deviation first, as `SoftmaxProbe` does; a penalty then means the same in
  /// every layer.
  public var standardises: Bool

  public init(penalty: Double, standardises: Bool = true) {
    self.penalty = penalty
    self.standardises = standardises
  }

  /// - Throws: `ProbeError` as `SoftmaxProbe.fit` does; `LinearAlgebraError` where the penalty is too small for
  ///   features that depend on each other.
  public func fit(states: Tensor, labels: [Int], classCount: Int) throws -> FittedDiscriminant {
    try fit(LabelMoments(states: states, labels: labels, classCount: classCount), classCount: classCount)
  }

  /// From a layer's moments; classes are numbered as there.
  /// - Throws: `ProbeError.badPenalty`, and where the moments lack the layer or fewer than two classes occur.
  public func fit(_ moments: Moments, layer: String) throws -> FittedDiscriminant {
    try fit(LabelMoments(moments, layer: layer), classCount: moments.classes.count)
  }

  func fit(_ sums: LabelMoments, classCount: Int) throws -> FittedDiscriminant {
    try requirePenalty(penalty)
    let divisors = sums.divisors(standardises: standardises)
    let factor = try CholeskyFactor(of: sums.gram.scaled(by: divisors, ridge: penalty))
    // Xᵀ(y − ȳ) is twice the class's centred sum, since all rows together sum to zero.
    let cross = Matrix(scaledSums: sums.sums, by: divisors, factor: { _ in 2 })
    let weights = factor.solve(cross)
    let n = Double(sums.count)
    return FittedDiscriminant(
      penalty: penalty, classCount: classCount, classes: sums.classes, mean: sums.mean,
      weights: weights.unscaled(by: divisors), offsets: sums.counts.map { 2 * Double($0) / n - 1 },
      reading: .regressions)
  }
}

/// Linear discriminant analysis: Gaussian classes that share one covariance.
///
/// Scores are xᵀΣ⁻¹μₖ − μₖᵀΣ⁻¹μₖ/2 + log πₖ, Σ the pooled within-class covariance (divided by n) plus
/// penalty/n on its diagonal after standardisation; their softmax is the posterior (Hastie, Tibshirani & Friedman
/// 2009, eq. 4.10). Follows exactly from `Moments`.
public struct LDAProbe: Sendable, Equatable {
  /// What is added to n times the covariance's diagonal: the regularisation strength λ.
  public var penalty: Double
  /// Divides features by their standard deviation first; a penalty then means the same in every layer.
  public var standardises: Bool

  public init(penalty: Double, standardises: Bool = true) {
    self.penalty = penalty
    self.standardises = standardises
  }

  /// - Throws: as `RidgeProbe.fit` does.
  public func fit(states: Tensor, labels: [Int], classCount: Int) throws -> FittedDiscriminant {
    try fit(LabelMoments(states: states, labels: labels, classCount: classCount), classCount: classCount)
  }

  /// From one layer's sums of any amount of audio, whose classes are the moments'.
  /// - Throws: `ProbeError` where the moments lack the layer or fewer than two classes occur.
  public func fit(_ moments: Moments, layer: String) throws -> FittedDiscriminant {
    try fit(LabelMoments(moments, layer: layer), classCount: moments.classes.count)
  }

  /// From sums, whose classes are less than `classCount`.
  /// - Throws: `ProbeError.badPenalty`, and `LinearAlgebraError` where the system cannot be solved.
  public func fit(_ sums: LabelMoments, classCount: Int) throws -> FittedDiscriminant {
    try requirePenalty(penalty)
    let divisors = sums.divisors(standardises: standardises)
    var within = sums.gram
    for (k, count) in sums.counts.enumerated() {
      for i in 0..<sums.width {
        let scale = sums.sums[k, i] / Double(count)
        for j in i..<sums.width { within.values[i * sums.width + j] -= scale * sums.sums[k, j] }
      }
    }
    let factor = try CholeskyFactor(of: within.scaled(by: divisors, ridge: penalty))
    // Means around the grand mean, scaled; Σ = within/n, so that Σ⁻¹ = n·within⁻¹.
    let n = Double(sums.count)
    let means = Matrix(scaledSums: sums.sums, by: divisors) { 1 / Double(sums.counts[$0]) }
    var weights = factor.solve(means)
    for i in weights.values.indices { weights.values[i] *= n }
    let offsets = sums.counts.indices.map { k in
      let square = (0..<sums.width).reduce(0.0) { $0 + weights[$1, k] * means[$1, k] }
      return log(Double(sums.counts[k]) / n) - square / 2
    }
    return FittedDiscriminant(
      penalty: penalty, classCount: classCount, classes: sums.classes, mean: sums.mean,
      weights: weights.unscaled(by: divisors), offsets: offsets, reading: .logits)
  }
}

private func requirePenalty(_ penalty: Double) throws(ProbeError) {
  guard penalty >= 0, penalty.isFinite else {
    throw .badPenalty("a penalty of \(penalty) cannot be fitted; it must be 0 or more")
  }
}

extension Matrix {
  /// `[width × classes]` from sums `[classes × width]`: divided by each feature's divisor (0 leaves it out), times
  /// a factor of the class.
  fileprivate init(scaledSums sums: Matrix, by divisors: [Double], factor: (Int) -> Double) {
    self.init(rows: sums.columns, columns: sums.rows)
    for k in 0..<sums.rows {
      for j in 0..<sums.columns where divisors[j] > 0 { self[j, k] = factor(k) * sums[k, j] / divisors[j] }
    }
  }

  /// Weights of scaled features `[width × classes]` in the units of the input, `[classes × width]`.
  fileprivate func unscaled(by divisors: [Double]) -> Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for k in 0..<columns {
      for j in 0..<rows where divisors[j] > 0 { result[k, j] = self[j, k] / divisors[j] }
    }
    return result
  }
}

/// A ridge or LDA probe that has been fitted.
public struct FittedDiscriminant: Sendable {
  /// What the scores are.
  enum Reading: Sendable { case logits, regressions }

  public let penalty: Double
  /// Classes that there are; those that did not occur in training get no probability.
  public let classCount: Int
  /// The classes that occurred in training, ascending.
  public let classes: [Int]
  let mean: [Double]
  /// `[classes that occurred × width]`, in the units of the input.
  let weights: Matrix
  /// Each class's score at the mean.
  let offsets: [Double]
  let reading: Reading

  /// Features that the probe reads.
  public var width: Int { mean.count }
  public var isConverged: Bool { true }

  /// The weights `[classCount × width]`; zero for a class that did not occur.
  public var coefficients: Matrix {
    var result = Matrix(rows: classCount, columns: width)
    for (k, label) in classes.enumerated() {
      for j in 0..<width { result[label, j] = weights[k, j] }
    }
    return result
  }

  /// The scores at zero; −∞ for a class that did not occur.
  public var intercepts: [Double] {
    var result = [Double](repeating: -.infinity, count: classCount)
    for (k, label) in classes.enumerated() {
      result[label] = (0..<width).reduce(offsets[k]) { $0 - weights[k, $1] * mean[$1] }
    }
    return result
  }

  /// The class with the highest score of each row; of several, the first.
  /// - Throws: `ProbeError.widthMismatch` for rows of another width, `.notFinite`.
  public func predictions(of states: Tensor) throws -> [Int] {
    try guesses(states, rows: Array(0..<states.rows), labels: nil).map(\.label)
  }
}

extension FittedDiscriminant: FittedProbe {
  func guesses(_ states: Tensor, rows: [Int], labels: [Int]?) throws -> [Prediction] {
    guard states.width == width || rows.isEmpty else {
      throw ProbeError.widthMismatch(found: states.width, expected: width)
    }
    let count = classes.count
    var guesses: [Prediction] = []
    guesses.reserveCapacity(rows.count)
    CentredRows.forEachBlock(of: states, rows: rows, mean: mean) { first, block, blockRows in
      let scores = matrixProduct(
        Matrix(rows: blockRows, columns: width, values: Array(block.prefix(blockRows * width))), .none,
        weights, .transposed)
      for i in 0..<blockRows {
        let row = (0..<count).map { scores[i, $0] + offsets[$0] }
        guesses.append(guess(row, truth: labels?[first + i]))
      }
    }
    return guesses
  }

  private func guess(_ scores: [Double], truth: Int?) -> Prediction {
    var best = 0
    for k in scores.indices where scores[k] > scores[best] { best = k }
    guard let truth else { return Prediction(label: classes[best], logProbability: .nan) }
    guard let place = classes.firstIndex(of: truth) else {
      return Prediction(label: classes[best], logProbability: -.infinity)
    }
    let logProbability: Double
    switch reading {
    case .logits:
      logProbability =
        scores[place] - scores[best] - log(scores.reduce(0) { $0 + exp($1 - scores[best]) })
    case .regressions:
      // A regression can leave [0, 1]; a thousandth is the least that any class is given.
      let shares = scores.map { max(($0 + 1) / 2, 1e-3) }
      logProbability = log(shares[place] / shares.reduce(0, +))
    }
    return Prediction(label: classes[best], logProbability: logProbability)
  }
}
