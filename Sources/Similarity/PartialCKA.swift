import LinearAlgebra
import Tensors

/// Debiased linear CKA of what is left of both sides when confounds are regressed out (Cui et al. 2022): of layers that are
/// alike for more than that they hear the same speaker and the same sound.
///
/// ```swift
/// let measure = try PartialCKA(confounds: speakersAndMel)     // [n × d], row i is the states' row i
/// ```
/// A regression takes a degree of freedom for each independent column, and the debiasing does not know of it: with r of them
/// and n rows independent layers come out at r/n of what biased CKA would give. At least ten rows are asked for each.
public struct PartialCKA: SimilarityMeasure {
  /// Orthonormal columns that span the centred confounds, `[n × r]`; nil without any.
  private let basis: Matrix?
  private let measure = LinearCKA()

  /// How many independent directions are taken out.
  public var directions: Int { basis?.columns ?? 0 }

  /// Without confounds: debiased linear CKA.
  public init() { basis = nil }

  /// - Throws: `SimilarityError.notFinite`; `.tooFewRows` for fewer than ten rows a direction.
  public init(confounds: Tensor) throws {
    if let index = confounds.firstNonFinite() {
      throw SimilarityError.notFinite(row: index / confounds.width, column: index % confounds.width)
    }
    let columns = Self.standardised(confounds)
    let eigen = try SymmetricEigen(of: matrixProduct(columns, .transposed, columns))
    // Directions of rounding alone are none.
    let found = matrixProduct(columns, .none, eigen.whitening(cutoff: 1e-9))
    basis = found
    guard confounds.rows >= 10 * found.columns else {
      throw SimilarityError.tooFewRows(rows: confounds.rows, needed: 10 * found.columns, measure: name)
    }
  }

  /// Centred columns of length one; those that do not vary are zeros.
  private static func standardised(_ confounds: Tensor) -> Matrix {
    var columns = Matrix(confounds)
    for k in 0..<columns.columns {
      var mean = 0.0
      for row in 0..<columns.rows { mean += columns.values[row * columns.columns + k] }
      mean /= Double(max(columns.rows, 1))
      var (norm, largest) = (0.0, 0.0)
      for row in 0..<columns.rows {
        let i = row * columns.columns + k
        largest = max(largest, abs(columns.values[i]))
        columns.values[i] -= mean
        norm += columns.values[i] * columns.values[i]
      }
      norm = norm.squareRoot()
      let scale = norm > 1e-9 * largest * Double(columns.rows).squareRoot() ? 1 / norm : 0
      for row in 0..<columns.rows { columns.values[row * columns.columns + k] *= scale }
    }
    return columns
  }

  public var name: String { "partial_cka" }
  public var range: ClosedRange<Double> { -1...1 }
  public var invariances: Set<Invariance> { [.orthogonal, .isotropicScaling, .shift] }
  public var isUnbiased: Bool { true }

  public struct Prepared: PreparedStates {
    let residuals: LinearCKA.Prepared
    public let dimensions: DimensionCheck
    public var rows: Int { residuals.rows }
    public var space: ComparisonSpace { residuals.space }

    public func reordered(_ rows: [Int]) -> Prepared? {
      residuals.reordered(rows).map { Prepared(residuals: $0, dimensions: dimensions) }
    }
  }

  public func prepare(_ states: Tensor, space: ComparisonSpace) throws -> Prepared {
    guard let basis else {
      let whole = try measure.prepare(states, space: space)
      return Prepared(residuals: whole, dimensions: whole.dimensions)
    }
    guard states.rows == basis.rows else {
      throw SimilarityError.rowsDiffer(x: states.rows, y: basis.rows)
    }
    let centred = try CentredStates(states)
    let matrix = centred.matrix
    let explained = matrixProduct(basis, .none, matrixProduct(basis, .transposed, matrix))
    let left = zip(matrix.values, explained.values).map { $0 - $1 }
    let total = matrix.sumOfSquares
    // Nothing but rounding.
    guard left.reduce(0, { $0 + $1 * $1 }) > 1e-12 * total else { throw SimilarityError.noVariance }
    return Prepared(
      residuals: try measure.prepare(Tensor(left.map(Float.init), shape: states.shape), space: space),
      dimensions: centred.dimensions)
  }

  public func compare(_ x: Prepared, _ y: Prepared) throws -> Double {
    try measure.compare(x.residuals, y.residuals)
  }
}
