import Tensors

// The family's parameters: under which name each lies in a checkpoint (transformers' names, without the model's
// prefix), which shape it has, and how it starts before training.

extension Wav2Vec2 {
  init(_ c: Wav2Vec2Configuration, from reader: inout ParameterReader) throws {
    // HuBERT starts its projection as any linear layer and all biases at zero; the others draw them.
    let isHubert = c.family == .hubert
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    let channels = c.channels.last ?? 0
    let epsilon = Float(c.epsilon)

    configuration = c
    features = try FeatureEncoder(c, from: &reader)
    featureNorm =
      c.projectionNorm
      ? try reader.layerNorm("feature_projection.layer_norm", channels, epsilon: epsilon) : nil
    projection = try reader.linear(
      "feature_projection.projection", channels, c.width,
      weight: isHubert ? drawn : .uniform(inputs: channels),
      bias: isHubert ? .zeros : .uniform(inputs: channels))
    // A model that only runs has no use for it.
    maskVector =
      reader.isTraining && reader.has("masked_spec_embed")
      ? try reader.tensor("masked_spec_embed", [c.width], .zeros) : nil
    positions = try (0..<c.positionalLayers).map { layer in
      try Self.positionalConvolution(layer, c, &reader)
    }
    norm = try reader.layerNorm("encoder.layer_norm", c.width, epsilon: epsilon)
    blocks = try (0..<c.layers).map { layer in
      try reader.wav2vec2Block("encoder.layers.\(layer)", c, weight: drawn)
    }
    distances = try c.buckets.map { buckets in
      try reader.tensor(
        "encoder.layers.0.attention.rel_attn_embed.weight", [buckets, c.heads], .normal(deviation: 1))
    }
    distanceKeys = try c.keyDistance.map { reach in
      let table = try reader.tensor(
        "encoder.embed_positions.pe_k.weight", [2 * reach, c.width / c.heads], .normal(deviation: 1))
      // Its rows count from key to query, ours from query to key.
      return RelativeKeys(
        table: table.count == 0 ? table : table.selectingRows((0..<(2 * reach)).reversed()),
        first: 1 - reach)
    }
    head = try c.symbols.map { try reader.linear("lm_head", c.width, $0, weight: drawn) }
    parameters = reader.count
  }

  private static func positionalConvolution(
    _ layer: Int, _ c: Wav2Vec2Configuration, _ reader: inout ParameterReader
  ) throws -> PositionalConvolution {
    let channels = c.width / c.positionalGroups
    let shape = [c.width, channels, c.positionalKernel]
    var scale: (factor: Tensor, summand: Tensor)?
    let weight: Tensor
    let name: String
    if c.family == .data2vec {
      name = "encoder.pos_conv_embed.layers.\(layer).conv"
      weight = try reader.tensor("\(name).weight", shape, .kaiming(inputs: channels * c.positionalKernel))
    } else if c.positionalBatchNorm {
      name = "encoder.pos_conv_embed.conv"
      weight = try reader.tensor("\(name).weight", shape, .kaiming(inputs: channels * c.positionalKernel))
      scale = try reader.batchNorm("encoder.pos_conv_embed.batch_norm", c.width)
    } else {
      name = "encoder.pos_conv_embed.conv"
      weight = try reader.weightNormed(
        name, shape,
        .normal(deviation: 2 * (1 / Double(c.positionalKernel * c.width)).squareRoot()))
    }
    return PositionalConvolution(
      weight: weight, bias: try reader.tensor("\(name).bias", [c.width], .zeros),
      groups: c.positionalGroups,
      inputScale: scale, norm: c.family == .data2vec ? LayerNorm(epsilon: 1e-5) : nil,
      activation: c.featureActivation, keepsWeight: reader.isTraining)
  }

  /// What a checkpoint may hold beside the model itself: heads for other tasks and what only training needs.
  static let leftovers = [
    "lm_head", "quantizer", "project_q", "project_hid", "masked_spec_embed", "projector", "classifier",
    "layer_weights", "tdnn", "objective", "adapter", "ctc_proj", "label_embeddings_concat", "speaker_proj",
    "mask_generator", "encoder.prenet", "decoder", "text_decoder_postnet", "speech_decoder_postnet",
    "encoder.text_encoder_prenet",
    "mask_generator", "logit_generator", "masker", "final_target_proj", "final_proj", "label_embs_concat",
    "target_glu",
    "_ema",
    "encoder.pos_conv_embed.batch_norm.num_batches_tracked",
  ]
}

extension FeatureEncoder {
  init(_ c: Wav2Vec2Configuration, from reader: inout ParameterReader) throws {
    layers = try c.channels.indices.map { try Self.convolution($0, c, &reader) }
  }

