import Tensors

/// Products over all rows of two layers: blocks of rows in single precision, folded into double.
///
/// Within a block the rounding of single precision is random and small against the norms; the sum over the
/// blocks, where it would grow with the rows, is exact to double precision.
enum CrossProducts {
  /// Rows a block: long enough that folding costs little beside the product.
  static let blockRows = 4096

  /// XᵀY `[p × q]` of X `[n × p]` and Y `[n × q]`.
  static func between(_ x: Tensor, _ y: Tensor) -> Matrix {
    let (p, q) = (x.width, y.width)
    return folding(rows: x.rows, p, q) { rows, block in
      x.rows(rows).withUnsafeBuffer { a in
        y.rows(rows).withUnsafeBuffer { b in
          guard let a = a.baseAddress, let b = b.baseAddress else { return }
          BLAS.gemm(m: p, n: q, k: rows.count, a, lda: p, .transposed, b, ldb: q, .none, block, ldc: q)
        }
      }
    }
  }

  /// XᵀX `[p × p]`, in half the operations.
  static func within(_ x: Tensor) -> Matrix {
    let p = x.width
    var result = folding(rows: x.rows, p, p) { rows, block in
      x.rows(rows).withUnsafeBuffer { a in
        guard let a = a.baseAddress else { return }
        BLAS.syrk(n: p, k: rows.count, a, lda: p, block, ldc: p)
      }
    }
    result.mirrorUpperTriangle()
    return result
  }

  private static func folding(
    rows: Int, _ p: Int, _ q: Int, _ product: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) -> Matrix {
    var sum = Matrix(rows: p, columns: q)
    sum.values.withUnsafeMutableBufferPointer { sum in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: p * q) { block in
        guard let base = block.baseAddress else { return }
        block.initialize(repeating: 0)  // a symmetric product leaves the lower triangle alone
        for start in stride(from: 0, to: rows, by: blockRows) {
          product(start..<min(start + blockRows, rows), base)
          for i in 0..<(p * q) { sum[i] += Double(block[i]) }
        }
      }
    }
    return sum
  }
}
