import Results
import Tensors

/// How much of a layer's variance its types can explain at most: what two tokens of one type have in common.
///
/// The tokens of each type are split in halves; the inner product of the halves' means is, without bias, the variance
/// that belongs to the type, since the noise of the halves is independent. The mean over all splits is taken at once:
/// it is that of all pairs of different tokens. Pairs of one speaker or of one sentence are no independent halves, and
/// are left out where there are others. No features that are a function of the type explain more; features of the token
/// itself, such as its spectrum, may.
public struct NoiseCeiling: Sendable {
  /// The share of the layer's variance that belongs to the type, 0 to 1, with a 95 % interval over clusters.
  public let estimate: Estimate
  /// Rows whose type has such a pair.
  public let rows: Int
  /// Types that have such a pair.
  public let types: Int

  private static let groups = 10

  /// - Parameters:
  ///   - types: of each row; a negative one is none.
  ///   - speakers: of each row, and `sentences`.
  ///   - clusters: of each row; a tenth of them after another is left out for the interval.
  /// Nil where no type has two independent tokens.
  public init?(
    _ states: Tensor, types: [Int], speakers: [Int], sentences: [Int], clusters: [Int],
    standardises: Bool = true
  ) {
    let all = Array(types.indices)
    let matrix = Matrix(states)
    let mean = matrix.mean(of: all)
    let scale = matrix.deviations(of: all, around: mean)
    let largest = scale.max() ?? 0
    let scaled = matrix.less(mean).timesColumns(
      scale.map { $0 > 1e-9 * largest && $0 > 0 ? (standardises ? 1 / $0 : 1) : 0 })
    let pairing = Pairing(scaled, types: types, speakers: speakers, sentences: sentences)
    guard let whole = pairing.ceiling(all) else { return nil }
    let order = Set(clusters).sorted()
    let place = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
    let groups = min(Self.groups, order.count)
    let parts = (0..<groups).compactMap { group in
      pairing.ceiling(all.filter { (place[clusters[$0]] ?? 0) % groups != group })?.share
    }
    var error = 0.0
    if parts.count > 1 {
      let count = Double(parts.count)
      let middle = parts.reduce(0, +) / count
      error = ((count - 1) / count * parts.reduce(0) { $0 + ($1 - middle) * ($1 - middle) }).squareRoot()
    }
    let reach = order.count < Self.groups ? 0 : 1.96 * error
    estimate = Estimate(value: whole.share, low: whole.share - reach, high: whole.share + reach)
    (rows, self.types) = (whole.rows, whole.types)
  }
}

/// Inner products of tokens of one type.
private struct Pairing {
  let states: Matrix
  let types, speakers, sentences: [Int]
  private let exclusions: [(Int) -> Int]

  init(_ states: Matrix, types: [Int], speakers: [Int], sentences: [Int]) {
    (self.states, self.types, self.speakers, self.sentences) = (states, types, speakers, sentences)
    var exclusions: [(Int) -> Int] = []
    if Set(speakers).count > 1 { exclusions.append { speakers[$0] } }
    if Set(sentences).count > 1 { exclusions.append { sentences[$0] } }
    self.exclusions = exclusions
  }

  func ceiling(_ rows: [Int]) -> (share: Double, rows: Int, types: Int)? {
    var (signal, total, count, used) = (0.0, 0.0, 0, 0)
    let ofType = Dictionary(grouping: rows.filter { types[$0] >= 0 }) { types[$0] }
    for (_, tokens) in ofType.sorted(by: { $0.key < $1.key }) where tokens.count > 1 {
      var (product, pairs) = square(tokens) { _ in 0 }
      // Pairs that share a speaker or a sentence go out; those that share both have gone twice.
      if exclusions.isEmpty {
        let own = square(tokens) { $0 }
        (product, pairs) = (product - own.product, pairs - own.pairs)
      }
      for key in exclusions {
        let same = square(tokens, by: key)
        (product, pairs) = (product - same.product, pairs - same.pairs)
      }
      if exclusions.count == 2 {
        let both = square(tokens) { speakers[$0] * (states.rows + 1) + sentences[$0] }
        (product, pairs) = (product + both.product, pairs + both.pairs)
      }
      guard pairs > 0 else { continue }
      signal += Double(tokens.count) * product / Double(pairs)
      total += tokens.reduce(0.0) { $0 + squaredNorm($1) }
      count += tokens.count
      used += 1
    }
    return total > 0 ? (signal / total, count, used) : nil
  }

  private func squaredNorm(_ row: Int) -> Double {
    (row * states.columns..<(row + 1) * states.columns).reduce(0.0) {
      $0 + states.values[$1] * states.values[$1]
    }
  }

  /// Σ over groups of ‖Σ tokens‖², and how many ordered pairs that is of.
  private func square(_ tokens: [Int], by key: (Int) -> Int) -> (product: Double, pairs: Int) {
    var (product, pairs) = (0.0, 0)
    for (_, members) in Dictionary(grouping: tokens, by: key).sorted(by: { $0.key < $1.key }) {
      var sum = [Double](repeating: 0, count: states.columns)
      for row in members {
        for k in 0..<states.columns { sum[k] += states.values[row * states.columns + k] }
      }
      product += sum.reduce(0) { $0 + $1 * $1 }
      pairs += members.count * members.count
    }
    return (product, pairs)
  }
}
