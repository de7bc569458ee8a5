import Tensors

/// Each row's exponentials over their sum; input: `[rows × width]`.
package struct SoftmaxOperation: LayerOperation {
  package var name: String { "softmax" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor { run.softmax(inputs[0]) }
}

extension Evaluation {
  func softmax(_ x: Tensor) -> Tensor {
    let (rows, width) = (x.rows, x.width)
    let stride = Elementwise.paddedWidth(width)
    let result = Tensor(shape: x.shape, from: pool) { result in
      pool.withScratch(stride) { row in
        guard let base = row.baseAddress, let to = result.baseAddress else { return }
        x.withPointer { x in
          for index in 0..<rows {
            base.update(from: x + index * width, count: width)
            Elementwise.softmaxRows(row, rows: 1, width: width, stride: stride)
            (to + index * width).update(from: base, count: width)
          }
        }
      }
    }
    note(SoftmaxOperation(), [x], result)
    return result
  }
}
