import Tensors

/// A linear probe: multinomial logistic regression with an L2 penalty, fitted to convergence.
///
/// ```swift
/// let probe = SoftmaxProbe(penalty: 10)
/// let fitted = try probe.fit(states: states, labels: phones, classCount: 39)   // states [n × width]
/// let guesses = try fitted.predictions(of: unseen)
/// ```
/// Minimises Σᵢ −log softmax(W·xᵢ + b)[yᵢ] + penalty/2·Σ W² (natural logarithms, the intercept b is free), so
/// that `penalty` is the inverse of scikit-learn's `C`. Features are standardised with the mean and the
/// standard deviation of the training rows; those that do not vary there are ignored.
public struct SoftmaxProbe: Sendable, Equatable {
  /// L2 penalty on the weights of the standardised features, at least 0.
  public var penalty: Double
  /// The fit ends where the gradient's Euclidean norm is at most this times the number of rows.
  public var tolerance: Double
  /// Divides features by their standard deviation; without it they are centred only, which leaves the
  /// minimum where it is in the features' own units.
  public var standardises: Bool
  /// Weighs each row by n/(classes · rows of its class), so that every class counts the same.
  public var isBalanced: Bool

  public init(
    penalty: Double, tolerance: Double = 1e-5, standardises: Bool = true, isBalanced: Bool = false
  ) {
    self.penalty = penalty
    self.tolerance = tolerance
    self.standardises = standardises
    self.isBalanced = isBalanced
  }

  /// Fits to `states` `[n × width]` and their classes `0 ..< classCount`.
  ///
  /// A class without a row has no weights and is never predicted. Among `threads` rows are shared out in blocks of
  /// fixed size, so that any number gives the same bits.
  /// - Throws: `ProbeError` for counts that do not match, a label outside the classes, fewer than two classes,
  ///   a value that is not finite, or a negative penalty.
  public func fit(
    states: Tensor, labels: [Int], classCount: Int, threads: Int = 1
  ) throws -> FittedSoftmaxProbe {
    guard penalty >= 0, penalty.isFinite else {
      throw ProbeError.badPenalty("a penalty of \(penalty) cannot be fitted; it must be 0 or more")
    }
    try states.requireFinite()
    let training = try TrainingRows(
      states: states, rows: Array(0..<states.rows), labels: labels, classCount: classCount)
    let fit = try SoftmaxFit(
      training, isBalanced: isBalanced, units: .init(unitVariance: standardises), threads: threads)
    let outcome = fit.solve(penalty: penalty, tolerance: tolerance)
    return fit.fitted(classCount: classCount, outcome: outcome)
  }
}

/// Checked rows of a tensor with their classes, renumbered so that every class occurs.
struct TrainingRows {
  let states: Tensor
  /// Rows of `states`.
  let rows: [Int]
  /// The class of each of `rows`: an index into `classes`.
  let labels: [Int]
  /// The classes that occur, ascending, as the caller numbers them.
  let classes: [Int]
  /// Of `rows`, or of more.
  let axes: PrincipalAxes

  /// `labels[i]` is the class of row `rows[i]`; `axes` those of the rows if nil.
  init(states: Tensor, rows: [Int], labels: [Int], classCount: Int, axes: PrincipalAxes? = nil) throws {
    guard rows.count == labels.count else {
      throw ProbeError.rowMismatch(states: rows.count, labels: labels.count)
    }
    guard !rows.isEmpty else { throw ProbeError.noRows }
    if let bad = labels.firstIndex(where: { $0 < 0 || $0 >= classCount }) {
      throw ProbeError.noSuchClass(label: labels[bad], classes: classCount, row: bad)
    }
    var numbers = [Int](repeating: -1, count: classCount)
    for label in labels { numbers[label] = 0 }
    let classes = numbers.indices.filter { numbers[$0] == 0 }
    guard classes.count > 1 else { throw ProbeError.oneClass(label: labels[0]) }
    for (number, label) in classes.enumerated() { numbers[label] = number }
    self.states = states
    self.rows = rows
    self.labels = labels.map { numbers[$0] }
    self.classes = classes
    self.axes = axes ?? PrincipalAxes(of: states, rows: rows)
  }
}

extension Tensor {
  /// Throws at the first NaN or infinity, with its row and feature.
  func requireFinite() throws(ProbeError) {
    if let index = firstNonFinite() {
      throw .notFinite(row: index / max(1, width), feature: index % max(1, width))
    }
  }
}
