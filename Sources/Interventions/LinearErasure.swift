import Tensors

/// A change of a layer that takes a subspace away: x ↦ x − L·R·(x − μ), with `R·L` the identity, so that doing it twice
/// is doing it once.
///
/// ```swift
/// let erasure = try LEACE.erasure(of: moments, concept: "phoneme", layer: "hidden.3")
/// let states = erasure(frames)              // [frames × width], no linear reader of phonemes is left
/// ```
public struct LinearErasure: Sendable, Equatable {
  /// The point that stays where it is, `[width]`.
  public let mean: [Double]
  /// L, `[width × rank]`: what is subtracted lies in its columns.
  public let left: Matrix
  /// R, `[rank × width]`: how much of each column is subtracted.
  public let right: Matrix
  /// The share of the layer's variance (the trace of its covariance) that goes.
  public let share: Double

  /// Directions that are taken away.
  public var rank: Int { left.columns }
  /// Dimensions of the layer.
  public var width: Int { mean.count }

  public init(mean: [Double], left: Matrix, right: Matrix, share: Double) {
    precondition(
      left.rows == mean.count && right.columns == mean.count && left.columns == right.rows,
      "\(left.rows) × \(left.columns) and \(right.rows) × \(right.columns) around \(mean.count) values")
    (self.mean, self.left, self.right, self.share) = (mean, left, right, share)
  }

  /// I − L·R, `[width × width]`.
  public var projection: Matrix {
    var result = Matrix.identity(width)
    let product = matrixProduct(left, .none, right)
    for i in result.values.indices { result.values[i] -= product.values[i] }
    return result
  }

  /// Rows `[rows × width]` without the subspace, in double precision.
  public func callAsFunction(_ rows: Matrix) -> Matrix {
    precondition(rows.columns == width, "rows of \(rows.columns) values for an erasure of \(width)")
    var centred = rows
    for i in 0..<rows.rows {
      for k in 0..<width { centred.values[i * width + k] -= mean[k] }
    }
    let taken = matrixProduct(matrixProduct(centred, .none, right, .transposed), .none, left, .transposed)
    var result = rows
    for i in result.values.indices { result.values[i] -= taken.values[i] }
    return result
  }

  /// Frames `[frames × width]` without the subspace. Where `changes` has an entry for each frame, only those marked are
  /// changed.
  public func callAsFunction(_ frames: Tensor, changes: [Bool]? = nil) -> Tensor {
    precondition(frames.width == width, "frames of \(frames.width) values for an erasure of \(width)")
    precondition(changes.map { $0.count == frames.rows } ?? true)
    let columns = width
    // Only what is taken away is computed in single precision: a frame that loses nothing keeps its bits.
    let centred = frames.withUnsafeBuffer { x in
      Tensor(shape: [frames.rows, columns]) { y in
        for i in y.indices { y[i] = x[i] - Float(mean[i % columns]) }
      }
    }
    let taken = matrixProduct(
      matrixProduct(centred, .none, Tensor(right), .transposed), .none, Tensor(left), .transposed)
    return frames.withUnsafeBuffer { x in
      taken.withUnsafeBuffer { z in
        Tensor(shape: frames.shape) { y in
          for i in y.indices { y[i] = changes?[i / columns] == false ? x[i] : x[i] - z[i] }
        }
      }
    }
  }
}

extension Tensor {
  /// A matrix in single precision.
  init(_ matrix: Matrix) {
    self.init(matrix.values.map(Float.init), shape: [matrix.rows, matrix.columns])
  }
}
