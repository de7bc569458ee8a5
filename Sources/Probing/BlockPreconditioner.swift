import Tensors

/// The inverse Hessian at given probabilities.
///
/// The Hessian is Σᵢ wᵢ·(diag pᵢ − pᵢpᵢᵀ) ⊗ xᵢxᵢᵀ + penalty. On the first axes, which hold most of what couples classes, it is
/// inverted whole (`CoupledAxes`). On those after them classes are taken apart: of a class's own block,
/// Σᵢ wᵢ·pᵢₖ(1 − pᵢₖ)·xᵢxᵢᵀ + penalty, the leading axes are inverted exactly and of the others the diagonal is. Single
/// precision but for the first axes.
final class BlockPreconditioner: SoftmaxPreconditioner {
  private let classes: Int
  private let width: Int
  private let coupled: CoupledAxes
  /// The axes that blocks are of.
  private let blockAxes: Range<Int>
  /// 1/(curvature + penalty), `[classes × width]`.
  private let inverseDiagonal: [Float]
  /// Of each class, `[block axes × block axes]`.
  private var inverses: SymmetricLanes
  /// Vectors as `inverses` wants them.
  private var scratch: (input: [Float], output: [Float])

  /// Nil where a block is not positive definite to single precision.
  ///
  /// A block is made of about twice as many rows as axes, drawn evenly in proportion to their weight in it, so that it costs the
  /// same whatever the number of rows.
  /// - Parameters:
  ///   - probabilities: `[classes × rows]`
  ///   - design: `[rows × width]`, on principal axes, the last column ones.
  ///   - lead: axes that are not inverted by their diagonal alone.
  init?(probabilities: Tensor, design: Tensor, weights: [Float]?, penalty: Double, lead: Int) {
    (classes, width) = (probabilities.rows, design.width)
    guard
      let coupled = CoupledAxes(
        probabilities: probabilities, design: design, weights: weights, penalty: penalty)
    else { return nil }
    self.coupled = coupled
    blockAxes = coupled.axes..<max(coupled.axes, min(lead, design.width - 1))
    let own = Self.ownCurvature(probabilities, weights)
    inverseDiagonal = Self.inverted(Self.diagonals(own, design), penalty: penalty)
    inverses = SymmetricLanes(count: blockAxes.isEmpty ? 0 : classes, size: max(1, blockAxes.count))
    scratch = (
      Array(repeating: 0, count: inverses.vectorCount), Array(repeating: 0, count: inverses.vectorCount)
    )
    guard !blockAxes.isEmpty else { return }
    fillBlocks(own, design, penalty: penalty)
    guard inverses.invert() else { return nil }
  }

  /// wᵢ·pᵢₖ(1 − pᵢₖ), `[classes × rows]`.
  private static func ownCurvature(_ probabilities: Tensor, _ weights: [Float]?) -> Tensor {
    var result = probabilities
    let rows = probabilities.width
    result.withUnsafeMutableBuffer { values in
      for i in values.indices { values[i] *= (1 - values[i]) * (weights?[i % rows] ?? 1) }
    }
    return result
  }

  private func fillBlocks(_ own: Tensor, _ design: Tensor, penalty: Double) {
    let size = blockAxes.count
    withUnsafeTemporaryAllocation(of: Float.self, capacity: size * size) { block in
      for k in 0..<classes {
        own.withUnsafeBuffer { w in
          design.withUnsafeBuffer { x in
            Self.fill(
              block, first: blockAxes.lowerBound, size: size,
              UnsafeBufferPointer(rebasing: w[(k * design.rows)..<((k + 1) * design.rows)]), x)
          }
        }
        let trace = (0..<size).reduce(Float(0)) { $0 + block[$1 * size + $1] } / Float(size)
        for j in 0..<size { block[j * size + j] += Float(penalty) + 1e-6 * trace }
        inverses.set(k, to: block)
      }
    }
  }

  private static func inverted(_ curvatures: [Float], penalty: Double) -> [Float] {
    let floor = Float(penalty) + 1e-7 * (curvatures.max() ?? 0)
    return curvatures.map { 1 / ($0 + floor) }
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

  /// Σ w·x·xᵀ of `size` axes from `first` over rows drawn with chance min(1, limit·w/Σw), w/chance in the place of w; upper
  /// triangle.
  private static func fill(
    _ block: UnsafeMutableBufferPointer<Float>, first: Int, size: Int, _ w: UnsafeBufferPointer<Float>,
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
        for j in 0..<size { sample[count * size + j] = scale * x[i * width + first + j] }
        count += 1
      }
      guard let rows = sample.baseAddress, count > 0 else { return }
      BLAS.syrk(n: size, k: count, rows, lda: size, out, ldc: size)
    }
  }

  func apply(_ gradient: inout [Double]) {
    let first = coupled.solve(gradient)
    let axes = blockAxes
    for k in 0..<classes {
      for j in axes {
        scratch.input[inverses.place(k, j - axes.lowerBound)] = Float(gradient[k * width + j])
      }
    }
    scratch.input.withUnsafeBufferPointer { input in
      scratch.output.withUnsafeMutableBufferPointer { inverses.multiply(input, into: $0) }
    }
    for k in 0..<classes {
      for j in axes {
        gradient[k * width + j] = Double(scratch.output[inverses.place(k, j - axes.lowerBound)])
      }
      for j in axes.upperBound..<(width - 1) {
        gradient[k * width + j] *= Double(inverseDiagonal[k * width + j])
      }
    }
    coupled.put(first, into: &gradient)
  }
}
