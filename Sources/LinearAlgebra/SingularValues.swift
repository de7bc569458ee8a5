import CLAPACKE
import Tensors

/// The economy singular value decomposition `A = U·diag(values)·Vᵀ` of a matrix `[m × n]`, with
/// k = min(m, n).
///
/// ```swift
/// let svd = try SingularValueDecomposition(of: states)
/// let first = svd.values[0]       // the largest
/// ```
/// Divide and conquer (LAPACK `dgesdd`), O(m·n·k). For a tall matrix of which only spectrum and right
/// vectors matter, the eigenvectors of `AᵀA` cost half as much and keep half the digits.
public struct SingularValueDecomposition: Sendable {
  /// `[m × k]`, orthonormal columns.
  public let u: Matrix
  /// Descending.
  public let values: [Double]
  /// `[k × n]`, orthonormal rows.
  public let vTransposed: Matrix

  /// Decomposes `matrix`, `[m × n]`.
  /// - Throws: `LinearAlgebraError` where a value is not finite or the algorithm does not converge.
  public init(of matrix: Matrix) throws(LinearAlgebraError) {
    let (m, n) = (matrix.rows, matrix.columns)
    let k = min(m, n)
    guard k > 0 else {
      u = Matrix(rows: m, columns: 0)
      values = []
      vTransposed = Matrix(rows: 0, columns: n)
      return
    }
    let (left, values, right) = try Self.decompose(matrix, withVectors: true)
    // The memory is the transpose to LAPACK, so its left vectors are our right ones, and both come out
    // row-major as we want them.
    self.values = values
    u = Matrix(rows: m, columns: k, values: right)
    vTransposed = Matrix(rows: k, columns: n, values: left)
  }

  /// The singular values alone, descending.
  public static func values(of matrix: Matrix) throws(LinearAlgebraError) -> [Double] {
    guard min(matrix.rows, matrix.columns) > 0 else { return [] }
    return try decompose(matrix, withVectors: false).values
  }

  /// How many singular values exceed max(m, n)·2⁻⁵² times the largest.
  public var rank: Int {
    guard let largest = values.first, largest > 0 else { return 0 }
    let tolerance = Double(max(u.rows, vTransposed.columns)) * .ulpOfOne * largest
    return values.prefix { $0 > tolerance }.count
  }

  /// Decomposes the column-major `[n × m]` transpose of `matrix`.
  private static func decompose(
    _ matrix: Matrix, withVectors: Bool
  ) throws(LinearAlgebraError) -> (left: [Double], values: [Double], right: [Double]) {
    let (m, n) = (matrix.rows, matrix.columns)
    let k = min(m, n)
    try matrix.checkFinite()
    var a = matrix.values
    var values = [Double](repeating: 0, count: k)
    var left = [Double](repeating: 0, count: withVectors ? n * k : 1)
    var right = [Double](repeating: 0, count: withVectors ? k * m : 1)
    var integers = [LAPACK.Integer](repeating: 0, count: 8 * k)
    let (rows, columns, inner) = (LAPACK.extent(n), LAPACK.extent(m), LAPACK.extent(k))
    let job = withVectors ? LAPACK.economy : LAPACK.no
    var info = LAPACK.withWorkspace("dgesdd") { work, size in
      LAPACKE_dgesdd_work(
        LAPACK.columnMajor, job, rows, columns, &a, rows, &values, &left, rows, &right, inner, work, size,
        &integers)
    }
    if info > 0 {
      // Divide and conquer fails on a few matrices on which plain QR iteration succeeds.
      a = matrix.values
      info = LAPACK.withWorkspace("dgesvd") { work, size in
        LAPACKE_dgesvd_work(
          LAPACK.columnMajor, job, job, rows, columns, &a, rows, &values, &left, rows, &right, inner, work,
          size)
      }
    }
    guard info == 0 else {
      throw .notConverged(decomposition: "singular value decomposition", rows: m, columns: n)
    }
    return (left, values, right)
  }
}
