import Tensors

extension Evaluation {
  /// Matrices of one width below each other, `[all rows × width]`.
  func joined(_ parts: [Tensor]) -> Tensor {
    let width = parts.first?.width ?? 0
    let joined = Tensor(shape: [parts.reduce(0) { $0 + $1.rows }, width], from: pool) { target in
      var rest = target[...]
      for part in parts where part.count > 0 {
        part.withUnsafeBuffer { _ = UnsafeMutableBufferPointer(rebasing: rest).update(from: $0) }
        rest = rest.dropFirst(part.count)
      }
    }
    note(JoinOperation(), parts, joined)
    return joined
  }

  /// The mean of some rows of a matrix, `[1 × width]`.
  func mean(ofRows rows: [Int], of x: Tensor) -> Tensor {
    let width = x.width
    let mean = x.withUnsafeBuffer { x in
      Tensor(shape: [1, width], from: pool) { mean in
        for index in 0..<width {
          mean[index] = rows.reduce(Float(0)) { $0 + x[$1 * width + index] } / Float(rows.count)
        }
      }
    }
    note(MeanOperation(rows: rows), [x], mean)
    return mean
  }
}

/// Matrices below each other.
package struct JoinOperation: LayerOperation {
  package var name: String { "join" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor { run.joined(inputs) }
}

/// The mean of some rows; input: x.
package struct MeanOperation: LayerOperation {
  package let rows: [Int]
  package var name: String { "mean of rows" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.mean(ofRows: rows, of: inputs[0])
  }
}
