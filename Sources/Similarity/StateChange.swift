import Tensors

/// How far states move when their sound is changed, in units of how far they lie apart anyway.
///
/// Σ‖x′ − x‖² / Σ(‖x − μ‖² + ‖x′ − μ‖²) over rows, x before and x′ after, μ the mean of all x, each dimension divided by
/// its standard deviation over all x. 0 where nothing moves, 1 where x′ has no more to do with x than any other row of
/// the same distribution, 2 where it is x mirrored at the mean.
public struct StateChange: Sendable {
  /// `[dim]`; a dimension that does not vary has the weight 0.
  private let mean, weights: [Double]

  /// From the sums and the sums of squares of `count` rows, a value a dimension.
  public init(sums: [Double], squares: [Double], count: Int) {
    let n = Double(max(1, count))
    mean = sums.map { $0 / n }
    weights = zip(mean, squares).map { mean, square in
      let variance = square / n - mean * mean
      // Below the rounding of a mean of floats nothing varies.
      return variance > 0x1p-40 * mean * mean && variance > 0 ? 1 / variance : 0
    }
  }

  /// Numerator and denominator over the rows of `before` and `after`, `[rows × dim]`.
  public func sums(_ before: Tensor, _ after: Tensor) -> (moved: Double, apart: Double) {
    precondition(
      before.shape == after.shape && before.width == mean.count, "\(before.shape) and \(after.shape)")
    let width = before.width
    return before.withUnsafeBuffer { x in
      after.withUnsafeBuffer { y in
        var (moved, apart) = (0.0, 0.0)
        for row in 0..<before.rows {
          for k in 0..<width {
            let (a, b) = (Double(x[row * width + k]) - mean[k], Double(y[row * width + k]) - mean[k])
            moved += weights[k] * (b - a) * (b - a)
            apart += weights[k] * (a * a + b * b)
          }
        }
        return (moved, apart)
      }
    }
  }
}
