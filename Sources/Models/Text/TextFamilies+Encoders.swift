import Checkpoints
import Tensors

// Encoders of text, each with its settings' and parameters' names, which are transformers'.

extension TextTransformer {
  static let families: [TextFamily] = [
    .distilBERT, .electra, .mpnet, .albert, .debertaV2, .modernBERT, .t5, .gpt2, .llama,
  ]
}

extension ConfigurationReader {
  /// The settings that most families call alike.
  func readGeneral(_ c: inout TextTransformerConfiguration) throws {
    let extent = 1...65_536
    c.vocabulary = try integer("vocab_size", 1...(1 << 24), default: c.vocabulary)
    c.positions = try integer("max_position_embeddings", 1...(1 << 24), default: c.positions)
    c.width = try integer("hidden_size", extent, default: c.width)
    c.embeddingWidth = c.width
    c.innerWidth = try integer("intermediate_size", 1...262_144, default: c.innerWidth)
    c.layers = try integer("num_hidden_layers", 1...512, default: c.layers)
    c.heads = try integer("num_attention_heads", 1...1024, default: c.heads)
    c.keyHeads = c.heads
    c.headSize = max(1, c.width / c.heads)
    c.tokenTypes = try integer("type_vocab_size", 0...1024, default: 2)
    c.initialDeviation = try number("initializer_range", 0...10, default: c.initialDeviation)
    for key in ["is_decoder", "add_cross_attention"] where try bool(key, default: false) {
      guard c.isCausal else {
        throw ModelError.configuration(
          path: path, key: key, found: "true", expected: "false: only its encoder is read here")
      }
    }
  }

  func activation(_ key: String, default fallback: String) throws -> Activation {
    try choice(key, default: fallback, Activation.knownNames, Activation.init(named:))
  }
}

extension ParameterReader {
  /// A block with BERT's order of layers under other names: `parts` are those of query, key, value, output, the norm
  /// behind attention, the two feed-forward layers and the last norm.
  fileprivate mutating func bertBlock(
    _ name: String, _ c: TextTransformerConfiguration, parts: [String]
  ) throws -> TransformerBlock {
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    func layer(_ part: Int, _ inputs: Int, _ outputs: Int) throws -> Linear {
      try linear("\(name).\(parts[part])", inputs, outputs, weight: drawn)
    }
    func norm(_ part: Int) throws -> LayerNorm {
      try layerNorm("\(name).\(parts[part])", c.width, epsilon: Float(c.epsilon))
    }
    return TransformerBlock(
      attention: SelfAttention(
        query: try layer(0, c.width, c.width), key: try layer(1, c.width, c.width),
        value: try layer(2, c.width, c.width), output: try layer(3, c.width, c.width), heads: c.heads),
      attentionNorm: try norm(4),
      feedForward: FeedForward(
        up: try layer(5, c.width, c.innerWidth), down: try layer(6, c.innerWidth, c.width),
        activation: c.activation),
      outputNorm: try norm(7), normalisesFirst: false)
  }

  /// A table of embeddings.
  fileprivate mutating func table(
    _ name: String, _ rows: Int, _ width: Int, _ c: TextTransformerConfiguration
  ) throws -> Tensor {
    try tensor("\(name).weight", [rows, width], .normal(deviation: c.initialDeviation))
  }
}

extension TextFamily {
  static let distilBERT = TextFamily(
    modelTypes: ["distilbert"], anchor: "embeddings.word_embeddings.weight",
    configure: { c, reader in
      let extent = 1...65_536
      try reader.readGeneral(&c)
      c.width = try reader.integer("dim", extent, default: 768)
      c.embeddingWidth = c.width
      c.innerWidth = try reader.integer("hidden_dim", 1...262_144, default: 3072)
      c.layers = try reader.integer("n_layers", 1...512, default: 6)
      c.heads = try reader.integer("n_heads", 1...1024, default: 12)
      (c.keyHeads, c.headSize) = (c.heads, max(1, c.width / c.heads))
      c.activation = try reader.activation("activation", default: "gelu")
    },
    make: { c, reader in
      TextTransformer(
        configuration: c, words: try reader.table("embeddings.word_embeddings", c.vocabulary, c.width, c),
        positions: try reader.table("embeddings.position_embeddings", c.positions, c.width, c),
        embeddingNorm: try reader.layerNorm("embeddings.LayerNorm", c.width, epsilon: Float(c.epsilon)),
        blocks: try (0..<c.layers).map { layer in
          try reader.bertBlock(
            "transformer.layer.\(layer)", c,
            parts: [
              "attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "sa_layer_norm",
              "ffn.lin1", "ffn.lin2", "output_layer_norm",
            ])
        }, parameters: reader.count)
    },
    leftovers: [
      "vocab_transform", "vocab_layer_norm", "vocab_projector", "pre_classifier", "classifier",
      "qa_outputs", "embeddings.position_ids",
    ])

