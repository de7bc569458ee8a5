import Tensors

extension Evaluation {
  /// `x + row` for every row.
  func shifted(_ x: Tensor, by row: Tensor) -> Tensor {
    let (rows, width) = (x.rows, x.width)
    precondition(row.count == width, "\(row.shape) added to rows of \(x.shape)")
    let result = Tensor(shape: x.shape, from: pool) { y in
      guard let y = y.baseAddress else { return }
      x.withPointer { x in
        row.withUnsafeBuffer {
          Elementwise.fillRows(y, stride: width, rows: rows, with: $0, adding: x, stride: width)
        }
      }
    }
    note(ShiftOperation(row: row), [x], result)
    return result
  }

  /// `x + y/2`.
  func halfStep(from x: Tensor, by y: Tensor) -> Tensor {
    precondition(x.shape == y.shape, "\(x.shape) and \(y.shape) have no sum")
    let sum = Tensor(shape: x.shape, from: pool) { sum in
      x.withUnsafeBuffer { x in
        y.withUnsafeBuffer { y in
          for index in sum.indices { sum[index] = x[index] + y[index] / 2 }
        }
      }
    }
    note(HalfStepOperation(), [x, y], sum)
    return sum
  }

  /// The first half of each row times the sigmoid of the second, `[frames × 2 · width]` to `[frames × width]`
  /// (gated linear units, Dauphin 2017).
  func gated(_ x: Tensor) -> Tensor {
    let (rows, width) = (x.rows, x.width / 2)
    let result = Tensor(shape: [rows, width], from: pool) { output in
      let output = Shared(output)
      parallelFor((rows + 127) / 128, threads: threads) { index in
        x.withUnsafeBuffer { x in
          for row in (index * 128)..<min(rows, (index + 1) * 128) {
            let y = UnsafeMutableBufferPointer(
              rebasing: output.pointer[(row * width)..<((row + 1) * width)])
            let (value, gate) = (row * 2 * width, row * 2 * width + width)
            for column in 0..<width { y[column] = -x[gate + column] }
            Elementwise.exp(y)
            for column in 0..<width { y[column] = x[value + column] / (1 + y[column]) }
          }
        }
      }
    }
    note(GatingOperation(), [x], result)
    return result
  }

  /// `Σₖ w[k]·x[t + k − padding] + b` for each channel, normalised and activated.
  func depthwiseConvolution(_ x: Tensor, _ layer: DepthwiseConvolution, validFrames: Int) -> Tensor {
    let (frames, width, kernel) = (x.rows, x.width, layer.weight.rows)
    precondition(layer.weight.width == width, "\(x.shape) into a convolution of \(layer.weight.shape)")
    let block = 64
    let result = Tensor(shape: x.shape, from: pool) { output in
      let output = Shared(output)
      parallelFor((frames + block - 1) / block, threads: threads) { index in
        guard let output = output.pointer.baseAddress else { return }
        let rows = (index * block)..<min(frames, (index + 1) * block)
        x.withPointer { x in
          layer.weight.withPointer { weight in
            layer.bias.withUnsafeBuffer { bias in
              for frame in rows {
                let y = output + frame * width
                for channel in 0..<width { y[channel] = bias[channel] }
                let first = frame - layer.padding
                for tap in max(0, -first)..<max(max(0, -first), min(kernel, validFrames - first)) {
                  let (x, w) = (x + (first + tap) * width, weight + tap * width)
                  for channel in 0..<width { y[channel] += w[channel] * x[channel] }
                }
              }
            }
          }
        }
        let start = output + rows.lowerBound * width
        layer.norm?.apply(start, into: start, rows: rows.count, width: width)
        layer.activation.apply(to: UnsafeMutableBufferPointer(start: start, count: rows.count * width))
      }
    }
    note(DepthwiseConvolutionOperation(layer: layer, validFrames: validFrames), [x], result)
    return result
  }
}

// MARK: - As they are recorded

/// `x + row` for every row.
package struct ShiftOperation: LayerOperation {
  package let row: Tensor
  package var name: String { "shift" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.shifted(inputs[0], by: row)
  }
}

/// `x + y/2`; inputs: x and y.
package struct HalfStepOperation: LayerOperation {
  package var name: String { "half step" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.halfStep(from: inputs[0], by: inputs[1])
  }
}

/// Gated linear units; input: values and gates side by side.
package struct GatingOperation: LayerOperation {
  package var name: String { "gated linear units" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor { run.gated(inputs[0]) }
}

/// A convolution of each channel by itself, with its norm and activation.
package struct DepthwiseConvolutionOperation: LayerOperation {
  package let layer: DepthwiseConvolution
  package let validFrames: Int
  package var name: String { "depthwise convolution" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.depthwiseConvolution(inputs[0], layer, validFrames: validFrames)
  }
}

/// Softmax attention with keys for distances; inputs: q, k, v and the distances' queries.
package struct RelativeAttentionOperation: LayerOperation {
  package let heads: Int
  package let validFrames: Int
  package let keys: RelativeKeys
  /// What keys meet for a distance, as DeBERTa's do.
  package var met: RelativeKeys?
  package var reach = AttentionReach.all
  package var name: String { "attention by distance" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    var weights: Tensor?
    return run.attention(
      inputs[0], inputs[1], inputs[2], heads: heads, validFrames: validFrames, reach: reach,
      relative: (keys, inputs[3]), met: met, weights: &weights)
  }
}
