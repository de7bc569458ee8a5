import Foundations
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a penalty is chosen on development data.
///
/// ```swift
/// let search = PenaltySearch(.bayesian, penalties: [10_000, 0.01], trials: 10, seed: 0)
/// let trials = try search.trials { penalty in try developmentLoss(penalty) }
/// trials.best?.penalty
/// ```
public struct PenaltySearch: Sendable {
  /// The value is its name in a definition (`search: bayesian`).
  public enum Method: String, Sendable, CaseIterable, Codable {
    /// Every penalty of the list.
    case grid
    /// Drawn log-uniformly between the list's ends (Bergstra & Bengio 2012).
    case random
    /// Where a Gaussian process over the logarithm, between the list's ends, expects the most improvement
    /// (Jones, Schonlau & Welch 1998).
    case bayesian
  }

  /// A penalty that was tried, and what was lost on development data.
  struct Trial: Sendable, Equatable {
    let penalty: Double
    let loss: Double
  }

  let method: Method
  /// Descending.
  let penalties: [Double]
  /// Of a random or Bayesian search, at most.
  let count: Int
  let seed: UInt64

  init(_ method: Method = .grid, penalties: [Double], trials: Int = 10, seed: UInt64 = 0) {
    self.method = method
    self.penalties = penalties.sorted(by: >)
    count = trials
    self.seed = seed
  }

  /// Taken where there is nothing to choose by.
  var middle: Double { penalties[penalties.count / 2] }
  var hasChoice: Bool { penalties.count > 1 }

  /// Tries penalties, those of a list or of a draw from the strongest down, so that a fit may start from the last one.
  /// - Parameter endsAtRise: a list or draw ends at the first that loses more than the one before.
  func trials(endsAtRise: Bool = false, _ loss: (Double) throws -> Double) throws -> [Trial] {
    switch method {
    case .grid: try inTurn(penalties, endsAtRise: endsAtRise, loss)
    case .random: try inTurn(drawn, endsAtRise: endsAtRise, loss)
    case .bayesian: try bayesian(loss)
    }
  }

  private func inTurn(
    _ penalties: [Double], endsAtRise: Bool, _ loss: (Double) throws -> Double
  ) throws -> [Trial] {
    var trials: [Trial] = []
    for penalty in penalties {
      let trial = Trial(penalty: penalty, loss: try loss(penalty))
      let rises = trials.last.map { trial.loss >= $0.loss } ?? false
      trials.append(trial)
      if rises && endsAtRise { break }
    }
    return trials
  }

  private var drawn: [Double] {
    var numbers = RandomNumbers(seed: seed, stream: "penalties")
    return (0..<count).map { _ in penalty(at: numbers.uniform()) }.sorted(by: >)
  }

  /// Between the weakest, at 0, and the strongest, at 1.
  private func penalty(at place: Double) -> Double {
    let (weakest, strongest) = (log10(penalties[penalties.count - 1]), log10(penalties[0]))
    return pow(10, weakest + place * (strongest - weakest))
  }

  /// Three to begin with, strongest first; then where most is expected, until that is next to nothing.
  private func bayesian(_ loss: (Double) throws -> Double) throws -> [Trial] {
    var places: [Double] = []
    var trials: [Trial] = []
    func attempt(_ place: Double) throws {
      places.append(place)
      let penalty = penalty(at: place)
      trials.append(Trial(penalty: penalty, loss: try loss(penalty)))
    }
    for place in [5.0 / 6, 0.5, 1.0 / 6].prefix(count) { try attempt(place) }
    while trials.count < count {
      let process = GaussianProcess(places: places, values: trials.map(\.loss))
      guard let next = process.mostPromising(among: (0...200).map { Double($0) / 200 }) else { break }
      try attempt(next)
    }
    return trials
  }
}

extension [PenaltySearch.Trial] {
  /// The first of the least loss.
  var best: PenaltySearch.Trial? {
    reduce(nil) { best, trial in
      if let best, trial.loss >= best.loss || !trial.loss.isFinite { return best }
      return trial
    }
  }
}
