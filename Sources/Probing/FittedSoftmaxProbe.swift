import LinearAlgebra
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A linear probe that has been fitted.
public struct FittedSoftmaxProbe: Sendable {
  public let penalty: Double
  /// The classes that the caller numbers; those that had no training row are never predicted.
  public let classCount: Int
  /// The classes that occurred in training, ascending.
  public let classes: [Int]
  /// The objective at the minimum: the loss summed over rows, natural logarithms, and the penalty.
  public let objective: Double
  /// The Euclidean norm of the gradient there.
  public let gradientNorm: Double
  /// Steps of the optimiser.
  public let iterations: Int
  /// Whether the gradient came down to the tolerance.
  public let isConverged: Bool

  let scaling: FeatureScaling
  /// Of the scaled features, the intercept last: `[classes that occurred × (features + 1)]`.
  let weights: Matrix

  /// The number of features of the input.
  public var width: Int { scaling.width }

  /// The weights in the units of the input `[classCount × width]`: zero for features that did not vary and
  /// for classes that did not occur.
  public var coefficients: Matrix {
    var result = Matrix(rows: classCount, columns: width)
    for (k, label) in classes.enumerated() {
      for (j, column) in scaling.columns.enumerated() {
        result[label, column] = weights[k, j] / scaling.divisors[j]
      }
    }
    return result
  }

  /// The intercepts in the units of the input, shifted to a mean of zero over the classes that occurred (only
  /// differences matter); −∞ for a class that did not.
  public var intercepts: [Double] {
    let features = scaling.columns.count
    let raw = classes.indices.map { k in
      scaling.columns.indices.reduce(weights[k, features]) {
        $0 - weights[k, $1] * scaling.means[$1] / scaling.divisors[$1]
      }
    }
    let mean = raw.reduce(0, +) / Double(raw.count)
    var result = [Double](repeating: -.infinity, count: classCount)
    for (k, label) in classes.enumerated() { result[label] = raw[k] - mean }
    return result
  }

  /// The natural logarithms of the classes' probabilities, `[n × classCount]`; −∞ for a class that did not
  /// occur in training.
  /// - Throws: `ProbeError.widthMismatch` for rows of another width, `.notFinite`.
  public func logProbabilities(of states: Tensor) throws -> Tensor {
    let logits = try self.logits(of: states, rows: Array(0..<states.rows))
    let count = classes.count
    return Tensor(shape: [states.rows, classCount]) { out in
      out.update(repeating: -.infinity)
      for i in 0..<states.rows {
        let row = logits[(i * count)..<((i + 1) * count)]
        let sum = logSum(row)
        for (k, label) in classes.enumerated() {
          out[i * classCount + label] = Float(Double(row[row.startIndex + k]) - sum)
        }
      }
    }
  }

  /// The likeliest class of each row; of several, the first.
  /// - Throws: `ProbeError.widthMismatch` for rows of another width, `.notFinite`.
  public func predictions(of states: Tensor) throws -> [Int] {
    try guesses(states, rows: Array(0..<states.rows), labels: nil).map(\.label)
  }

  /// Guesses for rows `rows` of `states`, whose true classes are `labels`.
  func guesses(_ states: Tensor, rows: [Int], labels: [Int]?) throws -> [Prediction] {
    let logits = try self.logits(of: states, rows: rows)
    let count = classes.count
    var numbers = [Int?](repeating: nil, count: classCount)
    for (k, label) in classes.enumerated() { numbers[label] = k }
    return rows.indices.map { i in
      let row = logits[(i * count)..<((i + 1) * count)]
      var best = 0
      for k in 1..<count where row[row.startIndex + k] > row[row.startIndex + best] { best = k }
      var logProbability = Double.nan
      if let truth = labels?[i] {
        logProbability =
          numbers[truth].map { Double(row[row.startIndex + $0]) - logSum(row) } ?? -.infinity
      }
      return Prediction(label: classes[best], logProbability: logProbability)
    }
  }

  /// `[rows × classes that occurred]`
  private func logits(of states: Tensor, rows: [Int]) throws -> [Float] {
    guard states.width == width || rows.isEmpty else {
      throw ProbeError.widthMismatch(found: states.width, expected: width)
    }
    let point = Tensor(weights.values.map(Float.init), shape: [weights.rows, weights.columns])
    return matrixProduct(scaling.design(of: states, rows: rows), .none, point, .transposed).values
  }

  private func logSum(_ row: ArraySlice<Float>) -> Double {
    let largest = Double(row.max() ?? 0)
    return largest + log(row.reduce(0.0) { $0 + exp(Double($1) - largest) })
  }
}

extension SoftmaxFit {
  /// The probe at the present weights.
  func fitted(classCount: Int, outcome: LBFGS.Outcome) -> FittedSoftmaxProbe {
    FittedSoftmaxProbe(
      penalty: penalty, classCount: classCount, classes: classes, objective: outcome.value,
      gradientNorm: outcome.gradientNorm, iterations: outcome.iterations,
      isConverged: outcome.isConverged, scaling: scaling, weights: featureWeights)
  }
}

extension FittedSoftmaxProbe: FittedProbe {}