  static let electra = TextFamily(
    modelTypes: ["electra"], anchor: "embeddings.word_embeddings.weight",
    configure: { c, reader in
      (c.width, c.innerWidth, c.heads) = (256, 1024, 4)
      try reader.readGeneral(&c)
      c.embeddingWidth = try reader.integer("embedding_size", 1...65_536, default: 128)
      c.activation = try reader.activation("hidden_act", default: "gelu")
      c.epsilon = try reader.number("layer_norm_eps", 0...1, default: c.epsilon)
    },
    make: { c, reader in
      return TextTransformer(
        configuration: c,
        words: try reader.table("embeddings.word_embeddings", c.vocabulary, c.embeddingWidth, c),
        positions: try reader.table("embeddings.position_embeddings", c.positions, c.embeddingWidth, c),
        types: try reader.table("embeddings.token_type_embeddings", c.tokenTypes, c.embeddingWidth, c),
        embeddingNorm: try reader.layerNorm(
          "embeddings.LayerNorm", c.embeddingWidth, epsilon: Float(c.epsilon)),
        embeddingProjection: c.embeddingWidth == c.width
          ? nil
          : try reader.linear(
            "embeddings_project", c.embeddingWidth, c.width,
            weight: .normal(deviation: c.initialDeviation)),
        blocks: try (0..<c.layers).map { layer in
          try reader.bertBlock(
            "encoder.layer.\(layer)", c,
            parts: [
              "attention.self.query", "attention.self.key", "attention.self.value",
              "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense", "output.dense",
              "output.LayerNorm",
            ])
        }, parameters: reader.count)
    },
    leftovers: [
      "generator_predictions", "generator_lm_head", "discriminator_predictions", "classifier",
      "qa_outputs", "embeddings.position_ids",
    ])

  static let mpnet = TextFamily(
    modelTypes: ["mpnet"], anchor: "embeddings.word_embeddings.weight",
    configure: { c, reader in
      (c.vocabulary, c.positions) = (30_527, 512)
      try reader.readGeneral(&c)
      c.firstPosition = try reader.integer("pad_token_id", 0...1_000_000, default: 1) + 1
      // transformers counts in 32 whatever the setting.
      c.buckets = try reader.integer("relative_attention_num_buckets", 32...32, default: 32)
      c.activation = try reader.activation("hidden_act", default: "gelu")
      c.epsilon = try reader.number("layer_norm_eps", 0...1, default: c.epsilon)
    },
    make: { c, reader in
      TextTransformer(
        configuration: c, words: try reader.table("embeddings.word_embeddings", c.vocabulary, c.width, c),
        positions: try reader.table("embeddings.position_embeddings", c.positions, c.width, c),
        embeddingNorm: try reader.layerNorm("embeddings.LayerNorm", c.width, epsilon: Float(c.epsilon)),
        blocks: try (0..<c.layers).map { layer in
          try reader.bertBlock(
            "encoder.layer.\(layer)", c,
            parts: [
              "attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o",
              "attention.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm",
            ])
        }, distances: try reader.table("encoder.relative_attention_bias", c.buckets, c.heads, c),
        parameters: reader.count)
    },
    leftovers: ["pooler", "lm_head", "classifier", "qa_outputs", "embeddings.position_ids"])

