import CLAPACKE
import Tensors

/// Replaces a symmetric positive definite matrix by its inverse, in single precision and in place: for
/// preconditioners, where speed counts and six digits are plenty.
///
/// `matrix` is `[size × size]`, row-major; only its upper triangle is read, both are written.
/// LAPACK `spotrf` and `spotri`, O(size³).
/// - Returns: false where the matrix is not positive definite; its values are then spoilt.
public func invertPositiveDefinite(_ matrix: UnsafeMutableBufferPointer<Float>, size: Int) -> Bool {
  precondition(size >= 0 && matrix.count >= size * size, "\(matrix.count) values for \(size) × \(size)")
  guard size > 0 else { return true }
  let order = LAPACK.extent(size)
  // The row-major upper triangle is the column-major lower one.
  var info = LAPACK.call("spotrf") {
    LAPACKE_spotrf_work(LAPACK.columnMajor, LAPACK.lower, order, matrix.baseAddress, order)
  }
  guard info == 0 else { return false }
  info = LAPACK.call("spotri") {
    LAPACKE_spotri_work(LAPACK.columnMajor, LAPACK.lower, order, matrix.baseAddress, order)
  }
  guard info == 0 else { return false }
  for i in 0..<size {
    for j in 0..<i { matrix[i * size + j] = matrix[j * size + i] }
  }
  return true
}
