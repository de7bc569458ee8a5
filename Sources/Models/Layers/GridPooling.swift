import Tensors

/// The largest value or the mean of each place of a kernel, channel by channel; input:
/// `[frames × frequencies · channels]`.
///
/// Padding never is the largest, and counts as zeros in a mean, as in PyTorch.
package struct GridPoolingOperation: LayerOperation {
  package let isMaximum: Bool
  package let walk: GridWalk
  package let frequencies: Int
  package let channels: Int
  package var name: String { isMaximum ? "max pooling" : "mean pooling" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.pooled(inputs[0], self)
  }

  /// Calls `body` with the first value of each output place and of each input place that it sees.
  package func forEachPlace(frames: Int, _ body: (_ output: Int, _ input: Int) -> Void) {
    let (times, rows) = (walk.time.outputs(of: frames), walk.frequency.outputs(of: frequencies))
    for frame in 0..<times {
      for row in 0..<rows {
        for tap in 0..<walk.time.kernel {
          guard let time = walk.time.input(of: frame, tap: tap, extent: frames) else { continue }
          for step in 0..<walk.frequency.kernel {
            guard let frequency = walk.frequency.input(of: row, tap: step, extent: frequencies) else {
              continue
            }
            body((frame * rows + row) * channels, (time * frequencies + frequency) * channels)
          }
        }
      }
    }
  }

  /// The mean of each two rows; a last one without a second is left out.
  package static func pairs(width: Int) -> GridPoolingOperation {
    rows(2, every: 2, width: width)
  }

  /// The mean of `kernel` rows, every so many rows: of one row each so-manieth.
  package static func rows(_ kernel: Int, every stride: Int, width: Int) -> GridPoolingOperation {
    GridPoolingOperation(
      isMaximum: false,
      walk: GridWalk(time: .init(kernel: kernel, stride: stride), frequency: .init(kernel: 1, stride: 1)),
      frequencies: 1, channels: width)
  }

  /// How many places a mean is over.
  package var places: Int { walk.time.kernel * walk.frequency.kernel }
}

/// Channel after channel instead of frequency after frequency, as PyTorch flattens; input:
/// `[frames × frequencies · channels]`.
package struct FlattenOperation: LayerOperation {
  package let frequencies: Int
  package let channels: Int
  package var name: String { "flattening" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.flattened(inputs[0], self)
  }

  /// Where in the input each value of a flattened frame is.
  package var order: [Int] {
    (0..<(channels * frequencies)).map { $0 % frequencies * channels + $0 / frequencies }
  }
}

extension Evaluation {
  func pooled(_ x: Tensor, _ operation: GridPoolingOperation) -> Tensor {
    let (channels, walk) = (operation.channels, operation.walk)
    precondition(x.width == operation.frequencies * channels, "\(x.shape) into \(operation)")
    let width = walk.frequency.outputs(of: operation.frequencies) * channels
    let frames = walk.time.outputs(of: x.rows)
    let result = x.withUnsafeBuffer { x in
      Tensor(shape: [frames, width], from: pool) { pooled in
        pooled.update(repeating: operation.isMaximum ? -.infinity : 0)
        guard let from = x.baseAddress, let to = pooled.baseAddress else { return }
        operation.forEachPlace(frames: x.count / (operation.frequencies * channels)) { output, input in
          let (target, source) = (to + output, from + input)
          if operation.isMaximum {
            for channel in 0..<channels { target[channel] = max(target[channel], source[channel]) }
          } else {
            for channel in 0..<channels { target[channel] += source[channel] }
          }
        }
        guard !operation.isMaximum else { return }
        let share = 1 / Float(operation.places)
        for index in 0..<pooled.count { to[index] *= share }
      }
    }
    note(operation, [x], result)
    return result
  }

  func flattened(_ x: Tensor, _ operation: FlattenOperation) -> Tensor {
    let (width, order) = (x.width, operation.order)
    precondition(width == order.count, "\(x.shape) for \(operation)")
    let result = x.withUnsafeBuffer { x in
      Tensor(shape: [x.count / width, width], from: pool) { flat in
        for start in stride(from: 0, to: x.count, by: width) {
          for index in 0..<width { flat[start + index] = x[start + order[index]] }
        }
      }
    }
    note(operation, [x], result)
    return result
  }
}
