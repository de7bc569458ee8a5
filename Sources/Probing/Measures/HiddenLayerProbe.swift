import Foundations
import LinearAlgebra
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A probe with one hidden layer, softmax(V·tanh(W·x + a) + b), for contrast with a linear one: what it reads and a
/// linear probe does not is there, but not laid out linearly.
///
/// Minimises the mean −log p plus penalty/(2n)·(Σ W² + Σ V²) by L-BFGS over standardised features, stopped early:
/// after each ten steps the log loss on development rows is taken, and the weights of the best are kept; three worse
/// ones in a row end it. The weights it starts from hang on the seed, and so does what it finds: it has no single
/// minimum.
public struct HiddenLayerProbe: Sendable, Equatable {
  /// Units of the hidden layer.
  public var hidden: Int
  /// The regularisation strength λ (L2) of both layers' weights.
  public var penalty: Double
  /// Of ten steps each.
  public var maximumRounds: Int
  /// The seed of the weights that it starts from.
  public var seed: UInt64

  public init(hidden: Int = 64, penalty: Double = 1, maximumRounds: Int = 20, seed: UInt64) {
    self.hidden = hidden
    self.penalty = penalty
    self.maximumRounds = maximumRounds
    self.seed = seed
  }

  /// A probe with a hidden layer that has been fitted.
  public struct Fitted: Sendable {
    fileprivate let shape: Shape
    fileprivate let weights: [Double]
    fileprivate let mean, scale: [Double]
    /// Rounds of ten steps after which development rows were read best.
    public let rounds: Int

    /// log p of every class, `[rows × classes]`.
    /// - Throws: `ProbeError.widthMismatch` for rows of another width, `.notFinite`.
    public func logProbabilities(of states: Tensor) throws -> Matrix {
      guard states.width == mean.count || states.rows == 0 else {
        throw ProbeError.widthMismatch(found: states.width, expected: mean.count)
      }
      let inputs = HiddenLayerProbe.standardised(states, Array(0..<states.rows), mean, scale)
      return shape.forward(inputs, weights).logProbabilities
    }
  }

  /// Fits on rows `train`, stops by rows `development` (by the training rows where there are none).
  /// - Throws: `ProbeError` for rows and labels that do not fit together, and for values that are not finite.
  public func fit(
    states: Tensor, labels: [Int], classCount: Int, train: [Int], development: [Int]
  ) throws -> Fitted {
    try states.requireFinite()
    guard states.rows == labels.count else {
      throw ProbeError.rowMismatch(states: states.rows, labels: labels.count)
    }
    guard !train.isEmpty else { throw ProbeError.noRows }
    if let bad = (train + development).first(where: { !(0..<classCount).contains(labels[$0]) }) {
      throw ProbeError.noSuchClass(label: labels[bad], classes: classCount, row: bad)
    }
    let (mean, scale) = HiddenLayerProbe.moments(states, train)
    let shape = Shape(inputs: states.width, hidden: hidden, classes: classCount)
    let inputs = HiddenLayerProbe.standardised(states, train, mean, scale)
    let own = train.map { labels[$0] }
    let judged = development.isEmpty ? train : development
    let judgedInputs = HiddenLayerProbe.standardised(states, judged, mean, scale)
    let judgedLabels = judged.map { labels[$0] }

    var weights = shape.initial(seed: seed)
    var best = (loss: Double.infinity, weights: weights, rounds: 0)
    var worse = 0
    for round in 1...max(1, maximumRounds) {
      let outcome = LBFGS(gradientTolerance: 1e-6, maximumIterations: 10).minimise(&weights) {
        shape.objective($0, &$1, inputs, own, penalty: penalty)
      }
      let loss = shape.loss(shape.forward(judgedInputs, weights).logProbabilities, judgedLabels)
      if loss < best.loss {
        best = (loss, weights, round)
        worse = 0
      } else {
        worse += 1
      }
      if worse == 3 || outcome.isConverged { break }
    }
    return Fitted(shape: shape, weights: best.weights, mean: mean, scale: scale, rounds: best.rounds)
  }

  /// Each feature's mean and the inverse of its deviation, 0 for one that does not vary.
  private static func moments(_ states: Tensor, _ rows: [Int]) -> (mean: [Double], scale: [Double]) {
    let mean = CentredRows.mean(of: states, rows: rows)
    var squares = [Double](repeating: 0, count: states.width)
    CentredRows.forEachBlock(of: states, rows: rows, mean: mean) { _, block, count in
      for i in 0..<count {
        for k in squares.indices {
          squares[k] += block[i * squares.count + k] * block[i * squares.count + k]
        }
      }
    }
    let scale = squares.indices.map { k in
      let deviation = (squares[k] / Double(rows.count)).squareRoot()
      return deviation > 0x1p-22 * abs(mean[k]) && deviation > 0 ? 1 / deviation : 0
    }
    return (mean, scale)
  }

