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

  /// Tries penalties, those of a list or of a draw.
  /// - Parameter isUnimodal: the loss falls and then rises as a penalty weakens, so that a list or draw need not be tried
  ///   whole: from just above its middle penalties weaken until one loses no less than the one before; where that is the
  ///   first step, they get stronger until one does. Neighbours follow each other, and a fit may start from the last one.
  /// - Returns: those of a list or draw from the strongest down.
  func trials(isUnimodal: Bool = false, _ loss: (Double) throws -> Double) throws -> [Trial] {
    switch method {
    case .grid: try tried(penalties, isUnimodal: isUnimodal, loss)
    case .random: try tried(drawn, isUnimodal: isUnimodal, loss)
    case .bayesian: try bayesian(loss)
    }
  }

  private func tried(
    _ penalties: [Double], isUnimodal: Bool, _ loss: (Double) throws -> Double
  ) throws -> [Trial] {
    func trial(_ place: Int) throws -> Trial {
      Trial(penalty: penalties[place], loss: try loss(penalties[place]))
    }
    guard isUnimodal else { return try penalties.indices.map(trial) }
    let start = max(0, penalties.count / 2 - 1)
    var weaker = [try trial(start)]
    for place in penalties.indices.dropFirst(start + 1) {
      weaker.append(try trial(place))
      if weaker[weaker.count - 1].loss >= weaker[weaker.count - 2].loss { break }
    }
    let falls = weaker.count > 2 || weaker.count == 2 && weaker[1].loss < weaker[0].loss
    guard !falls else { return weaker }
    var stronger: [Trial] = []
    for place in penalties.indices.prefix(start).reversed() {
      let last = stronger.last ?? weaker[0]
      stronger.append(try trial(place))
      if stronger[stronger.count - 1].loss >= last.loss { break }
    }
    return stronger.reversed() + weaker
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
