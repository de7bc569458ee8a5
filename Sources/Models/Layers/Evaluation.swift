import Tensors

/// How a forward pass is computed: by how many threads, in which memory.
///
/// Layers call its few operations (`linear`, `norm`, `attention`, `convolutions`, `groupedConvolution`). Each cuts
/// its work into blocks by the shapes alone, so that any number of threads gives the same bits.
package struct Evaluation: Sendable {
  let threads: Int
  let pool: MemoryPool
  /// Hears of every operation, where the pass is recorded.
  let recorder: (any OperationRecorder)?
  /// What is drawn in this pass, of a model that is being trained.
  let noise: PassNoise?

  package init(
    threads: Int, pool: MemoryPool, recorder: (any OperationRecorder)? = nil, noise: PassNoise? = nil
  ) {
    self.threads = threads
    self.pool = pool
    self.recorder = recorder
    self.noise = noise
  }
}

// MARK: - Linear layers and norms

extension Evaluation {
  /// `activation(x·Wᵀ + b) + residual`, `[rows × inputs]` to `[rows × outputs]`; there is no residual after an
  /// activation.
  func linear(
    _ x: Tensor, _ layer: Linear, _ activation: Activation? = nil, adding residual: Tensor? = nil
  ) -> Tensor {
    let (rows, inputs, outputs) = (x.rows, layer.inputs, layer.outputs)
    precondition(x.width == inputs, "\(x.shape) into a layer of \(inputs) inputs")
    precondition(residual.map { $0.shape == [rows, outputs] && activation == nil } ?? true)
    let blocks = Blocks(rows: rows, columns: outputs, depth: inputs)
    let output = Tensor(shape: [rows, outputs], from: pool) { output in
      let output = Shared(output)
      parallelFor(blocks.count, threads: threads) { index in
        guard let output = output.pointer.baseAddress else { return }
        let (rows, columns) = blocks[index]
        let block = output + rows.lowerBound * outputs + columns.lowerBound
        // The product is added to what is there: bias and residual cost no pass of their own.
        layer.bias.withUnsafeBuffer { bias in
          let bias = UnsafeBufferPointer(rebasing: bias[columns])
          if let residual {
            residual.withPointer { residual in
              Elementwise.fillRows(
                block, stride: outputs, rows: rows.count, with: bias,
                adding: residual + rows.lowerBound * outputs + columns.lowerBound, stride: outputs)
            }
          } else {
            Elementwise.fillRows(block, stride: outputs, rows: rows.count, with: bias)
          }
        }
        x.withPointer { x in
          layer.weight.withPointer { weight in
            BLAS.gemm(
              m: rows.count, n: columns.count, k: inputs, x + rows.lowerBound * inputs, lda: inputs,
              .none, weight + columns.lowerBound * inputs, ldb: inputs, .transposed, beta: 1, block,
              ldc: outputs)
          }
        }
        if let activation {
          for row in 0..<rows.count {
            activation.apply(
              to: UnsafeMutableBufferPointer(start: block + row * outputs, count: columns.count))
          }
        }
      }
    }
    note(
      LinearOperation(layer: layer, activation: activation), [x] + (residual.map { [$0] } ?? []), output)
    return output
  }

  /// Layer norm of each row.
  func norm(_ x: Tensor, _ layer: LayerNorm) -> Tensor {
    let (rows, width) = (x.rows, x.width)
    let output = Tensor(shape: x.shape, from: pool) { output in
      let output = Shared(output)
      parallelFor((rows + 127) / 128, threads: threads) { index in
        guard let output = output.pointer.baseAddress else { return }
        let start = index * 128
        x.withPointer { x in
          layer.apply(
            x + start * width, into: output + start * width, rows: min(128, rows - start), width: width)
        }
      }
    }
    note(NormOperation(layer: layer), [x], output)
    return output
  }
}

extension Evaluation {
  /// The sum of two tensors of one shape.
  func sum(_ x: Tensor, _ y: Tensor) -> Tensor {
    precondition(x.shape == y.shape, "\(x.shape) and \(y.shape) have no sum")
    let sum = x.withUnsafeBuffer { x in
      y.withUnsafeBuffer { y in
        Tensor(shape: [x.count], from: pool) { sum in
          for index in sum.indices { sum[index] = x[index] + y[index] }
        }
      }
    }.reshaped(x.shape)
    note(SumOperation(), [x, y], sum)
    return sum
  }
}

extension Tensor {
  /// The first value's address, valid inside `body`; for tensors that hold something.
  package func withPointer<R>(_ body: (UnsafePointer<Float>) throws -> R) rethrows -> R {
    try withUnsafeBuffer { buffer in
      guard let base = buffer.baseAddress else {
        preconditionFailure("a tensor of shape \(shape) is empty")
      }
      return try body(base)
    }
  }
}

/// A product's output, cut into blocks that are large enough for BLAS to be at its best and the same whatever the
/// number of threads.
struct Blocks: Sendable {
  private let rows: Int
  private let columns: Int
  private let blockRows: Int
  private let blockColumns: Int
  private let columnBlocks: Int
  let count: Int

  init(rows: Int, columns: Int, depth: Int) {
    self.rows = rows
    self.columns = columns
    // Below a million multiplications a block is not worth a thread.
    let isSmall = rows * columns < (1 << 20) / max(1, depth)
    let rowBlocks = isSmall ? 1 : max(1, (rows + 767) / 768)
    columnBlocks = isSmall ? 1 : 2
    blockRows = max(1, (rows + rowBlocks - 1) / rowBlocks)
    blockColumns = max(1, (columns + columnBlocks - 1) / columnBlocks)
    count = rowBlocks * columnBlocks
  }

  /// Block `index`, possibly an empty one at the end.
  subscript(index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let row = min(rows, index / columnBlocks * blockRows)
    let column = min(columns, index % columnBlocks * blockColumns)
    return (row..<min(rows, row + blockRows), column..<min(columns, column + blockColumns))
  }
}
