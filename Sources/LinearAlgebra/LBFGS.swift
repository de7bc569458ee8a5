import Tensors

/// Limited-memory BFGS: minimises a smooth function of many variables from its value and gradient.
///
/// ```swift
/// var x = [-1.2, 1.0]
/// let outcome = LBFGS(gradientTolerance: 1e-9).minimise(&x) { x, gradient in
///   gradient[0] = 2 * x[0]
///   gradient[1] = 20 * x[1]
///   return x[0] * x[0] + 10 * x[1] * x[1]
/// }
/// outcome.isConverged  // true, x is near (0, 0)
/// ```
/// Two-loop recursion with `memory` pairs (Nocedal & Wright 2006, algorithm 7.4), strong Wolfe steps
/// (c₁ = 1e-4, c₂ = 0.9). A preconditioner, an approximate inverse Hessian, takes the place of the scaled
/// identity that the recursion starts from; it must be linear, symmetric and positive definite.
/// Memory is (2·memory + 5) vectors, all allocated before the first iteration.
public struct LBFGS: Sendable {
  /// Pairs of steps and gradient changes that are kept.
  public var memory: Int
  /// Steps after which it stops, whatever the gradient.
  public var maximumIterations: Int
  /// Stops at a Euclidean norm of the gradient of at most this.
  public var gradientTolerance: Double
  /// The absolute error of the objective's values: a rise within it counts as none, so that rounding near the
  /// minimum does not refuse good steps.
  public var valueNoise: Double

  public init(
    gradientTolerance: Double, memory: Int = 10, maximumIterations: Int = 1000, valueNoise: Double = 0
  ) {
    precondition(memory > 0 && maximumIterations >= 0 && gradientTolerance >= 0)
    self.memory = memory
    self.maximumIterations = maximumIterations
    self.gradientTolerance = gradientTolerance
    self.valueNoise = valueNoise
  }

  /// How a minimisation ended.
  public struct Outcome: Sendable, Equatable {
    /// Why the minimisation ended.
    public enum Ending: Sendable {
      case converged
      /// No step along the last direction made the value lower: the precision of the objective is spent.
      case noFurtherDecrease
      case iterationLimit
      /// The objective was NaN or infinite at the starting point.
      case notFinite
    }

    /// Why it ended.
    public var ending: Ending
    /// The objective at the last point.
    public var value: Double
    /// The Euclidean norm of the gradient at the last point.
    public var gradientNorm: Double
    /// Steps that were made.
    public var iterations: Int
    /// How often the objective was asked, line searches included.
    public var evaluations: Int

    /// Whether the gradient came down to `gradientTolerance`.
    public var isConverged: Bool { ending == .converged }
  }

  /// Moves `x` to a minimum. `objective` returns its value at a point and overwrites the gradient;
  /// `precondition` multiplies a vector by the approximate inverse Hessian. `renews` is asked after each iteration, with how
  /// many there were and the point reached; true says that `precondition` is another from here on.
  @discardableResult
  public func minimise(
    _ x: inout [Double], precondition: ((inout [Double]) -> Void)? = nil,
    renews: (_ iterations: Int, _ x: [Double]) -> Bool = { _, _ in false },
    objective: (_ x: [Double], _ gradient: inout [Double]) throws -> Double
  ) rethrows -> Outcome {
    var history = History(count: x.count, memory: memory)
    var gradient = [Double](repeating: 0, count: x.count)
    var direction = gradient
    var trial = gradient
    var trialGradient = gradient
    var value = try objective(x, &gradient)
    var norm = dot(gradient, gradient).squareRoot()
    var outcome = Outcome(
      ending: .iterationLimit, value: value, gradientNorm: norm, iterations: 0, evaluations: 1)
    guard value.isFinite, norm.isFinite else {
      outcome.ending = .notFinite
      return outcome
    }

    while norm > gradientTolerance, outcome.iterations < maximumIterations {
      history.newtonDirection(gradient, into: &direction, precondition: precondition)
      var slope = dot(gradient, direction)
      if !(slope < 0) {
        // Only rounding or a preconditioner that is not positive can do this: start again downhill.
        history.clear()
        for i in direction.indices { direction[i] = -gradient[i] }
        slope = -norm * norm
      }
      let plain = history.isEmpty && precondition == nil
      var search = WolfeSearch(
        value: value, slope: slope, step: plain ? min(1, 1 / norm) : 1,
        noise: valueNoise + 0x1p-50 * abs(value))
      while let step = search.next() {
        for i in trial.indices { trial[i] = x[i] + step * direction[i] }
        let trialValue = try objective(trial, &trialGradient)
        outcome.evaluations += 1
        search.report(value: trialValue, slope: dot(trialGradient, direction))
      }
      guard search.isAccepted else {
        if history.isEmpty {
          outcome.ending = .noFurtherDecrease
          return outcome
        }
        history.clear()
        continue
      }
      history.append(from: x, to: trial, gradient, trialGradient, precondition: precondition)
      swap(&x, &trial)
      swap(&gradient, &trialGradient)
      value = search.value
      norm = dot(gradient, gradient).squareRoot()
      outcome.iterations += 1
      outcome.value = value
      outcome.gradientNorm = norm
      if norm > gradientTolerance, renews(outcome.iterations, x) { history.scale = 1 }
    }
    if norm <= gradientTolerance { outcome.ending = .converged }
    return outcome
  }
}

