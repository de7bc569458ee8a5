import Tensors

/// How a grid of tokens, row by row, is cut into square windows within which tokens attend to each other (Swin, Liu
/// 2021).
///
/// With a shift the grid is rolled up and to the left first, so that the windows straddle the borders of those
/// without one; tokens that were no neighbours before the roll do not see each other.
package struct TokenWindows: Sendable, Equatable {
  package let height, width: Int
  /// A window's side.
  package let side: Int
  package let shift: Int

  package var size: Int { side * side }
  package var count: Int { height / side * (width / side) }

  /// The tokens of window `index`, row by row.
  package func tokens(of index: Int) -> [Int] {
    places(of: index).map { row, column in
      (row + shift) % height * width + (column + shift) % width
    }
  }

  /// Which tokens of window `index` were together before the roll: equal numbers.
  package func regions(of index: Int) -> [Int] {
    func region(_ place: Int, _ extent: Int) -> Int {
      (place >= extent - side ? 1 : 0) + (place >= extent - shift ? 1 : 0)
    }
    return places(of: index).map { shift == 0 ? 0 : region($0, height) * 3 + region($1, width) }
  }

  private func places(of index: Int) -> [(row: Int, column: Int)] {
    let columns = width / side
    return (0..<size).map { place in
      (index / columns * side + place / side, index % columns * side + place % side)
    }
  }

  /// A table of one row for each offset between two tokens of a window, `[(2·side − 1)² × heads]`, as
  /// `[heads × size × size]`: the row of a query's and a key's offset for each pair.
  package func pairs(of table: Tensor) -> Tensor {
    let heads = table.width
    return table.withUnsafeBuffer { table in
      Tensor(shape: [heads, size, size]) { pairs in
        for query in 0..<size {
          for key in 0..<size {
            let down = query / side - key / side + side - 1
            let right = query % side - key % side + side - 1
            for head in 0..<heads {
              pairs[(head * size + query) * size + key] =
                table[(down * (2 * side - 1) + right) * heads + head]
            }
          }
        }
      }
    }
  }
}

/// Softmax attention within windows; inputs: q, k and v, `[tokens × width]`.
package struct WindowAttentionOperation: LayerOperation {
  package let windows: TokenWindows
  /// What is added to the scores, `[heads × size × size]`.
  package let bias: Tensor
  package var heads: Int { bias.rows }
  package var name: String { "window attention" }

  /// What is added to the score of tokens that are no neighbours.
  package static let strangeness: Float = -100

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.windowAttention(inputs[0], inputs[1], inputs[2], self)
  }
}

extension Evaluation {
  func windowAttention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ operation: WindowAttentionOperation
  ) -> Tensor {
    let (windows, width) = (operation.windows, q.width)
    precondition(q.rows == windows.height * windows.width && q.shape == k.shape && k.shape == v.shape)
    let context = Tensor(shape: q.shape, from: pool) { context in
      let context = Shared(context)
      parallelFor(windows.count, threads: threads) { index in
        let tokens = windows.tokens(of: index)
        let regions = windows.regions(of: index)
        let inside = attention(
          q.selectingRows(tokens), k.selectingRows(tokens), v.selectingRows(tokens), regions, operation)
        inside.withPointer { inside in
          guard let context = context.pointer.baseAddress else { return }
          for (row, token) in tokens.enumerated() {
            (context + token * width).update(from: inside + row * width, count: width)
          }
        }
      }
    }
    note(operation, [q, k, v], context)
    return context
  }

  /// One window's, `[size × width]`.
  private func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ regions: [Int], _ operation: WindowAttentionOperation
  ) -> Tensor {
    let (size, width, heads) = (q.rows, q.width, operation.heads)
    let headWidth = width / heads
    let stride = Elementwise.paddedWidth(size)
    let isParted = Set(regions).count > 1
    return Tensor(shape: q.shape, from: pool) { context in
      pool.withScratch(size * stride) { scores in
        guard let context = context.baseAddress, let base = scores.baseAddress else { return }
        for head in 0..<heads {
          let column = head * headWidth
          q.withPointer { q in
            k.withPointer { k in
              BLAS.gemm(
                m: size, n: size, k: headWidth, alpha: 1 / Float(headWidth).squareRoot(), q + column,
                lda: width, .none, k + column, ldb: width, .transposed, base, ldc: stride)
            }
          }
          operation.bias.withPointer { bias in
            for query in 0..<size {
              let (row, bias) = (base + query * stride, bias + (head * size + query) * size)
              for key in 0..<size { row[key] += bias[key] }
              guard isParted else { continue }
              for key in 0..<size where regions[key] != regions[query] {
                row[key] += WindowAttentionOperation.strangeness
              }
            }
          }
          Elementwise.softmaxRows(scores, rows: size, width: size, stride: stride)
          v.withPointer { v in
            BLAS.gemm(
              m: size, n: headWidth, k: size, base, lda: stride, .none, v + column, ldb: width, .none,
              context + column, ldc: width)
          }
        }
      }
    }
  }
}