  static let albert = TextFamily(
    modelTypes: ["albert"], anchor: "embeddings.word_embeddings.weight",
    configure: { c, reader in
      (c.vocabulary, c.width, c.innerWidth, c.heads) = (30_000, 4096, 16_384, 64)
      try reader.readGeneral(&c)
      c.embeddingWidth = try reader.integer("embedding_size", 1...65_536, default: 128)
      c.activation = try reader.activation("hidden_act", default: "gelu_new")
      c.epsilon = try reader.number("layer_norm_eps", 0...1, default: c.epsilon)
      c.groups = try reader.integer("num_hidden_groups", 1...c.layers, default: 1)
      c.blocksOfGroup = try reader.integer("inner_group_num", 1...1, default: 1)
    },
    make: { c, reader in
      let words = try reader.table("embeddings.word_embeddings", c.vocabulary, c.embeddingWidth, c)
      let positions = try reader.table("embeddings.position_embeddings", c.positions, c.embeddingWidth, c)
      let types = try reader.table("embeddings.token_type_embeddings", c.tokenTypes, c.embeddingWidth, c)
      let norm = try reader.layerNorm("embeddings.LayerNorm", c.embeddingWidth, epsilon: Float(c.epsilon))
      let projection = try reader.linear(
        "encoder.embedding_hidden_mapping_in", c.embeddingWidth, c.width,
        weight: .normal(deviation: c.initialDeviation))
      let different = try (0..<c.groups).map { group in
        try reader.bertBlock(
          "encoder.albert_layer_groups.\(group).albert_layers.0", c,
          parts: [
            "attention.query", "attention.key", "attention.value", "attention.dense",
            "attention.LayerNorm", "ffn", "ffn_output", "full_layer_layer_norm",
          ])
      }
      return TextTransformer(
        configuration: c, words: words, positions: positions, types: types, embeddingNorm: norm,
        embeddingProjection: projection,
        blocks: (0..<c.layers).map { different[$0 * c.groups / c.layers] }, parameters: reader.count)
    },
    leftovers: [
      "pooler", "predictions", "sop_classifier", "classifier", "qa_outputs", "embeddings.position_ids",
    ])

  static let modernBERT = TextFamily(
    modelTypes: ["modernbert"], anchor: "embeddings.tok_embeddings.weight",
    configure: { c, reader in
      (c.vocabulary, c.positions, c.innerWidth, c.layers) = (50_368, 8192, 1152, 22)
      try reader.readGeneral(&c)
      c.activation = try reader.activation("hidden_activation", default: "gelu")
      c.epsilon = try reader.number("norm_eps", 0...1, default: 1e-5)
      c.normBias = try reader.bool("norm_bias", default: false)
      c.attentionBias = try reader.bool("attention_bias", default: false)
      c.feedForwardBias = try reader.bool("mlp_bias", default: false)
      c.window = try reader.integer("local_attention", 2...65_536, default: 128) / 2
      let every = try reader.integer("global_attn_every_n_layers", 1...512, default: 3)
      c.localBlocks = try reader.slidingBlocks(of: c.layers) { $0 % every != 0 }
      let base = reader.values["rope_parameters"]
      func rotary(_ key: String, _ old: String, _ theta: Double) throws -> RotaryPositions {
        let own = ConfigurationReader(
          path: reader.path, values: .dictionary(["rope_parameters": base?[key] ?? .dictionary([:])]))
        return try own.rotary(
          headSize: c.headSize, base: reader.number(old, 1...1e12, default: theta))
      }
      c.rotary = try rotary("full_attention", "global_rope_theta", 160_000)
      c.localRotary = try rotary("sliding_attention", "local_rope_theta", 10_000)
    },
    make: { c, reader in
      let drawn = Initialisation.normal(deviation: c.initialDeviation)
      let epsilon = Float(c.epsilon)
      func norm(_ name: String) throws -> LayerNorm {
        c.normBias
          ? try reader.layerNorm(name, c.width, epsilon: epsilon)
          : try reader.scaleNorm(name, c.width, epsilon: epsilon)
      }
      let words = try reader.table("embeddings.tok_embeddings", c.vocabulary, c.width, c)
      let embeddingNorm = try norm("embeddings.norm")
      var blocks: [TransformerBlock] = []
      for layer in 0..<c.layers {
        let name = "layers.\(layer)"
        let heads = try reader.fused(
          "\(name).attn.Wqkv.weight", c.attentionBias ? "\(name).attn.Wqkv.bias" : nil, c.width,
          [c.width, c.width, c.width], weight: drawn)
        let output = try reader.linear(
          "\(name).attn.Wo", c.width, c.width, weight: drawn, bias: c.attentionBias ? .zeros : nil)
        let inner = try reader.fused(
          "\(name).mlp.Wi.weight", c.feedForwardBias ? "\(name).mlp.Wi.bias" : nil, c.width,
          [c.innerWidth, c.innerWidth], weight: drawn)
        let down = try reader.linear(
          "\(name).mlp.Wo", c.innerWidth, c.width, weight: drawn, bias: c.feedForwardBias ? .zeros : nil)
        blocks.append(
          TransformerBlock(
            attention: SelfAttention(
              query: heads[0], key: heads[1], value: heads[2], output: output, heads: c.heads),
            // What enters the first block has been normalised already.
            attentionNorm: layer == 0 ? nil : try norm("\(name).attn_norm"),
            feedForward: FeedForward(up: inner[1], down: down, activation: c.activation, gate: inner[0]),
            outputNorm: try norm("\(name).mlp_norm"), normalisesFirst: true))
      }
      let finalNorm = try norm("final_norm")
      return TextTransformer(
        configuration: c, words: words, embeddingNorm: embeddingNorm, blocks: blocks, norm: finalNorm,
        parameters: reader.count)
    },
    leftovers: ["head", "decoder", "classifier"])

