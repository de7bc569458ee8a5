import Tensors

/// Two linear layers with a nonlinearity between them.
struct FeedForward: Sendable {
  var up: Linear  // [width → inner]
  var down: Linear  // [inner → width]
  var activation: Activation

  func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil, _ run: Evaluation) -> Tensor {
    down(up(x, run, activation), run, adding: residual)
  }
}

/// A narrow network behind a block, trained for one language while the rest stays as it is (MMS, Pratap 2023).
struct BlockAdapter: Sendable {
  var norm: LayerNorm
  var network: FeedForward  // [width → a few → width]

  func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor { network(norm(x, run), adding: x, run) }
}

/// Attention over all frames, then a feed-forward network on each, each with a residual and a norm.
struct TransformerBlock: Sendable {
  var attention: SelfAttention
  var attentionNorm: LayerNorm
  var feedForward: FeedForward
  var outputNorm: LayerNorm
  /// Whether a norm comes before its sublayer ("stable layer norm") or after the residual's sum.
  var normalisesFirst: Bool
  /// After the block, where it normalises first.
  var adapter: BlockAdapter?

  /// `[frames × width]` to the same; see `SelfAttention` for the rest.
  func callAsFunction(
    _ x: Tensor, validFrames: Int, bias: PositionBias?, weights: inout Tensor?, _ run: Evaluation
  ) -> Tensor {
    if normalisesFirst {
      let y = attention(
        attentionNorm(x, run), adding: x, validFrames: validFrames, bias: bias, weights: &weights, run)
      let z = feedForward(outputNorm(y, run), adding: y, run)
      return adapter?(z, run) ?? z
    }
    let y = attentionNorm(
      attention(x, adding: x, validFrames: validFrames, bias: bias, weights: &weights, run), run)
    return outputNorm(feedForward(y, adding: y, run), run)
  }
}
