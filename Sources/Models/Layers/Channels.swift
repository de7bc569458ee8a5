import Tensors

/// A factor and a summand for each channel, which is what a batch norm is once it has been trained; input:
/// `[… × channels]`.
package struct ChannelScaleOperation: LayerOperation {
  package let factor: Tensor  // [channels]
  package let summand: Tensor  // [channels]
  package var name: String { "batch norm" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.scaled(inputs[0], self)
  }
}

/// Each row at length 1; input: `[rows × width]`.
package struct UnitLengthOperation: LayerOperation {
  package var name: String { "unit length" }

  /// What stands in for the length of a row of zeros.
  package static let shortest: Float = 1e-12

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.atUnitLength(inputs[0])
  }
}

extension Evaluation {
  func scaled(_ x: Tensor, _ operation: ChannelScaleOperation) -> Tensor {
    let channels = operation.factor.count
    precondition(x.count % channels == 0, "\(x.shape) for \(channels) channels")
    let result = x.withUnsafeBuffer { x in
      operation.factor.withUnsafeBuffer { factor in
        operation.summand.withUnsafeBuffer { summand in
          Tensor(shape: [x.count], from: pool) { result in
            for start in stride(from: 0, to: x.count, by: channels) {
              for channel in 0..<channels {
                result[start + channel] = x[start + channel] * factor[channel] + summand[channel]
              }
            }
          }
        }
      }
    }.reshaped(x.shape)
    note(operation, [x], result)
    return result
  }

  func atUnitLength(_ x: Tensor) -> Tensor {
    let width = x.width
    let result = x.withUnsafeBuffer { x in
      Tensor(shape: [x.count], from: pool) { result in
        for start in stride(from: 0, to: x.count, by: width) {
          let row = start..<(start + width)
          let square = row.reduce(0.0) { $0 + Double(x[$1]) * Double(x[$1]) }
          let length = max(Float(square.squareRoot()), UnitLengthOperation.shortest)
          for index in row { result[index] = x[index] / length }
        }
      }
    }.reshaped(x.shape)
    note(UnitLengthOperation(), [x], result)
    return result
  }
}
