import LinearAlgebra
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One training set made ready, to be fitted at any penalty, each fit starting from the last one's weights.
///
/// Fits run on the features' principal axes, where penalty and minimum are what they are on the features, and where a
/// preconditioner that is nearly diagonal brings them there in few steps.
final class SoftmaxFit {
  /// After so many steps, so many axes whose curvature is inverted: nothing is known of the probabilities where a fit starts
  /// from the classes' shares, and one that drags on is worth the dearer blocks.
  private static let leadsFromShares = [8: 64, 45: 160]
  private static let leadsFromWeights = [0: 64, 40: 160]
  /// Labels at random leave probabilities flat.
  private static let leadsOfRelabelled = [16: 64]
  /// Of fits to nearly the same rows.
  private static let leadOfNeighbours = 128

  /// The classes that occur, as the caller numbers them; rows of the weights are in this order.
  let classes: [Int]
  let scaling: FeatureScaling
  var penalty: Double { objective.penalty }

  /// On the axes, the intercept last, `[classes × (axes + 1)]`: at first those that know only how frequent the classes
  /// are, then those of the last fit.
  private var weights: [Double]
  /// Of the next fit.
  private var leads = SoftmaxFit.leadsFromShares
  /// `[features that vary × axes]`
  private let rotation: Matrix
  /// Of the classes.
  private let shares: [Double]
  private let objective: SoftmaxObjective
  /// What fits of nearly the same rows, starting here, are steered by; made when first asked for.
  private var near: BlockPreconditioner?
  /// Where the last two fits of these rows ended, the earlier one first.
  private var path: [(penalty: Double, weights: [Double])] = []

  init(
    _ training: TrainingRows, isBalanced: Bool = false, units: FeatureScaling.Units = .init(),
    threads: Int = 1
  ) throws {
    classes = training.classes
    scaling = FeatureScaling(of: training.states, rows: training.rows, units: units)
    var counts = [Double](repeating: 0, count: classes.count)
    for label in training.labels { counts[label] += 1 }
    let n = Double(training.labels.count)
    let classWeights = counts.map { isBalanced ? n / (Double(counts.count) * $0) : 1 }
    shares = zip(counts, classWeights).map { $0 * $1 / n }
    let features = scaling.design(of: training.states, rows: training.rows)
    rotation = try training.axes.rotation(for: scaling, design: features)
    objective = SoftmaxObjective(
      design: Self.rotated(features, by: rotation), labels: training.labels,
      weights: isBalanced ? training.labels.map { Float(classWeights[$0]) } : nil,
      classes: classes.count, penalty: 0, threads: threads)
    weights = Self.startingWeights(shares, width: objective.width)
  }

  /// The same rows on the same axes with other labels, starting from nothing, or with other weights of the rows,
  /// starting from this fit's.
  private init(_ other: SoftmaxFit, labels: [Int], rowWeights: [Float]?, start: [Double]?) {
    (classes, scaling, rotation, shares) = (other.classes, other.scaling, other.rotation, other.shares)
    weights = start ?? Self.startingWeights(other.shares, width: other.objective.width)
    leads = start == nil ? Self.leadsOfRelabelled : [:]
    objective = SoftmaxObjective(
      design: other.objective.design, labels: labels, weights: rowWeights, classes: classes.count,
      penalty: other.penalty, threads: other.objective.threads)
  }

  /// Nothing but the logarithms of the classes' shares, as intercepts.
  private static func startingWeights(_ shares: [Double], width: Int) -> [Double] {
    let logs = shares.map { log($0) }
    let mean = logs.reduce(0, +) / Double(logs.count)
    var weights = [Double](repeating: 0, count: shares.count * width)
    for k in shares.indices { weights[(k + 1) * width - 1] = logs[k] - mean }
    return weights
  }

  /// `[rows × (axes + 1)]` from `[rows × (features + 1)]`, the last column of both ones.
  private static func rotated(_ features: Tensor, by rotation: Matrix) -> Tensor {
    let (rows, axes) = (features.rows, rotation.columns)
    let rotation = Tensor(rotation.values.map(Float.init), shape: [rotation.rows, axes])
    return Tensor(shape: [rows, axes + 1]) { out in
      features.withUnsafeBuffer { x in
        rotation.withUnsafeBuffer { v in
          if let x = x.baseAddress, let v = v.baseAddress, let out = out.baseAddress, axes > 0 {
            BLAS.gemm(
              m: rows, n: axes, k: rotation.rows, x, lda: features.width, .none, v, ldb: axes, .none, out,
              ldc: axes + 1)
          }
        }
      }
      for row in 0..<rows { out[row * (axes + 1) + axes] = 1 }
    }
  }

  /// A fit of the same rows to other labels, as the caller numbers them; those of classes that this fit does not know
  /// are left out.
  func relabelled(_ labels: [Int]) -> SoftmaxFit {
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    let known = labels.map { places[$0] }
    return SoftmaxFit(
      self, labels: known.map { $0 ?? 0 },
      rowWeights: known.contains(nil) ? known.map { $0 == nil ? 0 : 1 } : nil, start: nil)
  }

