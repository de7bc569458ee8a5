import CLAPACKE
import Tensors

/// The solution `x` `[n × columns]` of `a·x = b` for a square `a` `[n × n]` (LU with partial pivoting,
/// LAPACK `dgesv`). For a symmetric positive definite one use `CholeskyFactor`.
public func solve(_ a: Matrix, _ b: Matrix) throws(LinearAlgebraError) -> Matrix {
  let n = a.rows
  precondition(a.columns == n, "\(n) × \(a.columns) is not square")
  precondition(b.rows == n, "\(b.rows) rows on the right of a system of \(n)")
  guard n > 0, b.columns > 0 else { return b }
  try a.checkFinite()
  try b.checkFinite()
  var factors = a.transposed.values
  var x = b.transposed.values
  var pivots = [LAPACK.Integer](repeating: 0, count: n)
  let (order, count) = (LAPACK.extent(n), LAPACK.extent(b.columns))
  let info = LAPACK.call("dgesv") {
    LAPACKE_dgesv_work(LAPACK.columnMajor, order, count, &factors, order, &pivots, &x, order)
  }
  guard info == 0 else { throw .singular(pivot: Int(info) - 1, size: n) }
  return Matrix(rows: b.columns, columns: n, values: x).transposed
}

/// What `leastSquares` finds.
public struct LeastSquaresSolution: Sendable {
  /// `[n × columns]`: of all minimisers the one of least norm.
  public let coefficients: Matrix
  /// How many singular values of `a` exceeded the tolerance.
  public let rank: Int
  /// The singular values of `a`, descending.
  public let singularValues: [Double]
}

/// The `x` that minimises `‖a·x − b‖` for `a` `[m × n]` and `b` `[m × columns]`, of any shape and rank
/// (LAPACK `dgelsd`). Singular values below `tolerance` times the largest count as zero; without one,
/// max(m, n)·2⁻⁵².
public func leastSquares(
  _ a: Matrix, _ b: Matrix, tolerance: Double? = nil
) throws(LinearAlgebraError) -> LeastSquaresSolution {
  let (m, n) = (a.rows, a.columns)
  precondition(b.rows == m, "\(b.rows) rows on the right of a system of \(m)")
  let k = min(m, n)
  guard k > 0, b.columns > 0 else {
    return LeastSquaresSolution(
      coefficients: Matrix(rows: n, columns: b.columns), rank: 0, singularValues: [])
  }
  try a.checkFinite()
  try b.checkFinite()
  var factors = a.transposed.values
  // LAPACK reads b and writes x in one array whose columns hold the longer of the two.
  let height = max(m, n)
  var x = [Double](repeating: 0, count: height * b.columns)
  for i in 0..<m {
    for j in 0..<b.columns { x[j * height + i] = b.values[i * b.columns + j] }
  }
  var singularValues = [Double](repeating: 0, count: k)
  var rank: LAPACK.Integer = 0
  // LAPACK's bound, whose levels are at most log₂ k + 1.
  let levels = Int.bitWidth - k.leadingZeroBitCount
  var integers = [LAPACK.Integer](repeating: 0, count: k * (3 * levels + 11))
  let (rows, columns, count) = (LAPACK.extent(m), LAPACK.extent(n), LAPACK.extent(b.columns))
  let info = LAPACK.withWorkspace("dgelsd") { work, size in
    LAPACKE_dgelsd_work(
      LAPACK.columnMajor, rows, columns, count, &factors, rows, &x, LAPACK.extent(height), &singularValues,
      tolerance ?? Double(height) * .ulpOfOne, &rank, work, size, &integers)
  }
  guard info == 0 else {
    throw .notConverged(decomposition: "least-squares singular value decomposition", rows: m, columns: n)
  }
  var coefficients = Matrix(rows: n, columns: b.columns)
  for i in 0..<n {
    for j in 0..<b.columns { coefficients.values[i * b.columns + j] = x[j * height + i] }
  }
  return LeastSquaresSolution(
    coefficients: coefficients, rank: Int(rank), singularValues: singularValues)
}