  fileprivate static func standardised(
    _ states: Tensor, _ rows: [Int], _ mean: [Double], _ scale: [Double]
  ) -> Matrix {
    var result = Matrix(rows: rows.count, columns: mean.count)
    states.withUnsafeBuffer { values in
      result.values.withUnsafeMutableBufferPointer { out in
        for (i, row) in rows.enumerated() {
          for k in mean.indices {
            out[i * mean.count + k] = (Double(values[row * mean.count + k]) - mean[k]) * scale[k]
          }
        }
      }
    }
    return result
  }
}

/// The sizes of the layers, and where their weights stand in one vector: W, a, V, b.
private struct Shape: Sendable {
  let inputs, hidden, classes: Int

  private var firstBias: Int { hidden * inputs }
  private var second: Int { firstBias + hidden }
  private var secondBias: Int { second + classes * hidden }
  private var count: Int { secondBias + classes }

  /// Glorot & Bengio's (2010): normal with variance 2/(in + out).
  func initial(seed: UInt64) -> [Double] {
    var numbers = RandomNumbers(seed: seed, stream: "hidden layer")
    var weights = [Double](repeating: 0, count: count)
    let (a, b) = ((2 / Double(inputs + hidden)).squareRoot(), (2 / Double(hidden + classes)).squareRoot())
    for i in 0..<firstBias { weights[i] = a * numbers.normal() }
    for i in second..<secondBias { weights[i] = b * numbers.normal() }
    return weights
  }

  private func matrix(_ weights: [Double], _ start: Int, _ rows: Int, _ columns: Int) -> Matrix {
    Matrix(rows: rows, columns: columns, values: Array(weights[start..<(start + rows * columns)]))
  }

  func forward(_ x: Matrix, _ weights: [Double]) -> (activations: Matrix, logProbabilities: Matrix) {
    var h = matrixProduct(x, .none, matrix(weights, 0, hidden, inputs), .transposed)
    h.values.withUnsafeMutableBufferPointer { values in
      for i in 0..<x.rows {
        for k in 0..<hidden {
          values[i * hidden + k] = tanh(values[i * hidden + k] + weights[firstBias + k])
        }
      }
    }
    var scores = matrixProduct(h, .none, matrix(weights, second, classes, hidden), .transposed)
    scores.values.withUnsafeMutableBufferPointer { values in
      for i in 0..<x.rows {
        var largest = -Double.infinity
        for k in 0..<classes {
          values[i * classes + k] += weights[secondBias + k]
          largest = max(largest, values[i * classes + k])
        }
        var sum = 0.0
        for k in 0..<classes { sum += exp(values[i * classes + k] - largest) }
        for k in 0..<classes { values[i * classes + k] -= largest + log(sum) }
      }
    }
    return (h, scores)
  }

  func loss(_ logProbabilities: Matrix, _ labels: [Int]) -> Double {
    -labels.indices.reduce(0) { $0 + logProbabilities[$1, labels[$1]] } / Double(labels.count)
  }

  func objective(
    _ weights: [Double], _ gradient: inout [Double], _ x: Matrix, _ labels: [Int], penalty: Double
  ) -> Double {
    let (h, logProbabilities) = forward(x, weights)
    let n = Double(x.rows)
    var errors = logProbabilities  // ∂/∂scores
    errors.values.withUnsafeMutableBufferPointer { values in
      for i in values.indices { values[i] = exp(values[i]) / n }
      for (i, label) in labels.enumerated() { values[i * classes + label] -= 1 / n }
    }
    var back = matrixProduct(errors, .none, matrix(weights, second, classes, hidden))
    back.values.withUnsafeMutableBufferPointer { back in
      h.values.withUnsafeBufferPointer { h in
        for i in back.indices { back[i] *= 1 - h[i] * h[i] }
      }
    }
    func put(_ matrix: Matrix, at start: Int) {
      gradient.replaceSubrange(start..<(start + matrix.values.count), with: matrix.values)
    }
    func columnSums(_ matrix: Matrix) -> Matrix {
      var sums = Matrix(rows: 1, columns: matrix.columns)
      let columns = matrix.columns
      matrix.values.withUnsafeBufferPointer { values in
        for i in values.indices { sums.values[i % columns] += values[i] }
      }
      return sums
    }
    put(matrixProduct(back, .transposed, x), at: 0)
    put(columnSums(back), at: firstBias)
    put(matrixProduct(errors, .transposed, h), at: second)
    put(columnSums(errors), at: secondBias)
    var value = loss(logProbabilities, labels)
    for range in [0..<firstBias, second..<secondBias] {
      for i in range {
        value += penalty / (2 * n) * weights[i] * weights[i]
        gradient[i] += penalty / n * weights[i]
      }
    }
    return value
  }
}
