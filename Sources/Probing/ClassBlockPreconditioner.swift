import LinearAlgebra
import Tensors

/// An approximate inverse Hessian of a softmax regression: the Hessian's blocks of each class with itself,
/// `Σᵢ wᵢ·pᵢₖ(1 − pᵢₖ)·xᵢxᵢᵀ + penalty`, inverted one by one; what couples classes is left out.
///
/// A class's block is made of at most twice as many rows as there are features, drawn evenly in proportion to
/// their weight in it, so that it costs the same whatever the number of rows. Single precision: it only steers
/// the search, whose end is decided by the exact gradient.
final class ClassBlockPreconditioner {
  private let classes: Int
  private let width: Int
  /// `[classes × width × width]`
  private let inverses: UnsafeMutableBufferPointer<Float>
  private let input: UnsafeMutableBufferPointer<Float>
  private let output: UnsafeMutableBufferPointer<Float>

  /// Nil where a block is not positive definite to single precision.
  ///
  /// - Parameters:
  ///   - probabilities: `[classes × rows]`.
  ///   - design: `[rows × width]`, the last column ones.
  init?(probabilities: Tensor, design: Tensor, weights: [Float]?, penalty: Double, threads: Int) {
    classes = probabilities.rows
    width = design.width
    let (classes, width, rows) = (self.classes, self.width, design.rows)
    inverses = .allocate(capacity: classes * width * width)
    input = .allocate(capacity: classes * width)
    output = .allocate(capacity: classes * width)
    let blocks = Blocks(base: inverses)
    let done = try? parallelMap(classes, threads: threads) { k in
      let block = UnsafeMutableBufferPointer(
        rebasing: blocks.base[(k * width * width)..<((k + 1) * width * width)])
      probabilities.withUnsafeBuffer { p in
        design.withUnsafeBuffer { x in
          ClassBlockPreconditioner.fill(
            block, UnsafeBufferPointer(rebasing: p[(k * rows)..<((k + 1) * rows)]), x, weights,
            limit: 2 * width)
        }
      }
      let trace = (0..<width).reduce(Float(0)) { $0 + block[$1 * width + $1] } / Float(width)
      let ridge = Float(penalty) + 1e-6 * trace
      for j in 0..<(width - 1) { block[j * width + j] += ridge }
      // All intercepts moved together change nothing, which a block alone cannot see.
      block[width * width - 1] += 1e-3 * Float(rows) / Float(classes)
      return invertPositiveDefinite(block, size: width)
    }
    guard let done, !done.contains(false) else { return nil }
  }

  deinit {
    inverses.deallocate()
    input.deallocate()
    output.deallocate()
  }

  private struct Blocks: @unchecked Sendable { let base: UnsafeMutableBufferPointer<Float> }

  /// Σ w·x·xᵀ over rows drawn with chance min(1, limit·w/Σw), w/chance in the place of w; upper triangle.
  private static func fill(
    _ block: UnsafeMutableBufferPointer<Float>, _ p: UnsafeBufferPointer<Float>,
    _ x: UnsafeBufferPointer<Float>, _ weights: [Float]?, limit: Int
  ) {
    let (rows, width) = (p.count, x.count / max(1, p.count))
    func weight(_ i: Int) -> Float { p[i] * (1 - p[i]) * (weights?[i] ?? 1) }
    var total: Float = 0
    for i in 0..<rows { total += weight(i) }
    block.update(repeating: 0)
    guard total > 0, let out = block.baseAddress else { return }
    let rate = Double(limit) / Double(total)
    let capacity = min(rows, limit + 1)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: capacity * width) { sample in
      var count = 0
      var position = 0.5  // of the running sum of chances: a row is drawn where it passes a whole number
      for i in 0..<rows where count < capacity {
        let w = weight(i)
        let chance = min(1, rate * Double(w))
        let before = position
        position += chance
        guard position.rounded(.down) > before.rounded(.down) else { continue }
        let scale = Float((Double(w) / chance).squareRoot())
        for j in 0..<width { sample[count * width + j] = scale * x[i * width + j] }
        count += 1
      }
      guard let rows = sample.baseAddress, count > 0 else { return }
      BLAS.syrk(n: width, k: count, rows, lda: width, out, ldc: width)
    }
  }

  /// `gradient ← H⁻¹·gradient`, `[classes × width]`.
  func apply(_ gradient: inout [Double]) {
    guard let input = input.baseAddress, let output = output.baseAddress, let base = inverses.baseAddress
    else { return }
    for i in gradient.indices { input[i] = Float(gradient[i]) }
    for k in 0..<classes {
      BLAS.gemm(
        m: 1, n: width, k: width, input + k * width, lda: width, .none, base + k * width * width,
        ldb: width,
        .none, output + k * width, ldc: width)
    }
    for i in gradient.indices { gradient[i] = Double(output[i]) }
  }
}
