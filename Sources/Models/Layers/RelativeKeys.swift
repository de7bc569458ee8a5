import Tensors

/// What a query adds to its score of a key for their distance: its product with a vector that stands for the
/// distance (Shaw 2018; Dai 2019).
package struct RelativeKeys: Sendable {
  /// `[distances × width]`, heads side by side, or `[distances × head size]` where all heads share them.
  package let table: Tensor
  /// The distance, key less query, of the table's first row. Beyond its ends the vectors at the ends count.
  package let first: Int

  /// Adds `queries · tableᵀ · scale` to the scores of `rows` queries from `start` on with keys from 0 on.
  ///
  /// `queries` is the first query's part of one head, the next one `stride` values on; `size` is a head's width.
  func add(
    to scores: UnsafeMutablePointer<Float>, stride scoreStride: Int, keys: Int,
    queries: UnsafePointer<Float>,
    stride: Int, from start: Int, rows: Int, head: Int, size: Int, scale: Float, _ pool: MemoryPool
  ) {
    let last = first + table.rows - 1
    // The distances that occur, no more: of a long sound's table a block of queries meets a part.
    let low = min(max(1 - start - rows, first), last)
    let high = max(min(keys - 1 - start, last), low)
    let columns = high - low + 1
    let column = table.width == size ? 0 : head * size
    pool.withScratch(rows * columns) { products in
      guard let products = products.baseAddress else { return }
      table.withPointer { table in
        BLAS.gemm(
          m: rows, n: columns, k: size, alpha: scale, queries, lda: stride, .none,
          table + (low - first) * self.table.width + column, ldb: self.table.width, .transposed, products,
          ldc: columns)
      }
      for row in 0..<rows {
        let (scores, products) = (scores + row * scoreStride, products + row * columns)
        let own = start + row
        let (inner, outer) = (min(max(0, own + low), keys), min(max(0, own + high + 1), keys))
        for key in 0..<inner { scores[key] += products[0] }
        for key in inner..<outer { scores[key] += products[key - own - low] }
        for key in outer..<keys { scores[key] += products[columns - 1] }
      }
    }
  }
}
