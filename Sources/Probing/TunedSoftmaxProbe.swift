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
/// The development loss falls and then rises as a penalty weakens: of a list's penalties those next to the best are tried
/// (`PenaltySearch`), each fit starting from where the last ones lead to. All end at a gradient norm of 1e-5 a row: search fits
/// that end at 1e-3 are as if stopped early, which hides how much weak penalties overfit.
public struct TunedSoftmaxProbe: Sendable, Equatable {
  /// Descending; a random or Bayesian search tries others between the first and the last.
  public let penalties: [Double]
  /// How they are tried: `grid`, `random` or `bayesian`, the last two with so many trials.
  var method = PenaltySearch.Method.grid
  var trialCount = 10
  var seed: UInt64 = 0
  /// Of every fit: a gradient norm of at most this times its number of rows.
  public var tolerance = 1e-5
  /// Weighs each row by n/(classes · rows of its class), in training; the penalty is chosen on development rows as
  /// they are.
  public var isBalanced = false
  /// Of fits that leave rows out, of which their differences count.
  private static let refitTolerance = 1e-3
  /// They start near their end, and know the curvature there: so many steps leave less than what separates them.
  private static let refitIterations = 5
  /// Of fits to labels at random, of which no more than their accuracy is used.
  private static let relabelledTolerance = 3e-3

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
      ProbeInput(states: states, labels: labels, classCount: classCount),
      FoldRows(
        train: train, development: development, outer: outer ?? (train + development).sorted())
    ).fitted
  }

  private func fitted(_ data: ProbeInput, _ rows: FoldRows, blocks: Blocks? = nil) throws -> Fold {
    let search = try search(data, rows, blocks)
    let fit = try SoftmaxFit(
      try data.rows(rows.outer), isBalanced: isBalanced,
      units: .init(blocks: blocks?.scaled(search.penalty)))
    let penalty = blocks?.firstPenalty ?? search.penalty
    if let probe = search.probe { fit.start(from: probe, penalty: penalty) }
    let outcome = fit.solve(penalty: penalty, tolerance: tolerance)
    return Fold(
      fit: fit, fitted: fit.fitted(classCount: data.classCount, outcome: outcome), searched: search.probe,
      trials: search.trials)
  }

  /// The best penalty, the probe that it was seen with, and everything that was tried.
  private func search(
    _ data: ProbeInput, _ rows: FoldRows, _ blocks: Blocks?
  ) throws -> (penalty: Double, probe: FittedSoftmaxProbe?, trials: [PenaltySearch.Trial]) {
    let search = PenaltySearch(method, penalties: penalties, trials: trialCount, seed: seed)
    let development = data.told(rows.development, by: rows.train)
    guard search.hasChoice, !development.isEmpty else { return (search.middle, nil, []) }
    let training = try data.rows(rows.train)
    var fit: SoftmaxFit?
    var last: FittedSoftmaxProbe?
    var best: (loss: Double, penalty: Double, probe: FittedSoftmaxProbe)?
    // Beside features that it shares much with, a block may help at once and again when it is hardly penalised.
    let trials = try search.trials(isUnimodal: blocks == nil) { penalty in
      // Another scale of a block is another design.
      let own =
        try blocks == nil && fit != nil
        ? fit : SoftmaxFit(training, isBalanced: isBalanced, units: .init(blocks: blocks?.scaled(penalty)))
      guard let own else { return .infinity }
      let ownPenalty = blocks?.firstPenalty ?? penalty
      if let blocks, let near = last ?? blocks.start.searched { own.start(from: near, penalty: ownPenalty) }
      let outcome = own.solve(penalty: ownPenalty, tolerance: tolerance)
      let probe = own.fitted(classCount: data.classCount, outcome: outcome)
      let loss = try probe.guesses(
        data.states, rows: development, labels: development.map { data.labels[$0] }
      ).logLoss
      if loss < best?.loss ?? .infinity { best = (loss, penalty, probe) }
      (fit, last) = (own, probe)
      return loss
    }
    return (best?.penalty ?? search.middle, best?.probe, trials)
  }

  private struct Blocks {
    /// The first column of the second block.
    let column: Int
    /// The fit to the first block alone.
    let start: Fold

    var firstPenalty: Double { start.fitted.penalty }

    func scaled(_ second: Double) -> FeatureBlocks {
      FeatureBlocks(start: column, first: firstPenalty, second: second)
    }
  }

  private struct Fold: FoldFit {
    let fit: SoftmaxFit
    let fitted: FittedSoftmaxProbe
    /// At the penalty that was chosen, of the rows that it was chosen with.
    let searched: FittedSoftmaxProbe?
    let trials: [PenaltySearch.Trial]

    var probe: any FittedProbe { fitted }

    func relabelled(_ labels: [Int]) -> any FittedProbe {
      solved(
        fit.relabelled(labels), tolerance: TunedSoftmaxProbe.relabelledTolerance, maximumIterations: 2000)
    }

    func without(_ isLeftOut: [Bool]) -> (any FittedProbe)? {
      // How far training sets move a fit is wanted, not the fit: it starts near its end, and a few steps make the way.
      solved(
        fit.without(isLeftOut), tolerance: TunedSoftmaxProbe.refitTolerance,
        maximumIterations: TunedSoftmaxProbe.refitIterations)
    }

    /// What is only counted, and compared with others of its kind, ends early.
    private func solved(
      _ other: SoftmaxFit, tolerance: Double, maximumIterations: Int
    ) -> FittedSoftmaxProbe {
      let outcome = other.solve(
        penalty: fit.penalty, tolerance: tolerance, maximumIterations: maximumIterations)
      return other.fitted(classCount: fitted.classCount, outcome: outcome)
    }
  }
}

extension TunedSoftmaxProbe: TunedProbe {
  func fit(_ data: ProbeInput, _ rows: FoldRows) throws -> any FoldFit { try fitted(data, rows) }

  func fit(
    _ data: ProbeInput, _ rows: FoldRows, blockFrom column: Int, after first: any FoldFit
  ) throws -> any FoldFit {
    guard let first = first as? Fold else { preconditionFailure("\(type(of: first)) is no softmax fit") }
    return try fitted(data, rows, blocks: Blocks(column: column, start: first))
  }
}
