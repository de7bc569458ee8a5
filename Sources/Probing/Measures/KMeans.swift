import Foundations
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Clusters by Lloyd's algorithm.
///
/// ```swift
/// let clusters = try KMeans(clusters: 100).fit(frames, seed: 1)
/// let scores = ClusterScores(labels: phones, clusters: clusters.assignments)
/// scores.pnmi      // HuBERT's measure of units
/// ```
public struct KMeans: Sendable {
  /// How many clusters are asked for.
  public var clusters: Int
  /// Rounds of assignment after which it stops, whatever still moves.
  public var maximumIterations = 100

  public init(clusters: Int) { self.clusters = clusters }

  /// Clusters that have been found.
  public struct Fitted: Sendable {
    /// `[clusters × width]`
    public let centres: Matrix
    /// The cluster of each row, an index into the rows of `centres`.
    public let assignments: [Int]
    /// The sum of squared distances to the nearest centre.
    public let inertia: Double
    /// Rounds of assignment that were made.
    public let iterations: Int
  }

  /// From centres drawn with a probability in proportion to the squared distance to those already drawn
  /// (k-means++, Arthur & Vassilvitskii 2007).
  /// - Throws: `ProbeError.notFinite`, and `.rowMismatch` where there are fewer rows than clusters.
  public func fit(_ states: Tensor, seed: UInt64) throws -> Fitted {
    try states.requireFinite()
    guard clusters > 0, states.rows >= clusters else {
      throw ProbeError.rowMismatch(states: states.rows, labels: clusters)
    }
    let points = Matrix(states)
    var numbers = RandomNumbers(seed: seed, stream: "k-means")
    var rows = [numbers.index(below: points.rows)]
    var nearest = [Double](repeating: .infinity, count: points.rows)
    while rows.count < clusters {
      let distances = squaredDistances(points, centres(points, [rows[rows.count - 1]]))
      for i in nearest.indices { nearest[i] = min(nearest[i], max(0, distances[i, 0])) }
      let total = nearest.reduce(0, +)
      guard total > 0 else {  // fewer distinct points than clusters
        rows.append(numbers.index(below: points.rows))
        continue
      }
      var left = numbers.uniform() * total
      rows.append(
        nearest.indices.first {
          left -= nearest[$0]
          return left < 0
        } ?? points.rows - 1)
    }
    return fit(points, initial: centres(points, rows))
  }

  /// From the rows `initialRows` as centres, until no centre moves.
  /// - Throws: `ProbeError.notFinite`, and `.rowMismatch` where there are fewer rows than clusters.
  public func fit(_ states: Tensor, initialRows: [Int]) throws -> Fitted {
    try states.requireFinite()
    let points = Matrix(states)
    return fit(points, initial: centres(points, initialRows))
  }

  private func fit(_ points: Matrix, initial: Matrix) -> Fitted {
    var centres = initial
    var (assignments, inertia) = assign(points, centres)
    var iterations = 0
    while iterations < maximumIterations {
      iterations += 1
      let moved = means(points, assignments, centres)
      let isStill = moved.values == centres.values
      centres = moved
      (assignments, inertia) = assign(points, centres)
      if isStill { break }
    }
    return Fitted(centres: centres, assignments: assignments, inertia: inertia, iterations: iterations)
  }

  private func centres(_ points: Matrix, _ rows: [Int]) -> Matrix {
    Matrix(
      rows: rows.count, columns: points.columns,
      values: rows.flatMap { points.values[($0 * points.columns)..<(($0 + 1) * points.columns)] })
  }

  /// `[points × centres]`
  private func squaredDistances(_ points: Matrix, _ centres: Matrix) -> Matrix {
    func squares(_ matrix: Matrix) -> [Double] {
      matrix.values.withUnsafeBufferPointer { values in
        (0..<matrix.rows).map { row in
          var sum = 0.0
          for k in (row * matrix.columns)..<((row + 1) * matrix.columns) { sum += values[k] * values[k] }
          return sum
        }
      }
    }
    let (own, other) = (squares(points), squares(centres))
    var result = matrixProduct(points, .none, centres, .transposed)
    let columns = result.columns
    result.values.withUnsafeMutableBufferPointer { values in
      for i in own.indices {
        for j in other.indices { values[i * columns + j] = own[i] + other[j] - 2 * values[i * columns + j] }
      }
    }
    return result
  }

  /// The nearest centre of each point; of several, the first.
  private func assign(_ points: Matrix, _ centres: Matrix) -> (assignments: [Int], inertia: Double) {
    let distances = squaredDistances(points, centres)
    var (assignments, inertia) = ([Int](repeating: 0, count: points.rows), 0.0)
    distances.values.withUnsafeBufferPointer { values in
      for i in 0..<points.rows {
        var best = 0
        for j in 1..<max(1, centres.rows)
        where values[i * centres.rows + j] < values[i * centres.rows + best] { best = j }
        assignments[i] = best
        inertia += max(0, values[i * centres.rows + best])
      }
    }
    return (assignments, inertia)
  }

  /// A cluster without points keeps its centre.
  private func means(_ points: Matrix, _ assignments: [Int], _ old: Matrix) -> Matrix {
    var sums = Matrix(rows: old.rows, columns: old.columns)
    var counts = [Double](repeating: 0, count: old.rows)
    let width = old.columns
    sums.values.withUnsafeMutableBufferPointer { sums in
      points.values.withUnsafeBufferPointer { points in
        for (row, cluster) in assignments.enumerated() {
          counts[cluster] += 1
          for k in 0..<width { sums[cluster * width + k] += points[row * width + k] }
        }
      }
    }
    for cluster in 0..<old.rows {
      for k in 0..<width {
        sums[cluster, k] = counts[cluster] > 0 ? sums[cluster, k] / counts[cluster] : old[cluster, k]
      }
    }
    return sums
  }
}