/// The last pairs of steps s and gradient changes y, and the product of a vector with the inverse Hessian
/// that they imply.
private struct History {
  let count: Int
  let memory: Int
  /// Pair p is at `(p % memory)·count`.
  var steps: [Double]
  var changes: [Double]
  /// 1 / sᵀy.
  var inverses: [Double]
  var coefficients: [Double]
  /// sᵀy / yᵀHy of the newest pair, H being the preconditioner: the scale of the first approximation.
  var scale = 1.0
  var scratch: [Double]
  var first = 0
  var next = 0

  init(count: Int, memory: Int) {
    self.count = count
    self.memory = memory
    steps = Array(repeating: 0, count: count * memory)
    changes = steps
    inverses = Array(repeating: 0, count: memory)
    coefficients = inverses
    scratch = Array(repeating: 0, count: count)
  }

  var isEmpty: Bool { first == next }

  mutating func clear() {
    (first, next, scale) = (0, 0, 1)
  }

  /// Keeps a pair unless its curvature is not positive, which a strong Wolfe step rules out but for rounding.
  mutating func append(
    from x: [Double], to newX: [Double], _ gradient: [Double], _ newGradient: [Double],
    precondition: ((inout [Double]) -> Void)?
  ) {
    let slot = next % memory * count
    for i in 0..<count {
      steps[slot + i] = newX[i] - x[i]
      changes[slot + i] = newGradient[i] - gradient[i]
    }
    let curvature = product(steps, slot, changes, slot)
    let length = product(changes, slot, changes, slot)
    guard curvature > 0x1p-52 * length, curvature.isFinite else { return }
    inverses[next % memory] = 1 / curvature
    scale = curvature / length
    if let precondition {
      for i in 0..<count { scratch[i] = changes[slot + i] }
      precondition(&scratch)
      scale = curvature / product(scratch, 0, changes, slot)
    }
    next += 1
    if next - first > memory { first += 1 }
  }

  /// −H·gradient.
  mutating func newtonDirection(
    _ gradient: [Double], into direction: inout [Double], precondition: ((inout [Double]) -> Void)?
  ) {
    for i in 0..<count { direction[i] = -gradient[i] }
    for pair in (first..<next).reversed() {
      let slot = pair % memory * count
      let alpha = inverses[pair % memory] * product(steps, slot, direction, 0)
      coefficients[pair % memory] = alpha
      add(-alpha, changes, slot, to: &direction)
    }
    precondition?(&direction)
    if scale != 1 {
      for i in 0..<count { direction[i] *= scale }
    }
    for pair in first..<next {
      let slot = pair % memory * count
      let beta = inverses[pair % memory] * product(changes, slot, direction, 0)
      add(coefficients[pair % memory] - beta, steps, slot, to: &direction)
    }
  }

  private func product(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int) -> Double {
    innerProduct(a, i, b, j, count: count)
  }

  private func add(_ factor: Double, _ a: [Double], _ slot: Int, to b: inout [Double]) {
    precondition(slot >= 0 && slot + count <= a.count && count <= b.count)
    b.withUnsafeMutableBufferPointer { b in
      a.withUnsafeBufferPointer { a in
        if let a = a.baseAddress, let b = b.baseAddress { BLAS.add(count, factor, a + slot, to: b) }
      }
    }
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double {
  innerProduct(a, 0, b, 0, count: a.count)
}

/// The inner product of `count` values of `a` from `i` and of `b` from `j`.
private func innerProduct(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int, count: Int) -> Double {
  precondition(i >= 0 && j >= 0 && i + count <= a.count && j + count <= b.count)
  return a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      guard let a = a.baseAddress, let b = b.baseAddress else { return 0 }
      return BLAS.dot(count, a + i, b + j)
    }
  }
}
