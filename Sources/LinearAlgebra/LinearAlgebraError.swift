/// What a factorisation can refuse, in numbers; a wrong shape is a fault of the caller and traps.
public enum LinearAlgebraError: Error, Equatable, CustomStringConvertible {
  /// The first value that is NaN or infinite.
  case notFinite(row: Int, column: Int)
  /// The iteration of a singular value or eigenvalue decomposition did not converge.
  case notConverged(decomposition: String, rows: Int, columns: Int)
  /// The leading minor of this order has no positive determinant.
  case notPositiveDefinite(order: Int, size: Int)
  /// The matrix of a linear system has an exactly zero pivot.
  case singular(pivot: Int, size: Int)

  public var description: String {
    switch self {
    case .notFinite(let row, let column):
      "the matrix has a NaN or infinite value at row \(row), column \(column); a decomposition needs finite "
        + "values"
    case .notConverged(let decomposition, let rows, let columns):
      "the \(decomposition) of a \(rows) × \(columns) matrix did not converge; rescale its columns to "
        + "comparable sizes"
    case .notPositiveDefinite(let order, let size):
      "the \(size) × \(size) matrix is not positive definite: its leading minor of order \(order) is not; "
        + "add a ridge to its diagonal"
    case .singular(let pivot, let size):
      "the \(size) × \(size) system is singular at pivot \(pivot); use least squares"
    }
  }
}
