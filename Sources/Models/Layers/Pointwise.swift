import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A function of each value by itself; input: any.
package struct PointwiseOperation: LayerOperation {
  package enum Function: Sendable, Equatable {
    case activation(Activation)
    case tanh, sigmoid
    /// `slope·x` below zero.
    case leakyRelu(slope: Float)
    /// x held between two values: deep speech's clipped rectifier among them.
    case clamp(ClosedRange<Float>)
    /// `eˣ − 1` below zero (Clevert 2015).
    case elu
    /// `asinh(scale·x)`: linear near zero, a logarithm far from it.
    case asinh(scale: Float)
  }

  package let function: Function
  package var name: String { "activation" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.pointwise(inputs[0], function)
  }
}

extension PointwiseOperation.Function {
  func apply(to x: UnsafeMutableBufferPointer<Float>) {
    switch self {
    case .activation(let activation): activation.apply(to: x)
    case .tanh: Elementwise.tanh(x)
    case .sigmoid: Elementwise.sigmoid(x)
    case .leakyRelu(let slope):
      for index in x.indices { x[index] = x[index] > 0 ? x[index] : slope * x[index] }
    case .clamp(let range):
      for index in x.indices { x[index] = min(max(x[index], range.lowerBound), range.upperBound) }
    case .asinh(let scale):
      for index in x.indices { x[index] = asinhf(scale * x[index]) }
    case .elu:
      for index in x.indices where x[index] < 0 { x[index] = expm1(x[index]) }
    }
  }
}

extension Evaluation {
  func pointwise(_ x: Tensor, _ function: PointwiseOperation.Function) -> Tensor {
    let result = x.withUnsafeBuffer { x in
      Tensor(shape: [x.count], from: pool) { result in
        _ = result.update(from: x)
        function.apply(to: result)
      }
    }.reshaped(x.shape)
    note(PointwiseOperation(function: function), [x], result)
    return result
  }
}
