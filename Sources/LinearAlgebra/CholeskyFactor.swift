import CLAPACKE
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The Cholesky factor of a symmetric positive definite matrix: `A = L·Lᵀ`.
///
/// ```swift
/// let factor = try CholeskyFactor(of: covariance)
/// let weights = factor.solve(targets)     // A⁻¹·targets
/// ```
public struct CholeskyFactor: Sendable {
  /// `[n × n]`, zero above the diagonal.
  public let lower: Matrix

  /// Factorises a symmetric matrix `[n × n]`, of which only the upper triangle is read.
  public init(of matrix: Matrix) throws(LinearAlgebraError) {
    let n = matrix.rows
    precondition(matrix.columns == n, "\(n) × \(matrix.columns) is not square")
    guard n > 0 else {
      lower = matrix
      return
    }
    try matrix.checkFinite()
    var a = matrix.values
    let order = LAPACK.extent(n)
    // The row-major upper triangle is the column-major lower one, and L comes out as row-major Lᵀ.
    let info = LAPACK.call("dpotrf") {
      LAPACKE_dpotrf_work(LAPACK.columnMajor, LAPACK.lower, order, &a, order)
    }
    guard info == 0 else { throw .notPositiveDefinite(order: Int(info), size: n) }
    var factor = Matrix(rows: n, columns: n)
    for i in 0..<n {
      for j in 0...i { factor.values[i * n + j] = a[j * n + i] }
    }
    lower = factor
  }

  /// `A⁻¹·b` with b `[n × columns]`.
  public func solve(_ b: Matrix) -> Matrix {
    let n = lower.rows
    precondition(b.rows == n, "\(b.rows) rows on the right of a system of \(n)")
    guard n > 0, b.columns > 0 else { return b }
    var x = b.transposed.values  // column-major [n × columns]
    let (order, count) = (LAPACK.extent(n), LAPACK.extent(b.columns))
    // Row-major L is the column-major upper triangle Lᵀ, the factor U of UᵀU.
    _ = LAPACK.call("dpotrs") {
      lower.values.withUnsafeBufferPointer { factor in
        LAPACKE_dpotrs_work(
          LAPACK.columnMajor, LAPACK.upper, order, count, factor.baseAddress, order, &x, order)
      }
    }
    return Matrix(rows: b.columns, columns: n, values: x).transposed
  }

  /// The natural logarithm of the determinant of A.
  public var logDeterminant: Double {
    (0..<lower.rows).reduce(0) { $0 + 2 * log(lower.values[$1 * lower.rows + $1]) }
  }
}
