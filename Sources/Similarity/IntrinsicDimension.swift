import Foundations
import Results
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How many dimensions a layer's states lie on, from the distances to their nearest neighbours.
///
/// TwoNN (Facco et al. 2017): of the ratios of the second distance to the first, the slope of −log(1 − F) over log μ through
/// zero, the largest tenth left out. Levina and Bickel (2004), with MacKay and Ghahramani's (2005) mean of the inverses: 1
/// over the mean of Σ_{j<k} log(T_k/T_j)/(k − 1). Neighbours of the same group (an utterance) do not count; a row that is
/// equal to an earlier one is left out and counted.
public struct IntrinsicDimension: Sendable {
  /// Neighbours k of each row in Levina and Bickel's estimate; TwoNN takes two.
  public static let neighbours = 20
  /// Rows beyond this many are left out, drawn from the seed.
  public static let rowLimit = 2000
  private static let halves = 20

  /// At so many rows.
  public struct Scale: Sendable, Equatable {
    /// Rows that were drawn.
    public let rows: Int
    /// Both estimates over so many rows.
    public let twoNN, levinaBickel: Double
  }

  /// Of all rows.
  public let rows: Int
  /// Rows that were copies of others.
  public let duplicates: Int
  /// With intervals from random halves, whose spread is that of the whole.
  public let twoNN, levinaBickel: Estimate
  /// The mean at n, n/2 and n/4 rows: a dimension that drifts with the number of rows is none of the states.
  public let scales: [Scale]

  /// - Throws: `SimilarityError.notFinite`, `.noVariance`; `.tooFewRows` where a row has fewer than 20 neighbours of
  ///   other groups; `.tooManyRows` beyond `rowLimit`.
  public init(of states: Tensor, groups: [Int]? = nil, seed: UInt64 = 0) throws {
    guard states.rows <= Self.rowLimit else {
      throw SimilarityError.tooManyRows(
        rows: states.rows, limit: Self.rowLimit, measure: "intrinsic dimension")
    }
    let table = try NeighbourTable(states, groups)
    let all = Array(table.neighbours.indices)
    func scale(_ rows: [Int]) throws(SimilarityError) -> Scale {
      let found = try table.dimensions(of: rows, neighbours: Self.neighbours)
      return Scale(rows: rows.count, twoNN: found.twoNN, levinaBickel: found.levinaBickel)
    }
    let whole = try scale(all)
    var numbers = RandomNumbers(seed: seed, stream: "intrinsic dimension")
    func part(_ share: Int) -> [Scale] {
      (0..<Self.halves).compactMap { _ in
        try? scale(numbers.permutation(all.count).prefix(all.count / share).sorted())
      }
    }
    func mean(_ scales: [Scale]) -> Scale? {
      guard let first = scales.first else { return nil }
      let count = Double(scales.count)
      return Scale(
        rows: first.rows, twoNN: scales.reduce(0) { $0 + $1.twoNN } / count,
        levinaBickel: scales.reduce(0) { $0 + $1.levinaBickel } / count)
    }
    let halves = part(2)
    func interval(_ value: Double, _ of: (Scale) -> Double) -> Estimate {
      guard halves.count > 1 else { return Estimate(value: value, low: value, high: value) }
      let middle = halves.reduce(0) { $0 + of($1) } / Double(halves.count)
      let variance =
        halves.reduce(0) { $0 + (of($1) - middle) * (of($1) - middle) } / Double(halves.count - 1)
      let reach = 1.96 * variance.squareRoot()
      return Estimate(value: value, low: max(0, value - reach), high: value + reach)
    }
    (rows, duplicates) = (all.count, table.duplicates)
    twoNN = interval(whole.twoNN) { $0.twoNN }
    levinaBickel = interval(whole.levinaBickel) { $0.levinaBickel }
    scales = [whole] + [mean(halves), mean(part(4))].compactMap(\.self)
  }
}

/// All rows of each row's others, the nearest first.
struct NeighbourTable {
  /// Places among the rows that are left, with the logarithms of their distances.
  let neighbours: [[(row: Int, logDistance: Double)]]
  let duplicates: Int

  init(_ states: Tensor, _ groups: [Int]?) throws(SimilarityError) {
    let centred = try CentredStates(states)
    let squares = centred.squaredDistances()
    let n = states.rows
    let largest = squares.values.max() ?? 0
    var kept: [Int] = []
    for row in 0..<n {
      let isCopy = kept.contains { squares.values[row * n + $0] <= 1e-14 * largest }
      if !isCopy { kept.append(row) }
    }
    duplicates = n - kept.count
    neighbours = kept.enumerated().map { place, row in
      kept.enumerated().compactMap { other, column -> (row: Int, logDistance: Double)? in
        guard other != place, groups.map({ $0[column] != $0[row] }) ?? true else { return nil }
        return (other, 0.5 * log(squares.values[row * n + column]))
      }.sorted { $0.logDistance < $1.logDistance }
    }
  }

  /// Of some rows, which alone are neighbours of each other.
  func dimensions(
    of rows: [Int], neighbours count: Int
  ) throws(SimilarityError) -> (twoNN: Double, levinaBickel: Double) {
    var isKept = [Bool](repeating: false, count: neighbours.count)
    for row in rows { isKept[row] = true }
    var (ratios, inverses) = ([Double](), [Double]())
    for row in rows {
      var distances: [Double] = []
      for neighbour in neighbours[row] where isKept[neighbour.row] {
        distances.append(neighbour.logDistance)
        if distances.count == count { break }
      }
      guard distances.count == count, let last = distances.last else {
        throw .tooFewRows(rows: rows.count, needed: count + 1, measure: "intrinsic dimension")
      }
      ratios.append(distances[1] - distances[0])
      inverses.append(distances.dropLast().reduce(0) { $0 + last - $1 } / Double(count - 1))
    }
    ratios.sort()
    var (across, along) = (0.0, 0.0)
    for (place, ratio) in ratios.prefix(Int(Double(ratios.count) * 0.9)).enumerated() {
      across -= ratio * log(1 - Double(place + 1) / Double(ratios.count))
      along += ratio * ratio
    }
    return (across / along, Double(inverses.count) / inverses.reduce(0, +))
  }
}
