import Tensors

/// An approximate inverse Hessian of a softmax regression on principal axes.
///
/// The Hessian is Σᵢ wᵢ·(diag pᵢ − pᵢpᵢᵀ) ⊗ xᵢxᵢᵀ + penalty. What couples classes is left out; of a class's own block,
/// Σᵢ wᵢ·pᵢₖ(1 − pᵢₖ)·xᵢxᵢᵀ + penalty, the leading axes and the intercept are inverted exactly and of the others the
/// diagonal is. Single precision: it only steers the search, whose end is decided by the exact gradient.
final class SoftmaxPreconditioner {
  private let classes: Int
  private let width: Int
  /// Leading axes, after which the intercept follows in each block; 0 where all is diagonal.
  private let lead: Int
  /// 1/(curvature + penalty), `[classes × width]`.
  private var inverseDiagonal: [Float]
  /// `[lead + 1 × lead + 1]` of each class.
  private var inverses = SymmetricLanes(count: 0, size: 1)
  /// Vectors as `inverses` wants them.
  private var scratch: (input: [Float], output: [Float]) = ([], [])

  /// At probabilities that are the classes' shares everywhere, where on principal axes the blocks are diagonal.
  init(shares: [Double], design: Tensor, penalty: Double) {
    let width = design.width
    (classes, self.width, lead) = (shares.count, width, 0)
    var squares = [Double](repeating: 0, count: width)
    design.withUnsafeBuffer { x in
      for row in 0..<design.rows {
        for j in 0..<width { squares[j] += Double(x[row * width + j]) * Double(x[row * width + j]) }
      }
    }
    inverseDiagonal = Self.inverted(
      shares.flatMap { share in squares.map { Float(share * (1 - share) * $0) } }, classes: classes,
      width: width, rows: design.rows, penalty: penalty)
  }

