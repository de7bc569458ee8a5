import Tensors

/// A row's likeliest class, and the natural logarithm of the probability of the one that it has.
struct Prediction: Sendable, Equatable {
  var label: Int
  /// NaN where no truth was given, −∞ where its class did not occur in training.
  var logProbability: Double
}

/// A classifier that has been fitted.
protocol FittedProbe: Sendable {
  var penalty: Double { get }
  var isConverged: Bool { get }

  /// A guess for each of `rows` of `states`; the log-probability is that of `labels[i]`, NaN without labels.
  func guesses(_ states: Tensor, rows: [Int], labels: [Int]?) throws -> [Prediction]
}

/// A fold's fit, from which others of the same rows follow at less cost than from the beginning.
protocol FoldFit {
  var probe: any FittedProbe { get }
  var trials: [PenaltySearch.Trial] { get }

  /// At the same penalty, to other labels of the same rows.
  func relabelled(_ labels: [Int]) throws -> any FittedProbe

  /// At the same penalty, without those of the rows that are marked; nil where one class is all that would be left.
  func without(_ isLeftOut: [Bool]) throws -> (any FittedProbe)?
}

/// States and labels that have been checked.
struct ProbeInput {
  let states: Tensor
  let labels: [Int]
  let classCount: Int
  /// Of the states, shared by all folds; nil where each fit finds its own.
  var axes: PrincipalAxes?

  func rows(_ rows: [Int]) throws -> TrainingRows {
    try TrainingRows(
      states: states, rows: rows, labels: rows.map { labels[$0] }, classCount: classCount, axes: axes)
  }

  /// Development rows of classes that `train` has; none where it has but one.
  func told(_ development: [Int], by train: [Int]) -> [Int] {
    let known = Set(train.map { labels[$0] })
    return known.count > 1 ? development.filter { known.contains(labels[$0]) } : []
  }
}

/// Rows of one fold: penalties are chosen on `development`, the probe is then fitted to `outer`.
struct FoldRows {
  let train: [Int]
  let development: [Int]
  let outer: [Int]
}

/// A family of classifiers whose penalty is chosen on development rows.
protocol TunedProbe: Sendable {
  /// The trials are those of the search, by their log loss an example.
  func fit(_ data: ProbeInput, _ rows: FoldRows) throws -> any FoldFit

  /// Of two blocks of features: those before `column` were fitted alone in `first`, whose penalty they keep; that of
  /// the others is sought.
  func fit(
    _ data: ProbeInput, _ rows: FoldRows, blockFrom column: Int, after first: any FoldFit
  ) throws -> any FoldFit
}

extension [Prediction] {
  /// Nats an example.
  var logLoss: Double { -reduce(0) { $0 + $1.logProbability } / Double(count) }
}

/// Ridge and LDA probes: the penalty with the lowest log loss on development rows is taken.
struct TunedLinearProbe: TunedProbe {
  enum Family: Sendable { case ridge, lda }

  let family: Family
  let search: PenaltySearch

  init(_ family: Family, search: PenaltySearch) {
    self.family = family
    self.search = search
  }

  func fit(_ data: ProbeInput, _ rows: FoldRows) throws -> any FoldFit {
    try fit(data, rows) { sums, penalty in try fit(sums, penalty, data.classCount) }
  }

  func fit(
    _ data: ProbeInput, _ rows: FoldRows, blockFrom column: Int, after first: any FoldFit
  ) throws -> any FoldFit {
    try fit(data, rows) { sums, penalty in
      var sums = sums
      sums.blocks = FeatureBlocks(start: column, first: first.probe.penalty, second: penalty)
      return try fit(sums, first.probe.penalty, data.classCount)
    }
  }

  private func fit(
    _ data: ProbeInput, _ rows: FoldRows,
    _ solve: @escaping (LabelMoments, Double) throws -> FittedDiscriminant
  ) throws -> any FoldFit {
    let development = data.told(rows.development, by: rows.train)
    var trials: [PenaltySearch.Trial] = []
    if search.hasChoice, !development.isEmpty {
      let sums = LabelMoments(try data.rows(rows.train))
      let labels = development.map { data.labels[$0] }
      trials = try search.trials { penalty in
        try solve(sums, penalty).guesses(data.states, rows: development, labels: labels).logLoss
      }
    }
    let penalty = trials.best?.penalty ?? search.middle
    return Fold(
      probe: try solve(LabelMoments(try data.rows(rows.outer)), penalty), trials: trials, data: data,
      rows: rows.outer
    ) { try solve($0, penalty) }
  }

  private func fit(_ sums: LabelMoments, _ penalty: Double, _ classCount: Int) throws -> FittedDiscriminant
  {
    switch family {
    case .ridge: try RidgeProbe(penalty: penalty).fit(sums, classCount: classCount)
    case .lda: try LDAProbe(penalty: penalty).fit(sums, classCount: classCount)
    }
  }

  private struct Fold: FoldFit {
    let probe: any FittedProbe
    let trials: [PenaltySearch.Trial]
    let data: ProbeInput
    let rows: [Int]
    let solve: (LabelMoments) throws -> FittedDiscriminant

    func relabelled(_ labels: [Int]) throws -> any FittedProbe {
      try solve(
        LabelMoments(
          try TrainingRows(states: data.states, rows: rows, labels: labels, classCount: data.classCount)))
    }

    func without(_ isLeftOut: [Bool]) throws -> (any FittedProbe)? {
      let kept = zip(rows, isLeftOut).filter { !$1 }.map(\.0)
      guard Set(kept.map { data.labels[$0] }).count > 1 else { return nil }
      return try solve(LabelMoments(try data.rows(kept)))
    }
  }
}
