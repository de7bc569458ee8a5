import Tensors

/// A block of a conformer (Gulati 2020): half a feed-forward step, attention, a convolution of each channel by itself,
/// and the other half, each with a residual; a norm ends it.
struct ConformerBlock: Sendable {
  var firstNorm: LayerNorm
  var first: FeedForward
  var attentionNorm: LayerNorm
  var attention: ConformerAttention
  var convolution: ConvolutionModule
  var secondNorm: LayerNorm
  var second: FeedForward
  var norm: LayerNorm

  /// `[frames × width]` to the same; for the rest see `ConformerAttention`.
  func callAsFunction(
    _ x: Tensor, signal: Tensor?, validFrames: Int, weights: inout Tensor?, _ run: Evaluation
  ) -> Tensor {
    let fed = run.halfStep(from: x, by: first(firstNorm(x, run), run))
    let attended = attention(
      attentionNorm(fed, run), adding: fed, signal: signal, validFrames: validFrames, weights: &weights, run
    )
    let convolved = convolution(attended, validFrames: validFrames, run)
    return norm(run.halfStep(from: convolved, by: second(secondNorm(convolved, run), run)), run)
  }
}

/// The convolution of a conformer: `x + output(activation(norm(depthwise(glu(gate(norm(x)))))))`.
struct ConvolutionModule: Sendable {
  var norm: LayerNorm
  var gate: Linear  // [width → 2 · width]
  var depthwise: DepthwiseConvolution
  var output: Linear

  func callAsFunction(_ x: Tensor, validFrames: Int, _ run: Evaluation) -> Tensor {
    let gated = run.gated(gate(norm(x, run), run))
    return output(depthwise(gated, validFrames: validFrames, run), run, adding: x)
  }
}

/// A convolution over time of each channel by itself, padded with zeros to keep the number of frames, with the norm and
/// the activation behind it.
package struct DepthwiseConvolution: Sendable {
  package let weight: Tensor  // [kernel × width]
  package let bias: Tensor  // [width]
  /// Frames of zeros in front: half the kernel, or all but one of it where no frame may see a later one.
  package let padding: Int
  package let norm: LayerNorm?
  package let activation: Activation

  /// `[frames × width]` to the same; frames from `validFrames` on are padding and count as zero.
  func callAsFunction(_ x: Tensor, validFrames: Int, _ run: Evaluation) -> Tensor {
    run.depthwiseConvolution(x, self, validFrames: validFrames)
  }

  /// `weight` is `[width × 1 × kernel]`; a batch norm behind it is taken in.
  init(
    weight: Tensor, bias: Tensor?, batchNorm: (factor: Tensor, summand: Tensor)?, norm: LayerNorm?,
    padding: Int, activation: Activation
  ) {
    (self.padding, self.norm, self.activation) = (padding, norm, activation)
    // What could not be read stays empty; who reads it says so.
    let width = weight.shape.count == 3 ? weight.shape[0] : 0
    guard weight.count > 0, bias.map({ $0.count == width }) ?? true,
      batchNorm.map({ $0.factor.count == width && $0.summand.count == width }) ?? true
    else {
      (self.weight, self.bias) = (Tensor(shape: [0]), Tensor(shape: [0]))
      return
    }
    let kernel = weight.shape[2]
    let (taps, biases) = (weight.values, bias?.values)
    let (factors, summands) = (batchNorm?.factor.values, batchNorm?.summand.values)
    self.weight = Tensor(shape: [kernel, width]) { rows in
      for channel in 0..<width {
        for tap in 0..<kernel {
          rows[tap * width + channel] = taps[channel * kernel + tap] * (factors?[channel] ?? 1)
        }
      }
    }
    self.bias = Tensor(shape: [width]) { bias in
      for channel in 0..<width {
        bias[channel] = (biases?[channel] ?? 0) * (factors?[channel] ?? 1) + (summands?[channel] ?? 0)
      }
    }
  }
}
