import Tensors

@testable import Attribution
@testable import Models

extension OperationCase {
  /// Convolutions over time and frequency with what goes with them, recurrent layers, and CLAP's pictures.
  static let grids: [OperationCase] =
    [
      OperationCase(
        name: "channel scale",
        operation: ChannelScaleOperation(factor: sines([3], step: 1.9), summand: sines([3], step: 0.4)),
        shapes: [[4, 6]]),
      OperationCase(
        name: "group norm",
        operation: GroupNormOperation(
          groups: 2, weight: sines([4], step: 1.9), bias: sines([4], step: 0.4), epsilon: 1e-5),
        shapes: [[5, 12]]),
      OperationCase(name: "unit length", operation: UnitLengthOperation(), shapes: [[3, 5]]),
      OperationCase(name: "tanh", operation: PointwiseOperation(function: .tanh), shapes: [[3, 5]]),
      OperationCase(name: "sigmoid", operation: PointwiseOperation(function: .sigmoid), shapes: [[3, 5]]),
      OperationCase(
        name: "leaky rectifier", operation: PointwiseOperation(function: .leakyRelu(slope: 0.2)),
        shapes: [[3, 5]]),
      OperationCase(
        name: "clamp", operation: PointwiseOperation(function: .clamp(-0.52...0.61)), shapes: [[3, 5]]),
      OperationCase(
        name: "activation as a layer", operation: PointwiseOperation(function: .activation(.gelu)),
        shapes: [[3, 5]]),
      pooling("max pooling", isMaximum: true), pooling("mean pooling", isMaximum: false),
      OperationCase(
        name: "flattening", operation: FlattenOperation(frequencies: 3, channels: 2), shapes: [[4, 6]]),
      convolution("convolution of a grid", groups: 1),
      convolution("convolution of a grid, groups", groups: 2),
      recurrent("LSTM", .lstm, directions: 1), recurrent("LSTM both ways", .lstm, directions: 2),
      recurrent("GRU", .gru, directions: 1), recurrent("GRU both ways", .gru, directions: 2),
      OperationCase(
        name: "picture", operation: PictureOperation(columns: 6, strips: 2), shapes: [[9, 3]]),
      OperationCase(
        name: "neighbours", operation: NeighbourOperation(height: 4, width: 2), shapes: [[8, 3]]),
      windowAttention("window attention", shift: 0), windowAttention("shifted window attention", shift: 1),
      OperationCase(
        name: "frames of strips",
        operation: FrameOperation(leading: 0, rows: 2, columns: 3, frames: 5, strips: 2), shapes: [[12, 3]]),
    ] + codecs

  private static let codecs: [OperationCase] =
    PaddingOperation.Filling.allCases.map { filling in
      OperationCase(
        name: "padding, \(filling)", operation: PaddingOperation(left: 3, right: 1, filling: filling),
        shapes: [[5, 2]])
    } + [
      OperationCase(
        name: "padding of fewer frames than it mirrors",
        operation: PaddingOperation(left: 4, right: 2, filling: .mirrored), shapes: [[3, 2]]),
      OperationCase(
        name: "exponential unit", operation: PointwiseOperation(function: .elu), shapes: [[3, 5]]),
      OperationCase(
        name: "snake", operation: SnakeOperation(alpha: sines([5], step: 1.3)), shapes: [[3, 5]]),
      OperationCase(name: "softmax", operation: SoftmaxOperation(), shapes: [[3, 5]]),
      OperationCase(name: "difference", operation: DifferenceOperation(), shapes: [[3, 4], [3, 4]]),
    ]

  private static func pooling(_ name: String, isMaximum: Bool) -> OperationCase {
    OperationCase(
      name: name,
      operation: GridPoolingOperation(
        isMaximum: isMaximum,
        walk: GridWalk(
          time: .init(kernel: 3, stride: 2, padding: 1), frequency: .init(kernel: 2, stride: 1)),
        frequencies: 4, channels: 2), shapes: [[7, 8]])
  }

  private static func convolution(_ name: String, groups: Int) -> OperationCase {
    OperationCase(
      name: name,
      operation: GridConvolutionOperation(
        layer: GridConvolution(
          weight: sines([6, 12 / groups], step: 1.1), bias: sines([6]), groups: groups,
          walk: GridWalk(
            time: .init(kernel: 3, stride: 2, padding: 1),
            frequency: .init(kernel: 2, padding: 1, dilation: 2))), frequencies: 5), shapes: [[7, 10]])
  }

  private static func recurrent(
    _ name: String, _ cell: RecurrentLayer.Cell, directions: Int
  ) -> OperationCase {
    let gates = cell.gates * 3
    return OperationCase(
      name: name,
      operation: RecurrentOperation(
        layer: RecurrentLayer(
          cell: cell,
          directions: (0..<directions).map { index in
            let step = 1.3 + 0.4 * Double(index)
            return RecurrentLayer.Direction(
              input: Linear(
                weight: sines([gates, 4], step: step), bias: sines([gates], step: step + 0.2)),
              recurrent: Linear(
                weight: sines([gates, 3], step: step + 0.7), bias: sines([gates], step: step + 0.5)))
          })), shapes: [[6, 4]])
  }

  private static func windowAttention(_ name: String, shift: Int) -> OperationCase {
    OperationCase(
      name: name,
      operation: WindowAttentionOperation(
        windows: TokenWindows(height: 4, width: 4, side: 2, shift: shift),
        bias: sines([2, 4, 4], step: 0.9)), shapes: [[16, 8], [16, 8], [16, 8]])
  }
}
