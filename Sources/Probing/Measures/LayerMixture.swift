import LinearAlgebra
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A softmax probe of a weighted sum of all layers, its weights a softmax that is learnt with it (SUPERB's way, Yang
/// et al. 2021; Peters et al. 2018 before it): the weights say where a reader that may choose looks.
///
/// Minimises Σ −log softmax(W·Σₗ sₗxₗ + b) + penalty/2·Σ W² by L-BFGS, s = softmax(a), from equal weights. A scaled,
/// shifted or rotated copy of a layer is the same layer: each is centred, brought to one mean square and rotated onto the
/// last one (orthogonal Procrustes), whose features then have unit variance. Layers must be of one width. Copies share
/// their weight, and weights of layers that resemble each other are hardly determined: read them beside the profile and
/// the mixture's own accuracy.
public struct LayerMixture: Sendable, Equatable {
  /// The regularisation strength λ (L2) of the readers' weights; layers' weights have none.
  public var penalty: Double
  /// Steps after which the optimiser stops, whatever the gradient.
  public var maximumIterations: Int

  public init(penalty: Double = 10, maximumIterations: Int = 200) {
    self.penalty = penalty
    self.maximumIterations = maximumIterations
  }

  /// A mixture that has been fitted.
  public struct Fitted: Sendable {
    /// One a layer, positive, of the sum 1.
    public let weights: [Double]
    /// Whether the softmax probe names the class, of each row that was held out.
    public let isRight: [Bool]
    /// The share of these that it names.
    public var accuracy: Double { Double(isRight.count { $0 }) / Double(isRight.count) }
    /// The mean negative log-likelihood of the true class over held-out rows, in nats.
    public let logLoss: Double
    /// Steps of the optimiser.
    public let iterations: Int
  }

  /// `layers` `[n × width]` each, all of one width; fitted on rows `train`, read on rows `test`.
  /// - Throws: `ProbeError` for rows and labels that do not fit together, and for values that are not finite.
  public func fit(
    layers: [Tensor], labels: [Int], classCount: Int, train: [Int], test: [Int]
  ) throws -> Fitted {
    guard let width = layers.first?.width, !train.isEmpty, !test.isEmpty else { throw ProbeError.noRows }
    for layer in layers {
      guard layer.width == width else {
        throw ProbeError.widthMismatch(found: layer.width, expected: width)
      }
      guard layer.rows == labels.count else {
        throw ProbeError.rowMismatch(states: layer.rows, labels: labels.count)
      }
      try layer.requireFinite()
    }
    let alignment = try Alignment(layers, train: train)
    let stacked = Stacked(layers, alignment, rows: train)
    let own = train.map { labels[$0] }
    let count = layers.count
    var point = [Double](repeating: 0, count: count + classCount * width + classCount)
    let outcome = LBFGS(
      gradientTolerance: 1e-4 * Double(train.count), maximumIterations: maximumIterations,
      valueNoise: 1e-6 * Double(train.count)
    ).minimise(&point) { point, gradient in
      stacked.objective(point, &gradient, own, classCount, penalty: penalty)
    }
    let held = Stacked(layers, alignment, rows: test)
    let logs = held.logProbabilities(point, classCount).values
    var (isRight, loss) = ([Bool](), 0.0)
    for (i, row) in test.enumerated() {
      let own = logs[(i * classCount)..<((i + 1) * classCount)]
      let best = own.indices.max { (own[$0], $1) < (own[$1], $0) } ?? 0
      isRight.append(best - own.startIndex == labels[row])
      loss -= Double(own[own.startIndex + labels[row]])
    }
    return Fitted(
      weights: LayerMixture.softmax(Array(point.prefix(count))),
      isRight: isRight, logLoss: loss / Double(test.count), iterations: outcome.iterations)
  }

  fileprivate static func softmax(_ a: [Double]) -> [Double] {
    let largest = a.max() ?? 0
    let shares = a.map { exp($0 - largest) }
    let sum = shares.reduce(0, +)
    return shares.map { $0 / sum }
  }
}

/// How layers are brought to one place, scale and orientation, learned from training rows.
private struct Alignment {
  private let means: [[Double]]
  /// From a layer's centred states to the common ones, `[width × width]` each.
  private let maps: [Matrix]

  init(_ layers: [Tensor], train: [Int]) throws {
    let width = layers.first?.width ?? 0
    means = layers.map { CentredRows.mean(of: $0, rows: train) }
    let centred = zip(layers, means).map { Self.centred($0, $1, train) }
    let scales = centred.map { states in
      let square = states.values.reduce(0) { $0 + $1 * $1 } / Double(max(1, states.values.count))
      return square > 0 ? 1 / square.squareRoot() : 0
    }
    guard let last = centred.last, let lastScale = scales.last else {
      maps = []
      return
    }
    let divisors = (0..<width).map { k in
      let square = (0..<last.rows).reduce(0.0) { $0 + last[$1, k] * last[$1, k] }
      let deviation = lastScale * (square / Double(max(1, last.rows))).squareRoot()
      return deviation > 1e-6 ? 1 / deviation : 0
    }
    maps = try zip(centred, scales).map { states, scale in
      // The rotation R with the least ‖XR − Y‖ is UVᵀ of XᵀY = USVᵀ.
      let svd = try SingularValueDecomposition(of: matrixProduct(states, .transposed, last))
      var map = matrixProduct(svd.u, .none, svd.vTransposed)
      for i in 0..<width { for k in 0..<width { map[i, k] *= scale * divisors[k] } }
      return map
    }
  }

  /// `[rows × width]`
  func states(of layer: Int, _ states: Tensor, _ rows: [Int]) -> Matrix {
    matrixProduct(Self.centred(states, means[layer], rows), .none, maps[layer])
  }

  private static func centred(_ states: Tensor, _ mean: [Double], _ rows: [Int]) -> Matrix {
    let width = states.width
    return states.withUnsafeBuffer { values in
      Matrix(
        rows: rows.count, columns: width,
        values: rows.flatMap { row in (0..<width).map { Double(values[row * width + $0]) - mean[$0] } })
    }
  }
}

/// Rows of all layers, aligned, `[layers × rows·width]`.
private struct Stacked {
  let values: Tensor
  let rows, width: Int

  init(_ layers: [Tensor], _ alignment: Alignment, rows: [Int]) {
    (self.rows, width) = (rows.count, layers.first?.width ?? 0)
    values = Tensor(
      layers.indices.flatMap { alignment.states(of: $0, layers[$0], rows).values.map { Float($0) } },
      shape: [layers.count, rows.count * width])
  }

  private var layers: Int { values.rows }

  private func mixed(_ point: [Double]) -> (weights: [Double], sum: Tensor) {
    let weights = LayerMixture.softmax(Array(point.prefix(layers)))
    let row = Tensor(weights.map(Float.init), shape: [1, layers])
    return (weights, matrixProduct(row, .none, values).reshaped([rows, width]))
  }

  private func readout(_ point: [Double], _ classes: Int) -> Tensor {
    Tensor(point[layers..<(layers + classes * width)].map(Float.init), shape: [classes, width])
  }

  /// `[rows × classes]`
  func logProbabilities(_ point: [Double], _ classes: Int) -> Tensor {
    logProbabilities(mixed(point).sum, point, classes)
  }

  private func logProbabilities(_ sum: Tensor, _ point: [Double], _ classes: Int) -> Tensor {
    var scores = matrixProduct(sum, .none, readout(point, classes), .transposed)
    let bias = layers + classes * width
    scores.withUnsafeMutableBuffer { scores in
      for i in 0..<rows {
        var largest = -Float.infinity
        for k in 0..<classes {
          scores[i * classes + k] += Float(point[bias + k])
          largest = max(largest, scores[i * classes + k])
        }
        var total: Float = 0
        for k in 0..<classes { total += exp(scores[i * classes + k] - largest) }
        for k in 0..<classes { scores[i * classes + k] -= largest + log(total) }
      }
    }
    return scores
  }

  func objective(
    _ point: [Double], _ gradient: inout [Double], _ labels: [Int], _ classes: Int, penalty: Double
  ) -> Double {
    let (weights, sum) = mixed(point)
    var errors = logProbabilities(sum, point, classes)
    var value = 0.0
    let bias = layers + classes * width
    for k in 0..<classes { gradient[bias + k] = 0 }
    errors.withUnsafeMutableBuffer { errors in
      for (i, label) in labels.enumerated() {
        value -= Double(errors[i * classes + label])
        for k in 0..<classes {
          errors[i * classes + k] = exp(errors[i * classes + k]) - (k == label ? 1 : 0)
          gradient[bias + k] += Double(errors[i * classes + k])
        }
      }
    }
    let ofReadout = matrixProduct(errors, .transposed, sum).values
    for i in ofReadout.indices {
      let weight = point[layers + i]
      value += penalty / 2 * weight * weight
      gradient[layers + i] = Double(ofReadout[i]) + penalty * weight
    }
    // ∂/∂sₗ is the product of a layer's states and what the sum's own gradient is.
    let ofSum = matrixProduct(errors, .none, readout(point, classes)).reshaped([rows * width, 1])
    let ofWeights = matrixProduct(values, .none, ofSum).values.map { Double($0) }
    let mean = zip(weights, ofWeights).reduce(0.0) { $0 + $1.0 * $1.1 }
    for l in 0..<layers { gradient[l] = weights[l] * (ofWeights[l] - mean) }
    return value
  }
}
