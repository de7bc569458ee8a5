import CLAPACKE
import Tensors

/// The economy QR decomposition `A = Q·R` of a matrix `[m × n]`, with k = min(m, n) (Householder,
/// LAPACK `dgeqrf`).
public struct QRDecomposition: Sendable {
  /// `[m × k]`, orthonormal columns.
  public let q: Matrix
  /// `[k × n]`, upper triangular; its diagonal may be negative.
  public let r: Matrix

  /// Decomposes `matrix`, `[m × n]`; O(m·n·k).
  /// - Throws: `LinearAlgebraError` where a value is not finite or LAPACK fails.
  public init(of matrix: Matrix) throws(LinearAlgebraError) {
    let (m, n) = (matrix.rows, matrix.columns)
    let k = min(m, n)
    guard k > 0 else {
      q = Matrix(rows: m, columns: 0)
      r = Matrix(rows: 0, columns: n)
      return
    }
    try matrix.checkFinite()
    var a = matrix.transposed.values  // column-major [m × n]
    var tau = [Double](repeating: 0, count: k)
    let (rows, columns, inner) = (LAPACK.extent(m), LAPACK.extent(n), LAPACK.extent(k))
    _ = LAPACK.withWorkspace("dgeqrf") { work, size in
      LAPACKE_dgeqrf_work(LAPACK.columnMajor, rows, columns, &a, rows, &tau, work, size)
    }
    var upper = Matrix(rows: k, columns: n)
    for i in 0..<k {
      for j in i..<n { upper.values[i * n + j] = a[j * m + i] }
    }
    _ = LAPACK.withWorkspace("dorgqr") { work, size in
      LAPACKE_dorgqr_work(LAPACK.columnMajor, rows, inner, inner, &a, rows, &tau, work, size)
    }
    q = Matrix(rows: k, columns: m, values: Array(a.prefix(m * k))).transposed
    r = upper
  }
}
