import Checkpoints
import Tensors

/// The settings of a Mimi, under the names that its `config.json` has for them.
struct MimiConfiguration: Sendable, Equatable {
  var encoder = SeanetConfiguration(
    filters: 64, ratios: [8, 6, 5, 4], lastKernel: 3, filling: .zeros, recurrentLayers: 0,
    hasShortcut: false, width: 512)
  // Transformer
  var layers = 8
  var innerWidth = 2048
  var heads = 8
  var keyHeads = 8
  var headSize = 64
  var activation = Activation.gelu
  var epsilon = 1e-5
  var attentionBias = false
  var rotary = RotaryPositions(headSize: 64)
  /// Frames that a frame attends to, itself among them.
  var window = 250
  /// What a block's parts are multiplied by before training.
  var initialScale = 0.01
  var initialDeviation = 0.02
  /// Frames of the transformer for one of the codes.
  var step = 2
  /// Values of such a frame.
  var latentWidth = 512
  /// Whether zeros fill the sound up to whole frames.
  var fillsInput = false
  // Quantisers
  var codes = 2048
  var codeWidth = 256
  /// All of them, and those for meaning.
  var quantisers = 32
  var semanticQuantisers = 1
  /// Whether the latents are led to the codes' width.
  var hasProjections = true

  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader, isPocket: Bool) throws {
    let extent = 1...65_536
    if isPocket { (encoder.ratios, layers, activation) = ([6, 5, 4], 2, .geluTanh) }
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    encoder = try SeanetConfiguration(reader, defaults: encoder)
    guard !encoder.normalisesTime else { throw refuse("norm_type", "time_group_norm", "weight_norm") }
    let width = encoder.width
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    keyHeads = try reader.integer("num_key_value_heads", 1...1024, default: heads)
    guard heads % keyHeads == 0 else {
      throw refuse("num_key_value_heads", "\(keyHeads)", "a divisor of num_attention_heads, \(heads)")
    }
    headSize = try reader.integer("head_dim", 2...65_536, default: max(2, width / heads))
    guard headSize % 2 == 0 else { throw refuse("head_dim", "\(headSize)", "an even number") }
    activation = try reader.choice(
      "hidden_act", default: isPocket ? "gelu_pytorch_tanh" : "gelu", Activation.knownNames,
      Activation.init(named:))
    epsilon = try reader.number("norm_eps", 0...1, default: epsilon)
    attentionBias = try reader.bool("attention_bias", default: false)
    rotary = try reader.rotary(headSize: headSize)
    window = try reader.integer("sliding_window", 1...1_000_000, default: window)
    initialScale = try reader.number("layer_scale_initial_scale", -100...100, default: initialScale)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)

    latentWidth = width
    if isPocket {
      step = try reader.integer("latent_stride", 1...4096, default: 16)
      latentWidth = try reader.integer("latent_dim", extent, default: 32)
      fillsInput = true
      return
    }
    codes = try reader.integer("codebook_size", 1...1_048_576, default: codes)
    codeWidth = try reader.integer("codebook_dim", extent, default: codeWidth)
    quantisers = try reader.integer("num_quantizers", 2...1024, default: quantisers)
    semanticQuantisers = try reader.integer("num_semantic_quantizers", 1...1023, default: 1)
    guard semanticQuantisers < quantisers else {
      throw refuse(
        "num_semantic_quantizers", "\(semanticQuantisers)", "less than num_quantizers, \(quantisers)")
    }
    let inner = try reader.integer("vector_quantization_hidden_dimension", extent, default: 256)
    hasProjections = inner != width
    guard inner == codeWidth else {
      throw refuse(
        "codebook_dim", "\(codeWidth)", "vector_quantization_hidden_dimension, \(inner)")
    }
    step = try Self.step(reader, encoder)
  }

  /// The frame rate is a setting of older files; else it is that of the strides and a convolution by 2.
  private static func step(_ reader: ConfigurationReader, _ encoder: SeanetConfiguration) throws -> Int {
    let (rate, hop) = (encoder.samplingRate, encoder.hop)
    let inner = Double((rate + hop - 1) / hop)
    let key = reader.values["frame_rate"] ?? .null == .null ? "_frame_rate" : "frame_rate"
    let outer = try reader.number(key, 0.001...1_000_000, default: Double(rate) / Double(2 * hop))
    let step = Int(inner / outer)
    guard (1...4096).contains(step) else {
      throw ModelError.configuration(
        path: reader.path, key: key, found: "\(outer)",
        expected: "no more than \(inner), and not far below")
    }
    return step
  }
}

