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

/// Zero mean and unit variance over all frames and frequencies of each group of channels, then a scale and a shift for
/// each channel (Wu & He 2018); input: `[frames × frequencies · channels]`.
package struct GroupNormOperation: LayerOperation {
  package let groups: Int
  package let weight: Tensor  // [channels]
  package let bias: Tensor  // [channels]
  package let epsilon: Float
  package var name: String { "group norm" }

  /// What is done to a group's values, before each channel's scale and shift.
  package var plain: LayerNorm { LayerNorm(weight: nil, bias: nil, epsilon: epsilon) }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.groupNorm(inputs[0], self)
  }
}

extension Evaluation {
  func groupNorm(_ x: Tensor, _ operation: GroupNormOperation) -> Tensor {
    let channels = operation.weight.count
    let size = channels / operation.groups
    let moments = x.withUnsafeBuffer { x in
      var sums = [Double](repeating: 0, count: channels)
      var squares = sums
      // Around the channel's first value, so that an offset costs no digits.
      for start in stride(from: 0, to: x.count, by: channels) {
        for channel in 0..<channels {
          let value = Double(x[start + channel]) - Double(x[channel / size * size])
          sums[channel] += value
          squares[channel] += value * value
        }
      }
      let count = Double(x.count / channels * size)
      return (0..<operation.groups).map { group -> (mean: Double, scale: Double) in
        let range = (group * size)..<((group + 1) * size)
        let mean = sums[range].reduce(0, +) / count
        let variance = max(0, squares[range].reduce(0, +) / count - mean * mean)
        return (
          mean + Double(x[group * size]), 1 / (variance + Double(operation.epsilon)).squareRoot()
        )
      }
    }
    let (weight, bias) = (operation.weight.values, operation.bias.values)
    let factors = (0..<channels).map { Float(Double(weight[$0]) * moments[$0 / size].scale) }
    let summands = (0..<channels).map {
      Float(Double(bias[$0]) - moments[$0 / size].mean * moments[$0 / size].scale * Double(weight[$0]))
    }
    let quiet = Evaluation(threads: threads, pool: pool)
    let result = quiet.scaled(
      x,
      ChannelScaleOperation(
        factor: Tensor(factors, shape: [channels]), summand: Tensor(summands, shape: [channels])))
    note(operation, [x], result)
    return result
  }
}
