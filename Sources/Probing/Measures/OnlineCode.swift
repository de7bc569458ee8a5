import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Minimum description length by online coding (Voita & Titov 2020): how many bits labels take when each block is
/// sent with a probe that was fitted to what came before it. A level that is easy to read takes few bits, and takes
/// them early.
///
/// The first block takes log₂ k bits a label. Where not every class came yet, a probe of n rows is mixed with the
/// uniform code, (n·p + 1/k)/(n + 1), so that a new class has a price.
public struct OnlineCode: Sendable {
  /// Of the softmax probe.
  public var penalty: Double
  public var standardises: Bool
  /// Where blocks end, as shares of the rows, ascending; the last is 1.
  public var shares: [Double]

  public init(penalty: Double = 1, standardises: Bool = true, shares: [Double] = OnlineCode.defaultShares) {
    self.penalty = penalty
    self.standardises = standardises
    self.shares = shares
  }

  /// The paper's, 0.1 to 100 %.
  public static let defaultShares = [
    0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1,
  ]

  public struct Length: Sendable, Equatable {
    public let bits: Double
    /// log₂ k bits a label.
    public let uniformBits: Double
    /// Of each block.
    public let blocks: [Double]
    /// How many times shorter than the uniform code.
    public var compression: Double { uniformBits / bits }
  }

  /// Of rows in the order `order`, `states` `[n × width]`, labels below `classCount`.
  public func length(
    states: Tensor, labels: [Int], classCount: Int, order: [Int], threads: Int = 1
  ) throws -> Length {
    guard states.rows == labels.count else {
      throw ProbeError.rowMismatch(states: states.rows, labels: labels.count)
    }
    guard !order.isEmpty else { throw ProbeError.noRows }
    try states.requireFinite()
    let uniform = log2(Double(classCount))
    var ends: [Int] = []
    for share in shares {
      let end = min(order.count, max(1, Int((share * Double(order.count)).rounded())))
      if end > ends.last ?? 0 { ends.append(end) }
    }
    let blocks = try parallelMap(ends.count, threads: threads) { [ends] block in
      guard block > 0 else { return uniform * Double(ends[0]) }
      return try bits(
        states, labels, classCount, known: Array(order.prefix(ends[block - 1])),
        next: Array(order[ends[block - 1]..<ends[block]]))
    }
    return Length(
      bits: blocks.reduce(0, +), uniformBits: uniform * Double(ends[ends.count - 1]), blocks: blocks)
  }

  private func bits(
    _ states: Tensor, _ labels: [Int], _ classCount: Int, known: [Int], next: [Int]
  ) throws -> Double {
    let classes = Set(known.map { labels[$0] })
    guard classes.count > 1 else { return log2(Double(classCount)) * Double(next.count) }
    let training = try TrainingRows(
      states: states, rows: known, labels: known.map { labels[$0] }, classCount: classCount)
    let fit = try SoftmaxFit(training, standardises: standardises, isBalanced: false, threads: 1)
    let outcome = fit.solve(penalty: penalty, tolerance: 1e-6)
    let guesses = try fit.fitted(classCount: classCount, outcome: outcome).guesses(
      states, rows: next, labels: next.map { labels[$0] })
    let (n, k) = (Double(known.count), Double(classCount))
    return guesses.reduce(0) { sum, guess in
      guard classes.count < classCount else { return sum - guess.logProbability / log(2) }
      return sum - log2((n * exp(guess.logProbability) + 1 / k) / (n + 1))
    }
  }
}
