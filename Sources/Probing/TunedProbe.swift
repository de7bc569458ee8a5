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

/// States and labels that have been checked.
struct ProbeInput {
  let states: Tensor
  let labels: [Int]
  let classCount: Int

  func rows(_ rows: [Int]) throws -> TrainingRows {
    try TrainingRows(states: states, rows: rows, labels: rows.map { labels[$0] }, classCount: classCount)
  }
}

/// A family of classifiers whose penalty is chosen on development rows.
protocol TunedProbe: Sendable {
  /// Chooses on `development`, fits to `outer`: all row indices. The trials are those of the search, by their log loss
  /// an example.
  func fit(
    _ data: ProbeInput, train: [Int], development: [Int], outer: [Int]
  ) throws -> (probe: any FittedProbe, trials: [PenaltySearch.Trial])

  /// At a penalty that is known.
  func fit(_ data: ProbeInput, rows: [Int], penalty: Double) throws -> any FittedProbe
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

  func fit(
    _ data: ProbeInput, train: [Int], development: [Int], outer: [Int]
  ) throws -> (probe: any FittedProbe, trials: [PenaltySearch.Trial]) {
    let trials = try trials(data, train: train, development: development)
    return (try fit(data, rows: outer, penalty: trials.best?.penalty ?? search.middle), trials)
  }

  func fit(_ data: ProbeInput, rows: [Int], penalty: Double) throws -> any FittedProbe {
    try fit(LabelMoments(try data.rows(rows)), penalty, data.classCount)
  }

  private func fit(_ sums: LabelMoments, _ penalty: Double, _ classCount: Int) throws -> FittedDiscriminant
  {
    switch family {
    case .ridge: try RidgeProbe(penalty: penalty).fit(sums, classCount: classCount)
    case .lda: try LDAProbe(penalty: penalty).fit(sums, classCount: classCount)
    }
  }

  private func trials(
    _ data: ProbeInput, train: [Int], development: [Int]
  ) throws -> [PenaltySearch.Trial] {
    let known = Set(train.map { data.labels[$0] })
    let rows = development.filter { known.contains(data.labels[$0]) }
    guard search.hasChoice, known.count > 1, !rows.isEmpty else { return [] }
    let sums = LabelMoments(try data.rows(train))
    let labels = rows.map { data.labels[$0] }
    return try search.trials { penalty in
      let guesses = try fit(sums, penalty, data.classCount).guesses(data.states, rows: rows, labels: labels)
      return -guesses.reduce(0) { $0 + $1.logProbability } / Double(guesses.count)
    }
  }
}
