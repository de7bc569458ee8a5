import Tensors

/// Mutual k-nearest neighbours (Huh et al. 2024): the mean over rows of |N_k(X) ∩ N_k(Y)|/k, neighbours by cosine distance.
///
/// ```swift
/// let value = try MutualNeighbours(groups: utterances).similarity(x, y).value
/// ```
/// Neighbours of the same group (an utterance) do not count: they are copies of each other. Where rows are equally far,
/// as silence, padding and units are, each is a neighbour with the chance that a random order would give it; the value is
/// the mean over such orders. Independent states share k/(n − 1) of their neighbours.
public struct MutualNeighbours: SimilarityMeasure {
  /// k: how many neighbours of each row are compared.
  public let neighbours: Int
  /// Of each row; nil where every row stands for itself.
  public let groups: [Int]?

  public init(neighbours: Int = 10, groups: [Int]? = nil) {
    precondition(neighbours > 0, "\(neighbours) neighbours")
    (self.neighbours, self.groups) = (neighbours, groups)
  }

  public var name: String { "mutual_knn" }
  public var range: ClosedRange<Double> { 0...1 }
  public var invariances: Set<Invariance> { [.orthogonal, .isotropicScaling] }
  public var isUnbiased: Bool { false }
  public var rowLimit: Int? { 4096 }

  public func caveats(rows: Int, width: Int) -> [String] {
    guard rows > 1 else { return [] }
    let chance = Double(neighbours) / Double(rows - 1)
    return [
      "of \(neighbours) nearest neighbours by cosine; independent layers share "
        + "\((1000 * chance).rounded() / 1000) of them by chance"
    ]
  }

  public struct Prepared: PreparedStates {
    public let rows: Int
    public let dimensions: DimensionCheck
    public var space: ComparisonSpace { .gram }
    /// Of each row its neighbours in ascending order, and the chance that each is one.
    let neighbours: [[(row: Int32, chance: Double)]]
  }

  public func prepare(_ states: Tensor, space: ComparisonSpace) throws -> Prepared {
    try checkRowLimit(states.rows)
    guard states.rows > neighbours + 1 else {
      throw SimilarityError.tooFewRows(rows: states.rows, needed: neighbours + 2, measure: name)
    }
    if let groups, groups.count != states.rows {
      throw SimilarityError.rowsDiffer(x: groups.count, y: states.rows)
    }
    let dimensions = try CentredStates(states).dimensions
    let unit = Self.unitRows(states, without: dimensions.dead)
    var found: [[(row: Int32, chance: Double)]] = []
    for first in stride(from: 0, to: states.rows, by: 256) {
      let block = Array(first..<min(first + 256, states.rows))
      let chosen = Matrix(
        rows: block.count, columns: unit.columns,
        values: Array(unit.values[first * unit.columns..<(first + block.count) * unit.columns]))
      let cosines = matrixProduct(chosen, .none, unit, .transposed)
      for (place, row) in block.enumerated() {
        found.append(try nearest(to: row, cosines, place))
      }
    }
    return Prepared(rows: states.rows, dimensions: dimensions, neighbours: found)
  }

  /// Rows of length one in double precision; rows of zeros stay, at a right angle to all.
  private static func unitRows(_ states: Tensor, without dead: [Int]) -> Matrix {
    var rows = Matrix(states)
    for row in 0..<rows.rows {
      let range = row * rows.columns..<(row + 1) * rows.columns
      for k in dead { rows.values[row * rows.columns + k] = 0 }
      let largest = range.reduce(0.0) { max($0, abs(rows.values[$1])) }
      guard largest > 0 else { continue }
      for i in range { rows.values[i] /= largest }
      let norm = range.reduce(0.0) { $0 + rows.values[$1] * rows.values[$1] }.squareRoot()
      for i in range { rows.values[i] /= norm }
    }
    return rows
  }

  private func nearest(
    to row: Int, _ cosines: Matrix, _ place: Int
  ) throws -> [(row: Int32, chance: Double)] {
    let others = (0..<cosines.columns).filter { other in
      other != row && groups.map { $0[other] != $0[row] } ?? true
    }
    guard others.count >= neighbours else {
      throw SimilarityError.tooFewRows(rows: others.count + 1, needed: neighbours + 1, measure: name)
    }
    let values = others.map { cosines.values[place * cosines.columns + $0] }
    let edge = values.sorted(by: >)[neighbours - 1]
    // Equal but for rounding.
    let slack = 1e-12
    let sure = values.count { $0 > edge + slack }
    let tied = values.count { abs($0 - edge) <= slack }
    let chance = Double(neighbours - sure) / Double(tied)
    return zip(others, values).compactMap { other, value in
      value > edge + slack
        ? (Int32(other), 1) : abs(value - edge) <= slack ? (Int32(other), chance) : nil
    }
  }

  public func compare(_ x: Prepared, _ y: Prepared) throws -> Double {
    var sum = 0.0
    for (a, b) in zip(x.neighbours, y.neighbours) {
      var (i, j) = (0, 0)
      while i < a.count && j < b.count {
        if a[i].row == b[j].row {
          sum += a[i].chance * b[j].chance
          (i, j) = (i + 1, j + 1)
        } else if a[i].row < b[j].row {
          i += 1
        } else {
          j += 1
        }
      }
    }
    return sum / Double(neighbours * x.rows)
  }
}
