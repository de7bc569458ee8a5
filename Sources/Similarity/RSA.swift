import Foundations
import Tensors

/// Representational similarity analysis (Kriegeskorte et al. 2008): Spearman's ρ, with average ranks, between
/// the dissimilarities of all pairs of rows in X and in Y.
///
/// With correlation distance, 1 − Pearson's r of two rows over the dimensions, a rotation or a shift of the
/// states changes the value; with Euclidean distance neither does. Holds n²/2 numbers a layer: at most
/// `rowLimit` rows.
public struct RSA: SimilarityMeasure {
  /// How unlike two rows are.
  public enum Dissimilarity: String, Sendable {
    case correlation, euclidean
  }

  /// How unlike two rows are.
  public let dissimilarity: Dissimilarity

  public init(dissimilarity: Dissimilarity = .correlation) { self.dissimilarity = dissimilarity }

  public var name: String { dissimilarity == .correlation ? "rsa" : "rsa_euclidean" }
  public var range: ClosedRange<Double> { -1...1 }
  public var invariances: Set<Invariance> {
    dissimilarity == .correlation ? [.isotropicScaling] : [.orthogonal, .isotropicScaling, .shift]
  }
  public var isUnbiased: Bool { true }
  public var rowLimit: Int? { 2048 }

  /// The centred ranks of a layer's dissimilarities, of unit length.
  public struct Prepared: PreparedStates {
    public let rows: Int
    public let dimensions: DimensionCheck
    public var space: ComparisonSpace { .gram }
    let ranks: [Double]
  }

  public func prepare(_ states: Tensor, space: ComparisonSpace) throws -> Prepared {
    try checkRowLimit(states.rows)
    guard states.rows >= 3 else {
      throw SimilarityError.tooFewRows(rows: states.rows, needed: 3, measure: name)
    }
    let centred = try CentredStates(states)
    let distances: [Double]
    switch dissimilarity {
    case .euclidean: distances = upperTriangle(centred.squaredDistances())
    case .correlation:
      let rows = try standardisedRows(states)
      // −r ranks as 1 − r does, and keeps the digits of r near 0.
      var correlations = matrixProduct(rows, .none, rows, .transposed)
      correlations.scale(by: -1)
      distances = upperTriangle(correlations)
    }
    let count = distances.count
    var ranks = Matrix(rows: 1, columns: count, values: averageRanks(distances))
    ranks.add(-Double(count + 1) / 2)
    let norm = ranks.sumOfSquares.squareRoot()
    // All rows are equally far apart: there is no order to compare.
    guard norm > 0 else { throw SimilarityError.noVariance }
    ranks.scale(by: 1 / norm)
    return Prepared(rows: states.rows, dimensions: centred.dimensions, ranks: ranks.values)
  }

  public func compare(_ x: Prepared, _ y: Prepared) throws -> Double {
    return x.ranks.withUnsafeBufferPointer { a in
      y.ranks.withUnsafeBufferPointer { b in innerProduct(a, b) }
    }
  }

  /// Each row less its mean, of unit length.
  private func standardisedRows(_ states: Tensor) throws -> Matrix {
    var rows = Matrix(states)
    let width = states.width
    for i in 0..<states.rows {
      let range = i * width..<(i + 1) * width
      let mean = rows.values[range].reduce(0, +) / Double(width)
      var square = 0.0
      var largest = 0.0
      for j in range {
        largest = max(largest, abs(rows.values[j]))
        rows.values[j] -= mean
        square += rows.values[j] * rows.values[j]
      }
      let norm = square.squareRoot()
      guard norm > largest * Double(width) * .ulpOfOne else { throw SimilarityError.constantRow(i) }
      for j in range { rows.values[j] /= norm }
    }
    return rows
  }
}
