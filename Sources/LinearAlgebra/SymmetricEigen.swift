import CLAPACKE
import Tensors

/// The eigenvalues and eigenvectors of a symmetric matrix: `A = V·diag(values)·Vᵀ`.
///
/// ```swift
/// let eigen = try SymmetricEigen(of: covariance)
/// let first = eigen.values[0]            // the largest
/// let whitening = eigen.whitening()      // [n × rank]
/// ```
/// Divide and conquer (LAPACK `dsyevd`), O(n³).
public struct SymmetricEigen: Sendable {
  /// Descending.
  public let values: [Double]
  /// `[n × n]`; row i is the unit eigenvector of `values[i]`.
  public let vectors: Matrix

  /// Decomposes a symmetric matrix `[n × n]`, of which only the upper triangle is read.
  public init(of matrix: Matrix) throws(LinearAlgebraError) {
    let (ascending, rows) = try Self.decompose(matrix, withVectors: true)
    let n = matrix.rows
    var reversed = Matrix(rows: n, columns: n)
    // Column-major eigenvectors are row-major rows, ascending; turned round to the largest first.
    for i in 0..<n {
      reversed.values.replaceSubrange(
        i * n..<(i + 1) * n, with: rows[(n - 1 - i) * n..<(n - i) * n])
    }
    values = ascending.reversed()
    vectors = reversed
  }

  /// The eigenvalues alone, descending, in about a third of the time.
  public static func values(of matrix: Matrix) throws(LinearAlgebraError) -> [Double] {
    try decompose(matrix, withVectors: false).values.reversed()
  }

  private static func decompose(
    _ matrix: Matrix, withVectors: Bool
  ) throws(LinearAlgebraError) -> (values: [Double], vectors: [Double]) {
    let n = matrix.rows
    precondition(matrix.columns == n, "\(n) × \(matrix.columns) is not square")
    guard n > 0 else { return ([], []) }
    try matrix.checkFinite()
    var a = matrix.values
    var values = [Double](repeating: 0, count: n)
    var integers = [LAPACK.Integer](repeating: 0, count: withVectors ? 3 + 5 * n : 1)
    let order = LAPACK.extent(n)
    // The row-major upper triangle is the column-major lower one.
    let info = LAPACK.withWorkspace("dsyevd") { work, size in
      LAPACKE_dsyevd_work(
        LAPACK.columnMajor, withVectors ? LAPACK.yes : LAPACK.no, LAPACK.lower, order, &a, order, &values,
        work, size, &integers, LAPACK.extent(integers.count))
    }
    guard info == 0 else {
      throw .notConverged(decomposition: "symmetric eigendecomposition", rows: n, columns: n)
    }
    return (values, a)
  }
}

extension SymmetricEigen {
  /// How many eigenvalues exceed `cutoff` times the largest: the numerical rank of a covariance.
  public func rank(cutoff: Double = SymmetricEigen.roundingCutoff) -> Int {
    guard let largest = values.first, largest > 0 else { return 0 }
    return values.prefix { $0 > cutoff * largest }.count
  }

  /// Eigenvalues below this share of the largest are the rounding of the decomposition itself.
  public static let roundingCutoff = 0x1p-44

  /// `W` `[n × rank]` with `WᵀAW = I`: column i is `vᵢ/√λᵢ`, over the eigenvalues above the cutoff.
  public func whitening(cutoff: Double = SymmetricEigen.roundingCutoff) -> Matrix {
    let (n, k) = (values.count, rank(cutoff: cutoff))
    var result = Matrix(rows: n, columns: k)
    for component in 0..<k {
      let scale = 1 / values[component].squareRoot()
      for i in 0..<n {
        result.values[i * k + component] = vectors.values[component * n + i] * scale
      }
    }
    return result
  }

  /// The symmetric `A^(−½)` `[n × n]`; directions below the cutoff are left out (a pseudo-inverse).
  public func inverseSquareRoot(cutoff: Double = SymmetricEigen.roundingCutoff) -> Matrix {
    let (n, k) = (values.count, rank(cutoff: cutoff))
    var scaled = Matrix(rows: k, columns: n)
    for component in 0..<k {
      let scale = 1 / values[component].squareRoot().squareRoot()
      for i in 0..<n {
        scaled.values[component * n + i] = vectors.values[component * n + i] * scale
      }
    }
    return matrixProduct(scaled, .transposed, scaled)
  }
}