  static let t5 = TextFamily(
    modelTypes: ["t5", "mt5"], anchor: "encoder.block.0.layer.0.SelfAttention.q.weight",
    configure: { c, reader in
      let extent = 1...65_536
      c.vocabulary = try reader.integer("vocab_size", 1...(1 << 24), default: 32_128)
      c.width = try reader.integer("d_model", extent, default: 512)
      c.embeddingWidth = c.width
      c.headSize = try reader.integer("d_kv", extent, default: 64)
      c.innerWidth = try reader.integer("d_ff", 1...262_144, default: 2048)
      c.layers = try reader.integer("num_layers", 1...512, default: 6)
      c.heads = try reader.integer("num_heads", 1...1024, default: 8)
      c.keyHeads = c.heads
      c.buckets = try reader.integer("relative_attention_num_buckets", 4...65_536, default: 32)
      c.maximumDistance = try reader.integer("relative_attention_max_distance", 2...1_000_000, default: 128)
      c.epsilon = try reader.number("layer_norm_epsilon", 0...1, default: 1e-6)
      c.initialDeviation = try reader.number("initializer_factor", 0...10, default: 1)
      // Distances are told in buckets, without an end.
      c.positions = 1 << 20
      let kind = try reader.choice("feed_forward_proj", default: "relu", "an activation, or gated- and one")
      {
        $0
      }
      c.isGated = kind.hasPrefix("gated-")
      let name = kind == "gated-gelu" ? "gelu_new" : String(kind.dropFirst(c.isGated ? 6 : 0))
      guard let activation = Activation(named: name) else {
        throw ModelError.configuration(
          path: reader.path, key: "feed_forward_proj", found: "\"\(kind)\"", expected: Activation.knownNames
        )
      }
      c.activation = activation
    },
    make: { c, reader in
      let epsilon = Float(c.epsilon)
      let inner = c.headSize * c.heads
      func drawn(_ inputs: Int) -> Initialisation {
        .normal(deviation: c.initialDeviation / Double(inputs).squareRoot())
      }
      let shared = ["encoder.embed_tokens", "shared"].first { reader.has("\($0).weight") } ?? "shared"
      let words = try reader.tensor(
        "\(shared).weight", [c.vocabulary, c.width], .normal(deviation: c.initialDeviation))
      let distances = try reader.tensor(
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", [c.buckets, c.heads],
        drawn(c.width))
      let blocks = try (0..<c.layers).map { layer in
        let (attention, dense) = (
          "encoder.block.\(layer).layer.0", "encoder.block.\(layer).layer.1.DenseReluDense"
        )
        func projection(_ part: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
          try reader.linear(
            "\(attention).SelfAttention.\(part)", inputs, outputs, weight: drawn(inputs), bias: nil)
        }
        return TransformerBlock(
          attention: SelfAttention(
            // Its scores are not divided by the root of a head's size.
            query: try projection("q", c.width, inner).scaled(by: Float(c.headSize).squareRoot()),
            key: try projection("k", c.width, inner), value: try projection("v", c.width, inner),
            output: try projection("o", inner, c.width), heads: c.heads),
          attentionNorm: try reader.rootMeanSquareNorm(
            "\(attention).layer_norm", c.width, epsilon: epsilon),
          feedForward: FeedForward(
            up: try reader.linear(
              "\(dense).\(c.isGated ? "wi_1" : "wi")", c.width, c.innerWidth, weight: drawn(c.width),
              bias: nil),
            down: try reader.linear(
              "\(dense).wo", c.innerWidth, c.width, weight: drawn(c.innerWidth), bias: nil),
            activation: c.activation,
            gate: c.isGated
              ? try reader.linear(
                "\(dense).wi_0", c.width, c.innerWidth, weight: drawn(c.width), bias: nil) : nil),
          outputNorm: try reader.rootMeanSquareNorm(
            "encoder.block.\(layer).layer.1.layer_norm", c.width, epsilon: epsilon),
          normalisesFirst: true)
      }
      let norm = try reader.rootMeanSquareNorm("encoder.final_layer_norm", c.width, epsilon: epsilon)
      return TextTransformer(
        configuration: c, words: words, blocks: blocks, distances: distances, norm: norm,
        parameters: reader.count)
    },
    leftovers: [
      "decoder", "lm_head", "shared", "encoder.embed_tokens", "classification_head", "classifier",
    ])
}
