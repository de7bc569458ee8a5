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
  /// Divides features by their standard deviation on what was sent so far.
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

  /// How long a code of the labels is.
  public struct Length: Sendable, Equatable {
    /// Of each row, in the order in which they were sent.
    public let rows: [Double]
    /// Where blocks end.
    public let ends: [Int]
    /// log₂ k bits a label.
    public let uniformBits: Double
    /// What a code that knows how frequent each label is takes: n·H(label).
    public let entropyBits: Double

    /// The whole code, in bits.
    public var bits: Double { blocks.reduce(0, +) }
    /// Of each block.
    public var blocks: [Double] {
      zip([0] + ends, ends).map { rows[$0..<$1].reduce(0, +) }
    }
    /// How many times shorter than the uniform code. Labels of unequal frequency are compressed by that alone.
    public var compression: Double { uniformBits / bits }
    /// How many times shorter than the code of the labels' frequencies: at most 1 where states tell nothing.
    public var compressionOfEntropy: Double { entropyBits / bits }
  }

  /// Of rows sent one by one.
  /// - Throws: `ProbeError` for rows and labels that do not fit together, and for values that are not finite.
  public func length(
    states: Tensor, labels: [Int], classCount: Int, order: [Int], threads: Int = 1
  ) throws -> Length {
    try length(
      states: states, labels: labels, classCount: classCount, utterances: order.map { [$0] },
      threads: threads)
  }

  /// Of utterances sent one after the other, each as the rows that it holds. A block ends where an utterance does: spans
  /// of one utterance resemble each other, and a probe that was fitted to some of them would tell the rest.
  ///
  /// - Parameters:
  ///   - states: `[n × width]`
  ///   - labels: of each row, below `classCount`.
  /// - Throws: `ProbeError` for rows and labels that do not fit together, and for values that are not finite.
  public func length(
    states: Tensor, labels: [Int], classCount: Int, utterances: [[Int]], threads: Int = 1
  ) throws -> Length {
    guard states.rows == labels.count else {
      throw ProbeError.rowMismatch(states: states.rows, labels: labels.count)
    }
    let order = Array(utterances.joined())
    guard !order.isEmpty else { throw ProbeError.noRows }
    try states.requireFinite()
    let uniform = log2(Double(classCount))
    let ends = ends(of: utterances.map(\.count), rows: order.count)
    let blocks = try parallelMap(ends.count, threads: threads) { block in
      guard block > 0 else { return [Double](repeating: uniform, count: ends[0]) }
      return try bits(
        states, labels, classCount, known: Array(order.prefix(ends[block - 1])),
        next: Array(order[ends[block - 1]..<ends[block]]))
    }
    let counts = Dictionary(grouping: order) { labels[$0] }.map { Double($1.count) }.sorted()
    let total = Double(order.count)
    return Length(
      rows: Array(blocks.joined()), ends: ends, uniformBits: uniform * total,
      entropyBits: counts.reduce(0) { $0 - $1 * log2($1 / total) })
  }

  /// The ends of the utterances in which the shares end.
  private func ends(of counts: [Int], rows: Int) -> [Int] {
    var sums: [Int] = []
    for count in counts where count > 0 { sums.append((sums.last ?? 0) + count) }
    var ends: [Int] = []
    for share in shares {
      let wanted = min(rows, max(1, Int((share * Double(rows)).rounded())))
      guard let end = sums.first(where: { $0 >= wanted }), end > ends.last ?? 0 else { continue }
      ends.append(end)
    }
    return ends
  }

  private func bits(
    _ states: Tensor, _ labels: [Int], _ classCount: Int, known: [Int], next: [Int]
  ) throws -> [Double] {
    let classes = Set(known.map { labels[$0] })
    guard classes.count > 1 else {
      return [Double](repeating: log2(Double(classCount)), count: next.count)
    }
    let training = try TrainingRows(
      states: states, rows: known, labels: known.map { labels[$0] }, classCount: classCount)
    let fit = try SoftmaxFit(training, units: .init(unitVariance: standardises))
    let outcome = fit.solve(penalty: penalty, tolerance: 1e-6)
    let guesses = try fit.fitted(classCount: classCount, outcome: outcome).guesses(
      states, rows: next, labels: next.map { labels[$0] })
    let (n, k) = (Double(known.count), Double(classCount))
    return guesses.map { guess in
      guard classes.count < classCount else { return -guess.logProbability / log(2) }
      return -log2((n * exp(guess.logProbability) + 1 / k) / (n + 1))
    }
  }
}
