import Tensors

/// Whisper's encoder (Radford 2022).
///
/// ```
/// log-mel → convolution, gelu → convolution by 2, gelu → + sinusoids → N transformer blocks → norm
/// mel       conv.1              conv.2                   hidden.0      hidden.1 … hidden.N    final_norm
/// ```
struct WhisperEncoder: Sendable {
  var convolutions: [Convolution]  // [bands → width], [width → width] by 2
  var positions: Tensor  // [positions × width]
  var blocks: [TransformerBlock]
  var norm: LayerNorm

  /// `mel` is a whole window, `[2 · positions × bands]`. Nothing is masked: silence behind the sound is input like
  /// any other.
  func forward(
    _ mel: Tensor, wanted: Set<String>, on run: Evaluation, visit: (String, Tensor) throws -> Bool
  ) throws {
    var hidden = mel
    for (number, convolution) in zip(1..., convolutions) {
      hidden = run.convolution(hidden, convolution, padding: 1)
      guard try visit("conv.\(number)", hidden) else { return }
    }

    hidden = run.sum(hidden, positions)
    guard try visit("hidden.0", hidden) else { return }

    for (number, block) in zip(1..., blocks) {
      var weights = wanted.contains("attention.\(number)") ? Tensor(repeating: 0, shape: [0]) : nil
      hidden = block(hidden, validFrames: hidden.rows, bias: nil, weights: &weights, run)
      if let weights, try !visit("attention.\(number)", weights) { return }
      guard try visit("hidden.\(number)", hidden) else { return }
    }
    _ = try visit("final_norm", norm(hidden, run))
  }
}

// MARK: - Parameters

extension WhisperEncoder {
  init(_ c: WhisperConfiguration, from reader: inout ParameterReader) throws {
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    convolutions = try [(inputs: c.bands, stride: 1), (inputs: c.width, stride: 2)].enumerated().map {
      index, layer in
      let name = "encoder.conv\(index + 1)"
      return Convolution(
        weight: try reader.taps("\(name).weight", [c.width, layer.inputs, 3], drawn),
        bias: try reader.tensor("\(name).bias", [c.width], .zeros), norm: .none, activation: .gelu,
        inputs: layer.inputs, kernel: 3, stride: layer.stride)
    }
    positions = try reader.tensor(
      "encoder.embed_positions.weight", [c.positions, c.width], .sinusoids)
    blocks = try (0..<c.layers).map { layer in
      let name = "encoder.layers.\(layer)"
      return TransformerBlock(
        attention: try reader.whisperAttention(
          "\(name).self_attn", width: c.width, heads: c.heads, weight: drawn),
        attentionNorm: try reader.layerNorm("\(name).self_attn_layer_norm", c.width, epsilon: 1e-5),
        feedForward: FeedForward(
          up: try reader.linear("\(name).fc1", c.width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).fc2", c.innerWidth, c.width, weight: drawn),
          activation: c.activation),
        outputNorm: try reader.layerNorm("\(name).final_layer_norm", c.width, epsilon: 1e-5),
        normalisesFirst: true)
    }
    norm = try reader.layerNorm("encoder.layer_norm", c.width, epsilon: 1e-5)
  }
}

extension ParameterReader {
  /// Whisper's attention: its keys have no bias, which softmax would not see.
  mutating func whisperAttention(
    _ name: String, width: Int, heads: Int, weight: Initialisation
  ) throws -> SelfAttention {
    SelfAttention(
      query: try linear("\(name).q_proj", width, width, weight: weight),
      key: try linear("\(name).k_proj", width, width, weight: weight, bias: nil),
      value: try linear("\(name).v_proj", width, width, weight: weight),
      output: try linear("\(name).out_proj", width, width, weight: weight), heads: heads)
  }
}
