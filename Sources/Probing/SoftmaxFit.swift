import LinearAlgebra
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One training set made ready, to be fitted at any penalty, each fit starting from the last one's weights.
final class SoftmaxFit {
  /// The classes that occur, as the caller numbers them; rows of the weights are in this order.
  let classes: [Int]
  let scaling: FeatureScaling
  /// Of the scaled features, the intercept last, `[classes × (features + 1)]`: at first those that know only
  /// how frequent the classes are, then those of the last fit.
  private(set) var weights: [Double]
  var penalty: Double { objective.penalty }

  /// A fit needed the dearer preconditioner; those at weaker penalties will.
  private var isHard = false

  /// Of the classes alone, as logarithms of their shares.
  private let intercepts: [Double]
  private let objective: SoftmaxObjective
  private let kronecker: KroneckerPreconditioner

  init(
    _ training: TrainingRows, standardises: Bool = true, isBalanced: Bool = false,
    blocks: FeatureBlocks? = nil, threads: Int = 1
  ) throws {
    classes = training.classes
    scaling = FeatureScaling(
      of: training.states, rows: training.rows, unitVariance: standardises, blocks: blocks)
    var counts = [Double](repeating: 0, count: classes.count)
    for label in training.labels { counts[label] += 1 }
    let n = Double(training.labels.count)
    let classWeights = counts.map { isBalanced ? n / (Double(counts.count) * $0) : 1 }
    let shares = zip(counts, classWeights).map { $0 * $1 / n }
    let design = scaling.design(of: training.states, rows: training.rows)
    objective = SoftmaxObjective(
      design: design, labels: training.labels,
      weights: isBalanced ? training.labels.map { Float(classWeights[$0]) } : nil,
      classes: classes.count, penalty: 0, threads: threads)
    kronecker = try KroneckerPreconditioner(design: design, shares: shares)
    let logs = shares.map { log($0) }
    let mean = logs.reduce(0, +) / Double(logs.count)
    intercepts = logs.map { $0 - mean }
    weights = Array(repeating: 0, count: objective.pointCount)
    for k in classes.indices { weights[(k + 1) * design.width - 1] = intercepts[k] }
  }

  /// The same rows at the same scale with other labels, starting from nothing, or with other weights of the rows,
  /// starting from this fit's: what is dear to make, the design and its spectrum, is shared.
  private init(_ other: SoftmaxFit, labels: [Int], rowWeights: [Float]?, start: [Double]) {
    (classes, scaling, kronecker) = (other.classes, other.scaling, other.kronecker)
    (intercepts, weights) = (other.intercepts, start)
    objective = SoftmaxObjective(
      design: other.objective.design, labels: labels, weights: rowWeights, classes: classes.count,
      penalty: other.penalty, threads: other.objective.threads)
  }

  /// A fit of the same rows to other labels, as the caller numbers them; those of classes that this fit does not know
  /// are left out.
  func relabelled(_ labels: [Int]) -> SoftmaxFit {
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    let known = labels.map { places[$0] }
    var start = [Double](repeating: 0, count: weights.count)
    for k in classes.indices { start[(k + 1) * objective.width - 1] = intercepts[k] }
    return SoftmaxFit(
      self, labels: known.map { $0 ?? 0 },
      rowWeights: known.contains(nil) ? known.map { $0 == nil ? 0 : 1 } : nil, start: start)
  }

  /// A fit without some of the rows, which starts from this one's weights.
  func without(_ isLeftOut: [Bool]) -> SoftmaxFit {
    let own = objective.weights ?? Array(repeating: 1, count: objective.rows)
    return SoftmaxFit(
      self, labels: objective.labels, rowWeights: zip(own, isLeftOut).map { $1 ? 0 : $0 }, start: weights)
  }

  /// Starts from the weights of a probe fitted to other rows of the same features, or of the first of them: those of
  /// the classes and features that both know, brought to this set's scale.
  func start(from probe: FittedSoftmaxProbe) {
    let (coefficients, intercepts, width) = (probe.coefficients, probe.intercepts, scaling.designWidth)
    let known = Set(probe.classes)
    for (k, label) in classes.enumerated() where known.contains(label) {
      var intercept = intercepts[label]
      for (j, column) in scaling.columns.enumerated() where column < coefficients.columns {
        weights[k * width + j] = coefficients[label, column] * scaling.divisors[j]
        intercept += coefficients[label, column] * scaling.means[j]
      }
      weights[(k + 1) * width - 1] = intercept
    }
  }

  /// Moves `weights` to the minimum at a penalty, until the gradient's norm is at most `tolerance` times the
  /// number of rows.
  ///
  /// Easy fits end with the cheap preconditioner. One that after `patience` steps is not near the goal, or not
  /// there after twice as many, goes on with the dearer one, and with it from the first step at weaker
  /// penalties. (That one is made of the probabilities where it starts, so that starting far from the minimum
  /// with it costs more steps than it saves.)
  @discardableResult
  func solve(
    penalty: Double, tolerance: Double, patience: Int = 25, maximumIterations: Int = 2000
  ) -> LBFGS.Outcome {
    objective.penalty = penalty
    let goal = tolerance * Double(objective.rows)
    var steps = (iterations: 0, evaluations: 0)
    if !isHard {
      kronecker.setPenalty(penalty)
      let outcome = descend(to: goal, maximumIterations, precondition: kronecker.apply) { done, norm in
        done >= 2 * patience || (done >= patience && norm > 10 * goal)
      }
      guard outcome.ending == .givenUp else { return outcome }
      isHard = true
      steps = (outcome.iterations, outcome.evaluations)
    }
    let blocks = ClassBlockPreconditioner(
      probabilities: objective.probabilities(at: weights), design: objective.design,
      weights: objective.weights, penalty: penalty, threads: objective.threads)
    if blocks == nil { kronecker.setPenalty(penalty) }
    var outcome = descend(
      to: goal, maximumIterations - steps.iterations, precondition: blocks?.apply ?? kronecker.apply)
    outcome.iterations += steps.iterations
    outcome.evaluations += steps.evaluations
    return outcome
  }

  private func descend(
    to goal: Double, _ iterations: Int, precondition: (inout [Double]) -> Void,
    givesUp: (_ iterations: Int, _ gradientNorm: Double) -> Bool = { _, _ in false }
  ) -> LBFGS.Outcome {
    // Logits in single precision leave each row's loss uncertain by about 1e-6, less so the sum of many.
    let noise = 3e-7 * Double(objective.rows)
    let solver = LBFGS(
      gradientTolerance: goal, memory: 10, maximumIterations: max(0, iterations), valueNoise: noise)
    return withoutActuallyEscaping(precondition) {
      solver.minimise(&weights, precondition: $0, givesUp: givesUp, objective: objective.evaluate)
    }
  }
}
