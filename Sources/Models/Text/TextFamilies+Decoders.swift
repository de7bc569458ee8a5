import Checkpoints
import Tensors

// Causal decoders of text, run on given tokens.

extension ConfigurationReader {
  /// The blocks whose attention is limited: those that `layer_types` calls so, else those that `otherwise` says.
  func slidingBlocks(of layers: Int, otherwise: (Int) -> Bool) throws -> Set<Int> {
    guard let types = values["layer_types"]?.list else {
      return Set((0..<layers).filter(otherwise))
    }
    let words = types.compactMap(\.string)
    guard words.count == layers, words.allSatisfy({ ["full_attention", "sliding_attention"].contains($0) })
    else {
      throw ModelError.configuration(
        path: path, key: "layer_types", found: Self.words(.list(types)),
        expected: "full_attention or sliding_attention for each of \(layers) layers")
    }
    return Set(words.indices.filter { words[$0] == "sliding_attention" })
  }
}

extension TextFamily {
  static let gpt2 = TextFamily(
    modelTypes: ["gpt2"], anchor: "wte.weight",
    configure: { c, reader in
      let extent = 1...65_536
      c.isCausal = true
      c.vocabulary = try reader.integer("vocab_size", 1...(1 << 24), default: 50_257)
      c.positions = try reader.integer("n_positions", 1...(1 << 24), default: 1024)
      c.width = try reader.integer("n_embd", extent, default: 768)
      c.embeddingWidth = c.width
      c.layers = try reader.integer("n_layer", 1...512, default: 12)
      c.heads = try reader.integer("n_head", 1...1024, default: 12)
      (c.keyHeads, c.headSize) = (c.heads, max(1, c.width / c.heads))
      c.innerWidth = try reader.integer("n_inner", 1...262_144, default: 4 * c.width)
      c.activation = try reader.activation("activation_function", default: "gelu_new")
      c.epsilon = try reader.number("layer_norm_epsilon", 0...1, default: 1e-5)
      c.initialDeviation = try reader.number("initializer_range", 0...10, default: 0.02)
      for (key, only) in [("scale_attn_weights", true), ("scale_attn_by_inverse_layer_idx", false)]
      where try reader.bool(key, default: only) != only {
        throw ModelError.configuration(
          path: reader.path, key: key, found: "\(!only)", expected: "\(only), as in the published models")
      }
      try reader.checkHeads(width: c.width, heads: c.heads, key: "n_head")
    },
    make: { c, reader in
      let (drawn, epsilon) = (Initialisation.normal(deviation: c.initialDeviation), Float(c.epsilon))
      let words = try reader.tensor("wte.weight", [c.vocabulary, c.width], drawn)
      let positions = try reader.tensor("wpe.weight", [c.positions, c.width], drawn)
      let blocks = try (0..<c.layers).map { layer in
        let name = "h.\(layer)"
        let heads = try reader.across(
          "\(name).attn.c_attn", c.width, Array(repeating: c.width, count: 3), weight: drawn)
        return TransformerBlock(
          attention: SelfAttention(
            query: heads[0], key: heads[1], value: heads[2],
            output: try reader.across("\(name).attn.c_proj", c.width, [c.width], weight: drawn)[0],
            heads: c.heads),
          attentionNorm: try reader.layerNorm("\(name).ln_1", c.width, epsilon: epsilon),
          feedForward: FeedForward(
            up: try reader.across("\(name).mlp.c_fc", c.width, [c.innerWidth], weight: drawn)[0],
            down: try reader.across("\(name).mlp.c_proj", c.innerWidth, [c.width], weight: drawn)[0],
            activation: c.activation),
          outputNorm: try reader.layerNorm("\(name).ln_2", c.width, epsilon: epsilon), normalisesFirst: true
        )
      }
      let norm = try reader.layerNorm("ln_f", c.width, epsilon: epsilon)
      return TextTransformer(
        configuration: c, words: words, positions: positions, blocks: blocks, norm: norm,
        parameters: reader.count)
    },
    leftovers: ["lm_head", "score", "classifier", "multiple_choice_head"]
      + (0..<512).flatMap { ["h.\($0).attn.bias", "h.\($0).attn.masked_bias"] })

