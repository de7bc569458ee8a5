import Tensors

/// The loss of multinomial logistic regression and its gradient:
/// Σᵢ wᵢ·(−log softmax(W·xᵢ)[yᵢ]) + penalty/2 · Σ W², the last column of W, the intercept, left out of the
/// penalty (natural logarithms; scikit-learn's `C` is 1/penalty).
///
/// Products run in single precision over blocks of rows that stay in cache, sums over chunks of rows in double
/// precision. A chunk's partial sums are added in the order of the rows, so that the result does not depend
/// on the number of threads. All memory is taken when it is made: an evaluation allocates nothing.
final class SoftmaxObjective {
  /// `[rows × width]`; the last column is ones.
  let design: Tensor
  /// Row i's class.
  let labels: [Int]
  /// Row i's weight; nil where all are one.
  let weights: [Float]?
  let classes: Int
  let threads: Int
  var penalty: Double

  var rows: Int { labels.count }
  var width: Int { design.width }
  /// The weights W `[classes × width]`, row-major.
  var pointCount: Int { classes * width }

  private static let blockRows = 512
  private static let chunkRows = 2048
  private let chunks: [Chunk]
  private let point: UnsafeMutableBufferPointer<Float>

  init(
    design: Tensor, labels: [Int], weights: [Float]? = nil, classes: Int, penalty: Double, threads: Int = 1
  ) {
    precondition(design.rows == labels.count && classes > 0, "\(design.shape) for \(labels.count) labels")
    precondition(weights == nil || weights?.count == labels.count)
    self.design = design
    self.labels = labels
    self.weights = weights
    self.classes = classes
    self.penalty = penalty
    self.threads = threads
    let (width, rows) = (design.width, labels.count)
    let chunkCount = (rows + Self.chunkRows - 1) / Self.chunkRows
    chunks = (0..<chunkCount).map { index in
      let first = index * Self.chunkRows
      return Chunk(
        rows: first..<min(first + Self.chunkRows, rows), classes: classes, width: width,
        blockRows: min(Self.blockRows, rows))
    }
    point = .allocate(capacity: classes * width)
  }

  deinit { point.deallocate() }

  /// The loss at W `[classes × width]`; overwrites the gradient of the same shape.
  func evaluate(_ w: [Double], gradient: inout [Double]) -> Double {
    for i in 0..<pointCount { point[i] = Float(w[i]) }
    forEachChunk { chunk in self.accumulate(chunk) }
    var loss = 0.0
    for i in 0..<pointCount { gradient[i] = 0 }
    gradient.withUnsafeMutableBufferPointer { gradient in
      for chunk in chunks {
        loss += chunk.loss
        let partial = chunk.gradient
        for i in 0..<pointCount { gradient[i] += Double(partial[i]) }
      }
      var squares = 0.0
      for k in 0..<classes {
        for j in 0..<(width - 1) {
          let weight = w[k * width + j]
          squares += weight * weight
          gradient[k * width + j] += penalty * weight
        }
      }
      loss += penalty / 2 * squares
    }
    return loss
  }

  /// The probabilities at W, class by class: `[classes × rows]`.
  func probabilities(at w: [Double]) -> Tensor {
    for i in 0..<pointCount { point[i] = Float(w[i]) }
    let (rows, classes) = (self.rows, self.classes)
    return Tensor(shape: [classes, rows]) { out in
      let target = Target(base: out)
      forEachChunk { chunk in
        self.forEachBlock(of: chunk) { first, count in
          for k in 0..<classes {
            for i in 0..<count {
              target.base[k * rows + first + i] = chunk.block.values[k * count + i]
            }
          }
        }
      }
    }
  }

  /// Memory that chunks write disjoint parts of.
  private struct Target: @unchecked Sendable { let base: UnsafeMutableBufferPointer<Float> }

  private func forEachChunk(_ body: (Chunk) -> Void) {
    guard threads > 1, chunks.count > 1 else {
      for chunk in chunks { body(chunk) }
      return
    }
    // Chunks own their memory and share only what is read.
    withoutActuallyEscaping(body) { body in
      let work = Work(body: body)
      let chunks = self.chunks
      parallelFor(chunks.count, threads: threads) { work.body(chunks[$0]) }
    }
  }

  private struct Work: @unchecked Sendable { let body: (Chunk) -> Void }

  /// A chunk's loss and gradient.
  private func accumulate(_ chunk: Chunk) {
    chunk.loss = 0
    var isFirst = true
    design.withUnsafeBuffer { design in
      labels.withUnsafeBufferPointer { labels in
        guard let base = design.baseAddress else { return }
        forEachBlock(of: chunk) { first, count in
          let values = chunk.block.values
          for i in 0..<count {
            let weight = weights?[first + i] ?? 1
            chunk.loss += Double(weight) * (chunk.logSums[i] - Double(chunk.labelLogits[i]))
            values[labels[first + i] * count + i] -= 1
          }
          if let weights {
            for k in 0..<classes {
              for i in 0..<count { values[k * count + i] *= weights[first + i] }
            }
          }
          BLAS.gemm(
            m: classes, n: width, k: count, values, lda: count, .none, base + first * width, ldb: width,
            .none,
            beta: isFirst ? 0 : 1, chunk.gradient, ldc: width)
          isFirst = false
        }
      }
    }
  }

  /// Calls `body(first row, rows)` with the block's probabilities in `chunk.block.values`.
  private func forEachBlock(of chunk: Chunk, _ body: (Int, Int) -> Void) {
    design.withUnsafeBuffer { design in
      guard let base = design.baseAddress, let point = point.baseAddress else { return }
      for first in stride(from: chunk.rows.lowerBound, to: chunk.rows.upperBound, by: Self.blockRows) {
        let count = min(Self.blockRows, chunk.rows.upperBound - first)
        let values = chunk.block.values
        BLAS.gemm(
          m: classes, n: count, k: width, point, lda: width, .none, base + first * width, ldb: width,
          .transposed,
          values, ldc: count)
        for i in 0..<count { chunk.labelLogits[i] = values[labels[first + i] * count + i] }
        chunk.block.normalise(rows: count, logSums: chunk.logSums)
        body(first, count)
      }
    }
  }

  /// The memory for one run of rows. Written by the one thread that has the chunk, read after all have ended.
  private final class Chunk: @unchecked Sendable {
    let rows: Range<Int>
    let block: SoftmaxBlock
    let gradient: UnsafeMutablePointer<Float>
    let logSums: UnsafeMutablePointer<Double>
    let labelLogits: UnsafeMutablePointer<Float>
    var loss = 0.0

    init(rows: Range<Int>, classes: Int, width: Int, blockRows: Int) {
      self.rows = rows
      block = SoftmaxBlock(classes: classes, capacity: blockRows)
      gradient = .allocate(capacity: classes * width)
      logSums = .allocate(capacity: blockRows)
      labelLogits = .allocate(capacity: blockRows)
    }

    deinit {
      block.deallocate()
      gradient.deallocate()
      logSums.deallocate()
      labelLogits.deallocate()
    }
  }
}