  /// A fit without some of the rows, which starts from this one's weights and is steered by what is known of them.
  func without(_ isLeftOut: [Bool]) -> SoftmaxFit {
    let own = objective.weights ?? Array(repeating: 1, count: objective.rows)
    let fit = SoftmaxFit(
      self, labels: objective.labels, rowWeights: zip(own, isLeftOut).map { $1 ? 0 : $0 }, start: weights)
    near = near ?? preconditioner(at: weights, lead: Self.leadOfNeighbours)
    fit.near = near
    return fit
  }

  /// Starts from the weights of a probe fitted to other rows of the same features, or of the first of them: those of
  /// the classes and features that both know, brought to this set's scale; unless they fit these rows at `penalty` worse
  /// than none, as where a feature hardly varies in one set and much in the other.
  func start(from probe: FittedSoftmaxProbe, penalty: Double) {
    let (coefficients, intercepts) = (probe.coefficients, probe.intercepts)
    let known = Set(probe.classes)
    var features = Matrix(rows: classes.count, columns: scaling.columns.count)
    var own = classes.indices.map { weights[($0 + 1) * objective.width - 1] }
    for (k, label) in classes.enumerated() where known.contains(label) {
      own[k] = intercepts[label]
      for (j, column) in scaling.columns.enumerated() where column < coefficients.columns {
        features[k, j] = coefficients[label, column] * scaling.divisors[j]
        own[k] += coefficients[label, column] * scaling.means[j]
      }
    }
    let onAxes = matrixProduct(features, .none, rotation)
    let others = classes.indices.flatMap { k in
      onAxes.values[(k * onAxes.columns)..<((k + 1) * onAxes.columns)] + [own[k]]
    }
    objective.penalty = penalty
    var gradient = others
    let values = (
      objective.evaluate(others, gradient: &gradient), objective.evaluate(weights, gradient: &gradient)
    )
    guard values.0 < values.1 else { return }
    (weights, path) = (others, [])
    leads = Self.leadsFromWeights
  }

  /// The weights of the scaled features, the intercept last: `[classes × (features + 1)]`.
  var featureWeights: Matrix {
    let axes = rotation.columns
    let onAxes = Matrix(
      rows: classes.count, columns: axes,
      values: classes.indices.flatMap { weights[($0 * (axes + 1))..<($0 * (axes + 1) + axes)] })
    let features = matrixProduct(onAxes, .none, rotation, .transposed)
    return Matrix(
      rows: classes.count, columns: features.columns + 1,
      values: classes.indices.flatMap { k in
        features.values[(k * features.columns)..<((k + 1) * features.columns)]
          + [weights[k * (axes + 1) + axes]]
      })
  }

  /// Moves the weights to the minimum at a penalty, until the gradient's norm is at most `tolerance` times the number of
  /// rows.
  @discardableResult
  func solve(penalty: Double, tolerance: Double, maximumIterations: Int = 2000) -> LBFGS.Outcome {
    if objective.penalty != penalty { near = nil }
    objective.penalty = penalty
    if let start = extrapolated(to: penalty) { weights = start }
    // Logits in single precision leave each row's loss uncertain by about 1e-6, less so the sum of many.
    let solver = LBFGS(
      gradientTolerance: tolerance * Double(objective.rows), memory: 10,
      maximumIterations: maximumIterations, valueNoise: 3e-7 * Double(objective.rows))
    let leads = near == nil ? self.leads : [:]
    var preconditioner: any SoftmaxPreconditioner =
      near ?? leads[0].flatMap { self.preconditioner(at: weights, lead: $0) }
      ?? SharesPreconditioner(shares: shares, design: objective.design, penalty: penalty)
    let outcome = solver.minimise(
      &weights, precondition: { preconditioner.apply(&$0) },
      renews: { iterations, weights in
        guard let lead = leads[iterations], let other = self.preconditioner(at: weights, lead: lead)
        else { return false }
        preconditioner = other
        return true
      }, objective: objective.evaluate)
    self.leads = Self.leadsFromWeights
    path = path.suffix(1) + [(penalty, weights)]
    return outcome
  }

  /// Weights move by about as much from one penalty of a list to the next as they did from the one before: a start that is
  /// nearer than the last end, never further from it than the last two are from each other.
  private func extrapolated(to penalty: Double) -> [Double]? {
    guard path.count == 2, path[0].penalty != path[1].penalty, penalty != path[1].penalty else {
      return nil
    }
    let step = log(penalty / path[1].penalty) / log(path[1].penalty / path[0].penalty)
    let factor = min(1, max(-1, step))
    return zip(path[1].weights, path[0].weights).map { $0 + factor * ($0 - $1) }
  }

  private func preconditioner(at weights: [Double], lead: Int) -> BlockPreconditioner? {
    BlockPreconditioner(
      probabilities: objective.probabilities(at: weights), design: objective.design,
      weights: objective.weights, penalty: penalty, lead: lead)
  }
}