  /// Llama (Touvron 2023) and those that differ from it in biases, norms of queries and keys, and limited attention.
  static let llama = TextFamily(
    modelTypes: ["llama", "mistral", "qwen2", "qwen3"], anchor: "embed_tokens.weight",
    configure: { c, reader in
      c.isCausal = true
      (c.vocabulary, c.positions, c.width, c.innerWidth, c.layers, c.heads) = (
        32_000, 2048, 4096, 11_008, 32, 32
      )
      try reader.readGeneral(&c)
      c.keyHeads = try reader.integer("num_key_value_heads", 1...1024, default: c.heads)
      c.headSize = try reader.integer("head_dim", 2...65_536, default: c.width / c.heads)
      c.activation = try reader.activation("hidden_act", default: "silu")
      c.epsilon = try reader.number("rms_norm_eps", 0...1, default: 1e-6)
      c.attentionBias = try reader.bool("attention_bias", default: false)
      c.feedForwardBias = try reader.bool("mlp_bias", default: false)
      c.rotary = try reader.rotary(headSize: c.headSize)
      // A window counts the token itself.
      let isLimited = try c.modelType == "mistral" || reader.bool("use_sliding_window", default: false)
      if isLimited, let window = try reader.integerIfThere("sliding_window", 1...(1 << 24)) {
        c.window = window - 1
        let first = try reader.integer(
          "max_window_layers", 0...512, default: c.modelType == "mistral" ? 0 : 28)
        c.localBlocks = try reader.slidingBlocks(of: c.layers) { $0 >= first }
      }
    },
    make: { c, reader in
      let (drawn, epsilon) = (Initialisation.normal(deviation: c.initialDeviation), Float(c.epsilon))
      let words = try reader.tensor("embed_tokens.weight", [c.vocabulary, c.width], drawn)
      let biases: Set<ParameterReader.Projection> =
        c.modelType == "qwen2"
        ? [.query, .key, .value] : c.attentionBias ? [.query, .key, .value, .output] : []
      let feedForwardBias: Initialisation? = c.feedForwardBias ? .zeros : nil
      let blocks = try (0..<c.layers).map { layer in
        let name = "layers.\(layer)"
        var attention = try reader.attention(
          "\(name).self_attn", inputs: c.width, headSize: c.headSize, heads: c.heads, keyHeads: c.keyHeads,
          biases: biases, weight: drawn)
        if c.modelType == "qwen3" {
          attention.queryNorm = try reader.rootMeanSquareNorm(
            "\(name).self_attn.q_norm", c.headSize, epsilon: epsilon)
          attention.keyNorm = try reader.rootMeanSquareNorm(
            "\(name).self_attn.k_norm", c.headSize, epsilon: epsilon)
        }
        func dense(_ part: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
          try reader.linear(
            "\(name).mlp.\(part)_proj", inputs, outputs, weight: drawn, bias: feedForwardBias)
        }
        return TransformerBlock(
          attention: attention,
          attentionNorm: try reader.rootMeanSquareNorm(
            "\(name).input_layernorm", c.width, epsilon: epsilon),
          feedForward: FeedForward(
            up: try dense("up", c.width, c.innerWidth), down: try dense("down", c.innerWidth, c.width),
            activation: c.activation, gate: try dense("gate", c.width, c.innerWidth)),
          outputNorm: try reader.rootMeanSquareNorm(
            "\(name).post_attention_layernorm", c.width, epsilon: epsilon),
          normalisesFirst: true)
      }
      let norm = try reader.rootMeanSquareNorm("norm", c.width, epsilon: epsilon)
      return TextTransformer(
        configuration: c, words: words, blocks: blocks, norm: norm, parameters: reader.count)
    },
    leftovers: ["lm_head", "score", "classifier", "rotary_emb", "qa_outputs"]
      + (0..<512).map { "layers.\($0).self_attn.rotary_emb" })
}

extension ParameterReader {
  /// Layers beside each other in one matrix that lies the other way round, `[inputs × outputs]`, as GPT-2's do.
  fileprivate mutating func across(
    _ name: String, _ inputs: Int, _ outputs: [Int], weight: Initialisation
  ) throws -> [Linear] {
    let total = outputs.reduce(0, +)
    let weights = try tensor("\(name).weight", [inputs, total], weight)
    let biases = try tensor("\(name).bias", [total], .zeros)
    guard weights.count == inputs * total, biases.count == total else {
      return outputs.map { _ in Linear(weight: Tensor(shape: [0]), bias: Tensor(shape: [0])) }
    }
    let turned = weights.transposed()
    var start = 0
    return outputs.map { count in
      defer { start += count }
      return Linear(
        weight: turned.rows(start..<(start + count)),
        bias: Tensor(Array(biases.values[start..<(start + count)]), shape: [count]))
    }
  }
}
