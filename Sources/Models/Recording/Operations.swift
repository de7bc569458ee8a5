import Tensors

/// `activation(x·Wᵀ + b) + residual`; inputs: x and, where there is one, the residual.
package struct LinearOperation: LayerOperation {
  package let layer: Linear
  package let activation: Activation?
  package var name: String { "linear layer" }
  package var parameters: [Tensor] { [layer.weight, layer.bias] }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.linear(inputs[0], layer, activation, adding: inputs.dropFirst().first)
  }

  /// The layer and its nonlinearity as two operations; nil without one.
  package var parts: (layer: LinearOperation, activation: PointwiseOperation)? {
    activation.map {
      (LinearOperation(layer: layer, activation: nil), PointwiseOperation(function: .activation($0)))
    }
  }
}

/// Layer norm of each row; input: x.
package struct NormOperation: LayerOperation {
  package let layer: LayerNorm
  package var name: String { "layer norm" }
  package var parameters: [Tensor] { layer.parameters }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.norm(inputs[0], layer)
  }
}

/// The sum of two tensors.
package struct SumOperation: LayerOperation {
  package var name: String { "sum" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.sum(inputs[0], inputs[1])
  }
}

/// Softmax attention; inputs: q, k, v and, where there is a gated bias, its gates `[heads × frames]`.
package struct AttentionOperation: LayerOperation {
  package let heads: Int
  package let validFrames: Int
  package let reach: AttentionReach
  package let bias: PositionBias?
  package var name: String { "attention" }
  package var parameters: [Tensor] { bias.map { [$0.embedding] } ?? [] }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    var weights: Tensor?
    return run.attention(
      inputs[0], inputs[1], inputs[2], heads: heads, validFrames: validFrames, reach: reach,
      gated: bias.map { (bias: $0, gates: inputs[3]) }, weights: &weights)
  }
}

/// From the gate's eight values a head and frame to the share of the position bias that is let in.
package struct PositionGateOperation: LayerOperation {
  package let constant: Tensor  // [heads]
  package let frames: Int
  package var name: String { "position gate" }
  package var parameters: [Tensor] { [constant] }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    PositionGate.gates(of: inputs[0], constant: constant, frames: frames, run)
  }
}

/// A convolution over time with its norm and activation; input: `[frames × channels]`, or samples.
package struct ConvolutionOperation: LayerOperation {
  package let layer: Convolution
  /// Frames of zeros at both ends.
  package let padding: Int
  /// Input frames before the padding: a norm over time is taken from what they make.
  package let validFrames: Int
  package var name: String { "convolution" }
  package var parameters: [Tensor] { [layer.weight, layer.bias] + (layer.norm.layer?.parameters ?? []) }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    var layer = layer
    if case .time(let norm) = layer.norm {
      layer = layer.folding(norm, over: inputs[0].values.prefix(validFrames))
    }
    return run.convolution(inputs[0], layer, padding: padding)
  }
}

/// The positional convolution with its norm and activation; input: `[frames × width]`.
package struct PositionalConvolutionOperation: LayerOperation {
  package let layer: PositionalConvolution
  package let validFrames: Int
  package var name: String { "positional convolution" }
  package var parameters: [Tensor] {
    (layer.weight.map { [$0] } ?? []) + [layer.bias] + (layer.norm?.parameters ?? [])
  }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    layer(inputs[0], validFrames: validFrames, run)
  }
}
