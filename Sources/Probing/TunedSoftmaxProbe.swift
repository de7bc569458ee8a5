import Tensors

/// A linear probe whose penalty is chosen on development rows, and which is then fitted to all that it may
/// learn from.
///
/// ```swift
/// let probe = TunedSoftmaxProbe(penalties: [1000, 100, 10, 1])
/// let fitted = try probe.fit(
///   states: states, labels: phones, classCount: 39, train: train, development: development)
/// fitted.penalty    // the one with the lowest log loss on development rows
/// ```
/// Penalties of a list are tried from the strongest down, each fit starting from the last one's weights, and the search
/// ends at the first that reads development data worse than the one before: the loss falls and then rises as
/// a penalty weakens, and the weakest ones are the dearest to fit. Fits of the search end at a gradient norm
/// of 1e-3 a row, a hundred times what the last fit is taken to, far below what a step in penalty changes.
public struct TunedSoftmaxProbe: Sendable, Equatable {
  /// Descending; a random or Bayesian search tries others between the first and the last.
  public let penalties: [Double]
  /// How they are tried: `grid`, `random` or `bayesian`, the last two with so many trials.
  var method = PenaltySearch.Method.grid
  var trialCount = 10
  var seed: UInt64 = 0
  /// Of the last fit: a gradient norm of at most this times its number of rows.
  public var tolerance = 1e-5
  /// Weighs each row by n/(classes · rows of its class), in training; the penalty is chosen on development rows as
  /// they are.
  public var isBalanced = false
  static let searchTolerance = 1e-3

  /// - Parameter penalties: positive, in any order.
  public init(penalties: [Double]) throws(ProbeError) {
    guard !penalties.isEmpty, penalties.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw .badPenalty("penalties must be positive numbers, one at least; found \(penalties)")
    }
    self.penalties = penalties.sorted(by: >)
  }

  /// Chooses on `development`, fits to `outer`, all row indices of `states` `[n × width]`.
  ///
  /// Development rows of classes that `train` does not have tell nothing and are left out. Where none is left,
  /// or `train` has one class only, the middle penalty is taken. Of `labels`, the class of each row of `states`, only
  /// those of the rows named are read; `outer`, all that may be learned from, is `train` and `development` if nil.
  public func fit(
    states: Tensor, labels: [Int], classCount: Int, train: [Int], development: [Int],
    outer: [Int]? = nil
  ) throws -> FittedSoftmaxProbe {
    guard states.rows == labels.count else {
      throw ProbeError.rowMismatch(states: states.rows, labels: labels.count)
    }
    try states.requireFinite()
    return try fitted(
      ProbeInput(states: states, labels: labels, classCount: classCount), train: train,
      development: development, outer: outer ?? (train + development).sorted()
    ).probe
  }

  private func fitted(
    _ data: ProbeInput, train: [Int], development: [Int], outer: [Int]
  ) throws -> (probe: FittedSoftmaxProbe, trials: [PenaltySearch.Trial]) {
    let search = try search(data, train: train, development: development)
    let fit = try SoftmaxFit(try data.rows(outer), isBalanced: isBalanced)
    if let probe = search.probe { fit.start(from: probe) }
    // The start is near: a few steps bring the probabilities to this set's own.
    let outcome = fit.solve(
      penalty: search.penalty, tolerance: tolerance, patience: search.probe == nil ? 25 : 10)
    return (fit.fitted(classCount: data.classCount, outcome: outcome), search.trials)
  }

  /// The best penalty, the probe that it was seen with, and everything that was tried.
  private func search(
    _ data: ProbeInput, train: [Int], development: [Int]
  ) throws -> (penalty: Double, probe: FittedSoftmaxProbe?, trials: [PenaltySearch.Trial]) {
    let search = PenaltySearch(method, penalties: penalties, trials: trialCount, seed: seed)
    let known = Set(train.map { data.labels[$0] })
    let development = development.filter { known.contains(data.labels[$0]) }
    guard search.hasChoice, known.count > 1, !development.isEmpty else { return (search.middle, nil, []) }
    let fit = try SoftmaxFit(try data.rows(train), isBalanced: isBalanced)
    var best: (loss: Double, probe: FittedSoftmaxProbe)?
    let trials = try search.trials(endsAtRise: true) { penalty in
      let outcome = fit.solve(penalty: penalty, tolerance: Self.searchTolerance)
      let probe = fit.fitted(classCount: data.classCount, outcome: outcome)
      let guesses = try probe.guesses(
        data.states, rows: development, labels: development.map { data.labels[$0] })
      let loss = -guesses.reduce(0) { $0 + $1.logProbability } / Double(guesses.count)
      if loss < best?.loss ?? .infinity { best = (loss, probe) }
      return loss
    }
    return (best?.probe.penalty ?? search.middle, best?.probe, trials)
  }
}

extension TunedSoftmaxProbe: TunedProbe {
  func fit(
    _ data: ProbeInput, train: [Int], development: [Int], outer: [Int]
  ) throws -> (probe: any FittedProbe, trials: [PenaltySearch.Trial]) {
    try fitted(data, train: train, development: development, outer: outer)
  }

  func fit(_ data: ProbeInput, rows: [Int], penalty: Double) throws -> any FittedProbe {
    let fit = try SoftmaxFit(try data.rows(rows), isBalanced: isBalanced)
    // Asked for by control tasks: random labels leave probabilities flat, where the cheap preconditioner is good
    // for longer.
    let outcome = fit.solve(penalty: penalty, tolerance: tolerance, patience: 40)
    return fit.fitted(classCount: data.classCount, outcome: outcome)
  }
}
