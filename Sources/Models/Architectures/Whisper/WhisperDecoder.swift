import Tensors

/// Whisper's decoder (Radford 2022) on given tokens ("teacher-forced"): each token attends to those before it and to
/// all frames of the encoder.
///
/// ```
/// tokens → embeddings + positions → M blocks                          → norm                → embeddings, transposed
///          decoder.hidden.0         decoder.hidden.1 … decoder.hidden.M decoder.final_norm    logits
/// ```
struct WhisperDecoder: Sendable {
  var embeddings: Tensor  // [vocabulary × width]
  var positions: Tensor  // [longest text × width]
  var blocks: [DecoderBlock]
  var norm: LayerNorm
  var head: Linear  // [width → vocabulary]; as a rule the embeddings

  /// `states` are the encoder's last, `[frames × width]`, silence and all. Values are `[tokens × width]`, attention
  /// `[heads × tokens × tokens]`, cross-attention `[heads × tokens × frames]`.
  func forward(
    _ tokens: [Int], over states: Tensor, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let embedded = embeddings.selectingRows(tokens)
    run.recorder?.declare(embedded, as: .input("tokens"))
    var hidden = run.sum(embedded, positions.rows(0..<tokens.count))
    guard try visit("decoder.hidden.0", hidden) else { return }

    for (number, block) in zip(1..., blocks) {
      var weights = [block.attentionName(number), block.crossAttentionName(number)].map {
        wanted.contains($0) ? Tensor(shape: [0]) : nil
      }
      hidden = block(hidden, over: states, weights: &weights, run)
      if let own = weights[0], try !visit(block.attentionName(number), own) { return }
      if let cross = weights[1], try !visit(block.crossAttentionName(number), cross) { return }
      guard try visit("decoder.hidden.\(number)", hidden) else { return }
    }
    hidden = norm(hidden, run)
    guard try visit("decoder.final_norm", hidden) else { return }
    _ = try visit("logits", head(hidden, run))
  }
}

/// A block of a decoder: attention of tokens to those before them, of tokens to the encoder's frames, and a
/// feed-forward network, each behind a norm and with a residual.
struct DecoderBlock: Sendable {
  var attention: SelfAttention
  var attentionNorm: LayerNorm
  var crossAttention: SelfAttention
  var crossNorm: LayerNorm
  var feedForward: FeedForward
  var outputNorm: LayerNorm

  func attentionName(_ number: Int) -> String { "decoder.attention.\(number)" }
  func crossAttentionName(_ number: Int) -> String { "decoder.cross_attention.\(number)" }

  /// `[tokens × width]` to the same; `weights` are those of both attentions, see `SelfAttention`.
  func callAsFunction(
    _ x: Tensor, over states: Tensor, weights: inout [Tensor?], _ run: Evaluation
  ) -> Tensor {
    let y = attention.causal(attentionNorm(x, run), adding: x, weights: &weights[0], run)
    let z = crossAttention.crossing(
      crossNorm(y, run), over: states, adding: y, weights: &weights[1], run)
    return feedForward(outputNorm(z, run), adding: z, run)
  }
}

// MARK: - Parameters

extension WhisperDecoder {
  init(_ c: WhisperConfiguration.Decoder, _ whole: WhisperConfiguration, from reader: inout ParameterReader)
    throws
  {
    let (width, drawn) = (whole.width, Initialisation.normal(deviation: whole.initialDeviation))
    embeddings = try reader.tensor(
      "decoder.embed_tokens.weight", [c.vocabulary, width],
      .embedding(deviation: whole.initialDeviation, zeroRow: c.padding))
    positions = try reader.tensor("decoder.embed_positions.weight", [c.positions, width], drawn)
    blocks = try (0..<c.layers).map { layer in
      let name = "decoder.layers.\(layer)"
      return DecoderBlock(
        attention: try reader.whisperAttention(
          "\(name).self_attn", width: width, heads: c.heads, weight: drawn),
        attentionNorm: try reader.layerNorm("\(name).self_attn_layer_norm", width, epsilon: 1e-5),
        crossAttention: try reader.whisperAttention(
          "\(name).encoder_attn", width: width, heads: c.heads, weight: drawn),
        crossNorm: try reader.layerNorm("\(name).encoder_attn_layer_norm", width, epsilon: 1e-5),
        feedForward: FeedForward(
          up: try reader.linear("\(name).fc1", width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).fc2", c.innerWidth, width, weight: drawn),
          activation: whole.activation),
        outputNorm: try reader.layerNorm("\(name).final_layer_norm", width, epsilon: 1e-5))
    }
    norm = try reader.layerNorm("decoder.layer_norm", width, epsilon: 1e-5)
    head = Linear(
      weight: c.isTied ? embeddings : try reader.tensor("proj_out.weight", [c.vocabulary, width], drawn),
      bias: Tensor(shape: [c.vocabulary]))
  }
}