  /// At `probabilities` `[classes × rows]`; nil where a block is not positive definite to single precision.
  ///
  /// A block is made of about twice as many rows as axes, drawn evenly in proportion to their weight in it, so that it costs the
  /// same whatever the number of rows.
  /// - Parameter design: `[rows × width]`, on principal axes, the last column ones.
  init?(probabilities: Tensor, design: Tensor, weights: [Float]?, penalty: Double, lead: Int) {
    (classes, width) = (probabilities.rows, design.width)
    self.lead = min(lead, design.width - 1)
    var weighted = probabilities
    weighted.withUnsafeMutableBuffer { values in
      for k in 0..<probabilities.rows {
        for i in 0..<design.rows {
          let p = values[k * design.rows + i]
          values[k * design.rows + i] = p * (1 - p) * (weights?[i] ?? 1)
        }
      }
    }
    inverseDiagonal = Self.inverted(
      Self.diagonals(weighted, design), classes: classes, width: width, rows: design.rows, penalty: penalty)
    let size = self.lead + 1
    inverses = SymmetricLanes(count: classes, size: size)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: size * size) { block in
      for k in 0..<classes {
        weighted.withUnsafeBuffer { w in
          design.withUnsafeBuffer { x in
            Self.fill(
              block, size: size,
              UnsafeBufferPointer(rebasing: w[(k * design.rows)..<((k + 1) * design.rows)]), x)
          }
        }
        let trace = (0..<size).reduce(Float(0)) { $0 + block[$1 * size + $1] } / Float(size)
        for j in 0..<(size - 1) { block[j * size + j] += Float(penalty) + 1e-6 * trace }
        block[size * size - 1] += Self.interceptCurvature(rows: design.rows, classes: classes)
        inverses.set(k, to: block)
      }
    }
    guard inverses.invert() else { return nil }
    scratch = (
      Array(repeating: 0, count: inverses.vectorCount), Array(repeating: 0, count: inverses.vectorCount)
    )
  }

  /// All intercepts moved together change nothing, which a class alone cannot see.
  private static func interceptCurvature(rows: Int, classes: Int) -> Float {
    1e-3 * Float(rows) / Float(classes)
  }

  private static func inverted(
    _ curvatures: [Float], classes: Int, width: Int, rows: Int, penalty: Double
  ) -> [Float] {
    var result = curvatures
    let floor = Float(penalty) + 1e-7 * (curvatures.max() ?? 0)
    for k in 0..<classes {
      for j in 0..<(width - 1) { result[k * width + j] = 1 / (curvatures[k * width + j] + floor) }
      let last = (k + 1) * width - 1
      result[last] = 1 / (curvatures[last] + interceptCurvature(rows: rows, classes: classes))
    }
    return result
  }

  /// Σᵢ wₖᵢ·xᵢⱼ², `[classes × width]`, from weights `[classes × rows]`.
  private static func diagonals(_ weights: Tensor, _ design: Tensor) -> [Float] {
    let (classes, width, rows) = (weights.rows, design.width, design.rows)
    let blockRows = min(512, rows)
    var result = [Float](repeating: 0, count: classes * width)
    weights.withUnsafeBuffer { w in
      design.withUnsafeBuffer { x in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: blockRows * width) { squares in
          guard let w = w.baseAddress, let out = squares.baseAddress else { return }
          for first in stride(from: 0, to: rows, by: blockRows) {
            let count = min(blockRows, rows - first)
            for i in 0..<(count * width) {
              let value = x[first * width + i]
              out[i] = value * value
            }
            result.withUnsafeMutableBufferPointer { result in
              guard let base = result.baseAddress else { return }
              BLAS.gemm(
                m: classes, n: width, k: count, w + first, lda: rows, .none, out, ldb: width, .none,
                beta: 1, base, ldc: width)
            }
          }
        }
      }
    }
    return result
  }

  /// Σ w·x·xᵀ of the first `size − 1` axes and the intercept over rows drawn with chance min(1, limit·w/Σw), w/chance in
  /// the place of w; upper triangle.
  private static func fill(
    _ block: UnsafeMutableBufferPointer<Float>, size: Int, _ w: UnsafeBufferPointer<Float>,
    _ x: UnsafeBufferPointer<Float>
  ) {
    let (rows, width, limit) = (w.count, x.count / max(1, w.count), 2 * size)
    var total: Float = 0
    for i in 0..<rows { total += w[i] }
    block.update(repeating: 0)
    guard total > 0, let out = block.baseAddress else { return }
    let rate = Double(limit) / Double(total)
    let capacity = min(rows, limit + 1)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: capacity * size) { sample in
      var count = 0
      var position = 0.5  // of the running sum of chances: a row is drawn where it passes a whole number
      for i in 0..<rows where count < capacity {
        let chance = min(1, rate * Double(w[i]))
        let before = position
        position += chance
        guard position.rounded(.down) > before.rounded(.down) else { continue }
        let scale = Float((Double(w[i]) / chance).squareRoot())
        for j in 0..<(size - 1) { sample[count * size + j] = scale * x[i * width + j] }
        sample[count * size + size - 1] = scale * x[(i + 1) * width - 1]
        count += 1
      }
      guard let rows = sample.baseAddress, count > 0 else { return }
      BLAS.syrk(n: size, k: count, rows, lda: size, out, ldc: size)
    }
  }

  /// `gradient ← H⁻¹·gradient`, `[classes × width]`.
  func apply(_ gradient: inout [Double]) {
    guard lead > 0 else {
      for i in gradient.indices { gradient[i] *= Double(inverseDiagonal[i]) }
      return
    }
    for k in 0..<classes {
      for j in 0..<lead { scratch.input[inverses.place(k, j)] = Float(gradient[k * width + j]) }
      scratch.input[inverses.place(k, lead)] = Float(gradient[(k + 1) * width - 1])
    }
    scratch.input.withUnsafeBufferPointer { input in
      scratch.output.withUnsafeMutableBufferPointer { inverses.multiply(input, into: $0) }
    }
    for k in 0..<classes {
      for j in 0..<lead { gradient[k * width + j] = Double(scratch.output[inverses.place(k, j)]) }
      for j in lead..<(width - 1) { gradient[k * width + j] *= Double(inverseDiagonal[k * width + j]) }
      gradient[(k + 1) * width - 1] = Double(scratch.output[inverses.place(k, lead)])
    }
  }
}