  private static func convolution(
    _ layer: Int, _ c: Wav2Vec2Configuration, _ reader: inout ParameterReader
  ) throws -> Convolution {
    let name = "feature_extractor.conv_layers.\(layer)"
    let (inputs, outputs) = (layer == 0 ? 1 : c.channels[layer - 1], c.channels[layer])
    let depth = inputs * c.kernels[layer]
    let weight = try reader.taps(
      "\(name).conv.weight", [outputs, inputs, c.kernels[layer]], .kaiming(inputs: depth))
    let bias =
      c.convolutionBias
      ? try reader.tensor(
        "\(name).conv.bias", [outputs], c.family == .hubert ? .zeros : .uniform(inputs: depth))
      : Tensor(shape: [outputs])
    let norm: Convolution.Norm =
      switch (c.featureNorm, layer) {
      case (.group, 0): .time(try reader.layerNorm("\(name).layer_norm", outputs, epsilon: 1e-5))
      case (.group, _): .none
      case (.layer, _): .channels(try reader.layerNorm("\(name).layer_norm", outputs, epsilon: 1e-5))
      }
    return Convolution(
      weight: weight, bias: bias, norm: norm, activation: c.featureActivation, inputs: inputs,
      kernel: c.kernels[layer], stride: c.strides[layer])
  }
}

extension ParameterReader {
  /// A block of the family.
  mutating func wav2vec2Block(
    _ name: String, _ c: Wav2Vec2Configuration, weight drawn: Initialisation
  ) throws -> TransformerBlock {
    let epsilon = Float(c.epsilon)
    let projections = try self.projections("\(name).attention", c.width, weight: drawn)
    return TransformerBlock(
      attention: SelfAttention(
        query: projections[0], key: projections[1], value: projections[2],
        output: try linear("\(name).attention.out_proj", c.width, c.width, weight: drawn),
        heads: c.heads,
        gate: c.buckets == nil
          ? nil
          : PositionGate(
            projection: try linear(
              "\(name).attention.gru_rel_pos_linear", c.width / c.heads, 8, weight: drawn),
            constant: try tensor("\(name).attention.gru_rel_pos_const", [1, c.heads, 1, 1], .ones))),
      attentionNorm: try layerNorm("\(name).layer_norm", c.width, epsilon: epsilon),
      feedForward: FeedForward(
        up: try linear("\(name).feed_forward.intermediate_dense", c.width, c.innerWidth, weight: drawn),
        down: try linear("\(name).feed_forward.output_dense", c.innerWidth, c.width, weight: drawn),
        activation: c.activation),
      outputNorm: try layerNorm("\(name).final_layer_norm", c.width, epsilon: epsilon),
      normalisesFirst: c.normalisesFirst,
      adapter: try c.adapterWidth.map { inner in
        BlockAdapter(
          norm: try layerNorm("\(name).adapter_layer.norm", c.width, epsilon: 1e-5),
          network: FeedForward(
            up: try linear("\(name).adapter_layer.linear_1", c.width, inner, weight: drawn),
            down: try linear("\(name).adapter_layer.linear_2", inner, c.width, weight: drawn),
            activation: .relu))
      },
      besideAttention: try sideNetwork("\(name).beside_attention", c.width),
      besideFeedForward: try sideNetwork("\(name).beside_feed_forward", c.width))
  }

  /// Queries, keys and values from layers of their own, or from PyTorch's one matrix of all three below each other.
  private mutating func projections(
    _ name: String, _ width: Int, weight: Initialisation
  ) throws -> [Linear] {
    guard has("\(name).in_proj_weight") else {
      return try ["q_proj", "k_proj", "v_proj"].map { part in
        try linear("\(name).\(part)", width, width, weight: weight)
      }
    }
    return try fused(
      "\(name).in_proj_weight", "\(name).in_proj_bias", width, [width, width, width], weight: weight)
  }

  /// Layers whose weights lie below each other in one matrix.
  mutating func fused(
    _ weightName: String, _ biasName: String?, _ inputs: Int, _ outputs: [Int], weight: Initialisation
  ) throws -> [Linear] {
    let total = outputs.reduce(0, +)
    let weights = try tensor(weightName, [total, inputs], weight)
    let biases = try biasName.map { try tensor($0, [total], .zeros) }
    guard weights.count == total * inputs, biases.map({ $0.count == total }) ?? true else {
      return outputs.map { _ in Linear(weight: Tensor(shape: [0]), bias: Tensor(shape: [0])) }
    }
    var start = 0
    return outputs.map { count in
      defer { start += count }
      let bias = biases.map { Array($0.values[start..<(start + count)]) }
      return Linear(
        weight: weights.rows(start..<(start + count)),
        bias: bias.map { Tensor($0, shape: [count]) } ?? Tensor(shape: [count]))
    }
  }
}