extension Mimi {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(
      checkpoint, anchor: "encoder_transformer.layers.0.self_attn_layer_scale.scale", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard
      let tree = description.configuration(under: ["codec_config", "audio_encoder_config", "audio_encoder"])
    else {
      throw ModelError.unstated(
        path: path, what: "its strides, heads and window", option: "a config.json with --config")
    }
    let isPocket = tree["model_type"]?.string?.hasPrefix("pocket") == true
    let hasQuantisers = !isPocket && description.modelType != "mimi_encoder"
    // The encoder's name within it, where it is a model of its own.
    let names = (found ?? TensorNames(checkpoint)).renamed { name in
      name.hasPrefix("encoder_seanet.") ? "encoder." + name.dropFirst("encoder_seanet.".count) : name
    }
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try MimiConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree), isPocket: isPocket)
    let rate = configuration.encoder.samplingRate
    try description.expectSamplingRate(rate)
    let model = try Mimi(configuration, hasQuantisers: hasQuantisers, from: &reader)
    let notes =
      configuration.encoder.audioChannels == 2
      ? ["it reads two channels: a sound of one stands in both"] : []
    // An encoder alone has no use for what stands beside it.
    let others = hasQuantisers ? [] : ["quantizer", "latent_proj"]
    let report = try description.report(
      of: reader, names, leavingOut: leftovers(configuration) + others, notes: notes)
    return BuiltModel(
      architecture: model, family: isPocket ? "pocket_tts" : modelTypes[0], parameters: model.parameters,
      report: report,
      input: .features("as recorded", samplingRate: rate))
  }

  /// The half that makes sound again, and what only the training of codebooks needs.
  private static func leftovers(_ c: MimiConfiguration) -> [String] {
    ["decoder", "decoder_transformer", "upsample"]
      + c.codebooks.flatMap { part in
        (0..<part.count).map { "\(part.name).layers.\($0).codebook.initialized" }
      }
  }

  func untrained(seed: UInt64) throws -> Mimi {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Mimi(configuration, hasQuantisers: !quantisers.isEmpty, from: &reader)
  }

  init(_ c: MimiConfiguration, hasQuantisers: Bool, from reader: inout ParameterReader) throws {
    configuration = c
    encoder = try Seanet(c.encoder, "encoder.layers", from: &reader)
    blocks = try (0..<c.layers).map { try reader.mimiBlock("encoder_transformer.layers.\($0)", c) }
    step =
      c.step > 1
      ? try reader.timeConvolution(
        "downsample.conv", inputs: c.encoder.width, outputs: c.latentWidth, kernel: 2 * c.step,
        stride: c.step, ends: .whole(isCausal: c.encoder.isCausal), filling: .repeated, bias: nil)
      : nil
    quantisers = try hasQuantisers ? c.codebooks.map { try reader.mimiQuantiser($0.name, $0.count, c) } : []
    parameters = reader.count
  }
}

extension MimiConfiguration {
  /// The two quantisers, and the steps of each.
  fileprivate var codebooks: [(name: String, count: Int)] {
    [
      ("quantizer.semantic_residual_vector_quantizer", semanticQuantisers),
      ("quantizer.acoustic_residual_vector_quantizer", quantisers - semanticQuantisers),
    ]
  }
}

extension ParameterReader {
  fileprivate mutating func mimiQuantiser(
    _ name: String, _ count: Int, _ c: MimiConfiguration
  ) throws -> ResidualQuantiser {
    let (width, inner) = (c.encoder.width, c.codeWidth)
    return ResidualQuantiser(
      input: c.hasProjections
        ? try normedLinear("\(name).input_proj", width, inner, weight: .kaiming(inputs: width), bias: nil)
        : nil,
      steps: try (0..<count).map { step in
        let codebook = "\(name).layers.\(step).codebook"
        // Sums of frames and how many they were; drawn as EnCodec's.
        let sums = try tensor(
          "\(codebook).embed_sum", [c.codes, inner], .uniform(bound: (6 / Double(inner)).squareRoot()))
        let counts = try tensor("\(codebook).cluster_usage", [c.codes], .ones).values
        guard sums.count > 0, counts.count == c.codes else {
          return .init(codebook: Codebook(vectors: sums))
        }
        let vectors = sums.withUnsafeBuffer { sums in
          Tensor(shape: [c.codes, inner]) { vectors in
            for index in vectors.indices { vectors[index] = sums[index] / max(counts[index / inner], 1e-5) }
          }
        }
        return .init(codebook: Codebook(vectors: vectors))
      },
      output: c.hasProjections
        ? try normedLinear("\(name).output_proj", inner, width, weight: .kaiming(inputs: inner), bias: nil)
        : nil)
  }

  /// A block with what its parts are multiplied by taken into their last layers.
  fileprivate mutating func mimiBlock(_ name: String, _ c: MimiConfiguration) throws -> TransformerBlock {
    let width = c.encoder.width
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    let scale = Initialisation.constant(Float(c.initialScale))
    func norm(_ part: String) throws -> LayerNorm {
      try layerNorm("\(name).\(part)", width, epsilon: Float(c.epsilon))
    }
    var attention = try self.attention(
      "\(name).self_attn", inputs: width, headSize: c.headSize, heads: c.heads, keyHeads: c.keyHeads,
      biases: c.attentionBias ? [.query, .key, .value, .output] : [], weight: drawn)
    attention.output = attention.output.scaled(
      by: try tensor("\(name).self_attn_layer_scale.scale", [width], scale))
    return TransformerBlock(
      attention: attention,
      attentionNorm: try norm("input_layernorm"),
      feedForward: FeedForward(
        up: try linear("\(name).mlp.fc1", width, c.innerWidth, weight: drawn, bias: nil),
        down: try linear("\(name).mlp.fc2", c.innerWidth, width, weight: drawn, bias: nil)
          .scaled(by: try tensor("\(name).mlp_layer_scale.scale", [width], scale)),
        activation: c.activation),
      outputNorm: try norm("post_attention_layernorm"), normalisesFirst: true)
  }
}

extension Linear {
  /// The same with each output multiplied.
  func scaled(by factors: Tensor) -> Linear {
    guard weight.count > 0, bias.count == factors.count else { return self }
    let (inputs, factors, biases) = (inputs, factors.values, bias.values)
    return Linear(
      weight: weight.withUnsafeBuffer { weight in
        Tensor(shape: [factors.count, inputs]) { scaled in
          for index in scaled.indices { scaled[index] = weight[index] * factors[index / inputs] }
        }
      },
      bias: Tensor(zip(biases, factors).map(*), shape: bias.shape))
  }
}
