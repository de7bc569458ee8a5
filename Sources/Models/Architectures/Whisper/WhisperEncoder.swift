import Tensors

/// Whisper's encoder (Radford 2022).
///
/// ```
/// log-mel → convolution, gelu → convolution by 2, gelu → + sinusoids → N transformer blocks → norm
/// mel       conv.1              conv.2                   hidden.0      hidden.1 … hidden.N    final_norm
/// ```
struct WhisperEncoder: Sendable {
  var convolutions: [Convolution]  // [bands → width], [width → width] by 2
  /// `[positions × width]`; none where `rotary` tells positions.
  var positions: Tensor?
  var rotary: RotaryPositions?
  var blocks: [TransformerBlock]
  /// Whether each two frames are made one, their mean, before the norm.
  var pairs = false
  var norm: LayerNorm
  /// Behind the norm, in models of language that read sound.
  var output: Linear?  // [width → output width]

  /// `mel` is a whole window, `[2 · positions × bands]`, or less of one. Without `validFrames` nothing is masked: silence
  /// behind the sound is input like any other; else frames from there on get no attention.
  func forward(
    _ mel: Tensor, validFrames: Int? = nil, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    var hidden = mel
    for (number, convolution) in zip(1..., convolutions) {
      hidden = run.convolution(hidden, convolution, padding: 1)
      guard try visit("conv.\(number)", hidden) else { return }
    }

    if let positions { hidden = run.sum(hidden, positions.rows(0..<hidden.rows)) }
    hidden = run.dropped(hidden, "hidden.0")
    guard try visit("hidden.0", hidden) else { return }

    guard
      var last = try blocks.forward(
        hidden, validFrames: min(validFrames ?? hidden.rows, hidden.rows),
        rotation: rotary?.rotation(frames: hidden.rows, run), wanted: wanted, on: run, visit: visit)
    else { return }
    if pairs {
      // A frame without a second one, behind the last whole pair of a sound.
      guard last.rows > 1 else { return }
      last = run.pooled(last, .pairs(width: last.width))
    }
    last = norm(last, run)
    guard try visit("final_norm", last), let output else { return }
    _ = try visit("output", output(last, run))
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
    switch c.tower {
    case .glmASR(let rotary): self.rotary = rotary
    case .qwenOmni:
      // Not stored: they are the same for every model.
      positions = Initialisation.sinusoids.tensor([c.positions, c.width], name: "positions", seed: 0)
    default:
      positions = try reader.tensor(
        "encoder.embed_positions.weight", [c.positions, c.width], .sinusoids)
    }
    pairs = c.tower.averagesPairs
    blocks = try (0..<c.layers).map { layer in
      let name = "encoder.layers.\(layer)"
      return TransformerBlock(
        attention: try reader.whisperAttention(
          "\(name).self_attn", width: c.width, heads: c.heads, keyHeads: c.keyHeads, weight: drawn),
        attentionNorm: try reader.layerNorm("\(name).self_attn_layer_norm", c.width, epsilon: 1e-5),
        feedForward: FeedForward(
          up: try reader.linear("\(name).fc1", c.width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).fc2", c.innerWidth, c.width, weight: drawn),
          activation: c.activation),
        outputNorm: try reader.layerNorm("\(name).final_layer_norm", c.width, epsilon: 1e-5),
        normalisesFirst: true)
    }
    norm = try reader.layerNorm("encoder.layer_norm", c.width, epsilon: 1e-5)
    output = try c.outputWidth.map { try reader.linear("encoder.proj", c.width, $0, weight: drawn) }
  }
}

extension ParameterReader {
  /// Whisper's attention: its keys have no bias, which softmax would not see.
  mutating func whisperAttention(
    _ name: String, width: Int, heads: Int, keyHeads: Int? = nil, weight: Initialisation
  ) throws -> SelfAttention {
    let keys = keyHeads ?? heads
    return SelfAttention(
      query: try linear("\(name).q_proj", width, width, weight: weight),
      key: try linear("\(name).k_proj", width, width / heads * keys, weight: weight, bias: nil)
        .repeatingHeads(of: width / heads, heads / keys),
      value: try linear("\(name).v_proj", width, width / heads * keys, weight: weight)
        .repeatingHeads(of: width / heads, heads / keys),
      output: try linear("\(name).out_proj", width, width, weight: weight), heads: heads)
  }
}
