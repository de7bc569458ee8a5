import Tensors

/// Rows that can be had in double precision, some at a time.
protocol RowBlocks {
  var rows: Int { get }
  var width: Int { get }
  /// Writes rows `range` into memory for `range.count · width` values.
  func write(_ range: Range<Int>, to target: UnsafeMutablePointer<Double>)
}

extension CentredStates: RowBlocks {}

extension Tensor: RowBlocks {
  func write(_ range: Range<Int>, to target: UnsafeMutablePointer<Double>) {
    rows(range).withUnsafeBuffer { values in
      for i in values.indices { target[i] = Double(values[i]) }
    }
  }
}

/// Products over all rows of two layers, in double precision throughout: a debiased estimate is a small difference of
/// large sums, and the last digits of a single-precision product depend on the processor's kernels.
enum CrossProducts {
  /// Rows a block: few enough that both sides' blocks stay in the cache.
  private static let blockRows = 1024

  /// XᵀY `[p × q]` of X `[n × p]` and Y `[n × q]`.
  static func between(_ x: some RowBlocks, _ y: some RowBlocks) -> Matrix {
    precondition(x.rows == y.rows, "\(x.rows) rows against \(y.rows)")
    let (p, q) = (x.width, y.width)
    let height = min(blockRows, x.rows)
    var sum = Matrix(rows: p, columns: q)
    sum.values.withUnsafeMutableBufferPointer { sum in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: height * (p + q)) { memory in
        guard let sum = sum.baseAddress, let a = memory.baseAddress else { return }
        let b = a + height * p
        for start in stride(from: 0, to: x.rows, by: blockRows) {
          let range = start..<min(start + height, x.rows)
          x.write(range, to: a)
          y.write(range, to: b)
          BLAS.gemm(
            m: p, n: q, k: range.count, a, lda: p, .transposed, b, ldb: q, .none, beta: 1, sum, ldc: q)
        }
      }
    }
    return sum
  }
}
