import Checkpoints

/// The settings of a model of the wav2vec 2.0 family, under the names that its `config.json` has for them.
struct Wav2Vec2Configuration: Sendable, Equatable {
  enum Family: String, Sendable, CaseIterable {
    case wav2vec2, hubert, wavlm
    case data2vec = "data2vec-audio"
    case speechT5 = "speecht5"

    /// Other types whose arithmetic is one of these: UniSpeech (Wang 2021), UniSpeech-SAT (Chen 2022), MERT (Li 2024)
    /// and Omnilingual ASR's encoder.
    static let aliases: [String: Family] = [
      "unispeech": .wav2vec2, "unispeech-sat": .wav2vec2, "mert_model": .hubert, "omniasr_audio": .wav2vec2,
    ]

    /// What stands before the family where side networks were trained, which transformers would leave out.
    static let extended = "strata-"

    init?(modelType: String) {
      let modelType = modelType.hasPrefix(Self.extended) ? String(modelType.dropFirst(7)) : modelType
      guard let family = Family(rawValue: modelType) ?? Self.aliases[modelType] else { return nil }
      self = family
    }
  }

  enum FeatureNorm: Sendable, Equatable {
    /// Group norm over time in the first convolution only.
    case group
    /// Layer norm over channels in each.
    case layer
  }

  var family: Family
  // Feature encoder
  var channels = [512, 512, 512, 512, 512, 512, 512]
  var kernels = [10, 3, 3, 3, 3, 2, 2]
  var strides = [5, 2, 2, 2, 2, 2, 2]
  var convolutionBias = false
  var featureNorm = FeatureNorm.group
  var featureActivation = Activation.gelu
  /// Whether the features are normalised before their projection.
  var projectionNorm = true
  // Positional convolution
  var positionalKernel = 128
  var positionalGroups = 16
  var positionalLayers = 1
  var positionalBatchNorm = false
  // Transformer
  var width = 768
  var innerWidth = 3072
  var layers = 12
  var heads = 12
  var activation = Activation.gelu
  var normalisesFirst = false
  var epsilon = 1e-5
  /// The inner width of the adapter behind each block, where there is one.
  var adapterWidth: Int?
  /// Relative position buckets and the distance where they end, where the model has them.
  var buckets: Int?
  var maximumDistance = 800
  /// Of SpeechT5: how far its keys for distances reach, and the position of the first frame in its sinusoids.
  var keyDistance: Int?
  var firstPosition: Int?
  /// Outputs of the CTC head, where there is one; the checkpoint's tensors say so, not its configuration.
  var symbols: Int?
  /// The deviation of freshly drawn linear weights.
  var initialDeviation = 0.02
}

extension Wav2Vec2Configuration {
  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader, family: Family) throws {
    try self.init(reader, defaults: Wav2Vec2Configuration(family: family))
  }

  /// The same where it leaves out what `defaults` has.
  init(_ reader: ConfigurationReader, defaults: Wav2Vec2Configuration) throws {
    self = defaults
    let extent = 1...65_536
    let isOmnilingual = reader.values["model_type"]?.string == "omniasr_audio"
    try refuseVariants(reader)
    channels = try reader.integers("conv_dim", extent, count: 1...16, default: channels)
    let count = channels.count...channels.count
    kernels = try reader.integers("conv_kernel", 1...1024, count: count, default: kernels)
    strides = try reader.integers("conv_stride", 1...1024, count: count, default: strides)
    convolutionBias = try reader.bool("conv_bias", default: isOmnilingual)
    featureActivation = try reader.choice(
      "feat_extract_activation", default: "gelu", Activation.knownNames, Activation.init(named:))
    if family == .data2vec {
      featureNorm = .layer
      positionalLayers = try reader.integer("num_conv_pos_embeddings", 1...64, default: 5)
      positionalKernel = try reader.integer("conv_pos_kernel_size", 1...4096, default: 19)
    } else {
      featureNorm = try reader.choice("feat_extract_norm", default: "group", "group or layer") {
        ["group": .group, "layer": .layer][$0]
      }
      positionalKernel = try reader.integer("num_conv_pos_embeddings", 1...4096, default: 128)
      normalisesFirst = try reader.bool("do_stable_layer_norm", default: false)
    }
    if family == .wav2vec2, normalisesFirst {
      adapterWidth = try reader.integerIfThere("adapter_attn_dim", extent)
    }
    if family == .hubert {
      projectionNorm = try reader.bool("feat_proj_layer_norm", default: true)
      positionalBatchNorm = try reader.bool("conv_pos_batch_norm", default: false)
    }
    positionalGroups = try reader.integer("num_conv_pos_embedding_groups", extent, default: 16)
    if isOmnilingual {
      // Its one arrangement, which its configuration does not spell out, and its own sizes.
      (featureNorm, normalisesFirst, adapterWidth) = (.layer, true, nil)
      (width, innerWidth, layers, heads) = (1024, 4096, 24, 16)
    }
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "hidden_act", default: "gelu", Activation.knownNames, Activation.init(named:))
    if isOmnilingual { featureActivation = activation }
    epsilon = try reader.number("layer_norm_eps", 0...1, default: epsilon)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    if family == .speechT5 {
      normalisesFirst = false
      keyDistance = try reader.integer("encoder_max_relative_position", 1...65_536, default: 160)
      firstPosition = try reader.integer("pad_token_id", 0...1_000_000, default: 1) + 1
      layers = try reader.integer("encoder_layers", 1...512, default: layers)
      heads = try reader.integer("encoder_attention_heads", 1...1024, default: heads)
      innerWidth = try reader.integer("encoder_ffn_dim", 1...262_144, default: innerWidth)
    }
    if family == .wavlm {
      buckets = try reader.integer("num_buckets", 4...65_536, default: 320)
      maximumDistance = try reader.integer("max_bucket_distance", 2...1_000_000, default: 800)
    }
    try check(path: reader.path)
  }

  /// Settings of MERT that change the arithmetic beyond HuBERT's.
  private func refuseVariants(_ reader: ConfigurationReader) throws {
    for key in ["feature_extractor_cqt", "deepnorm"] where try reader.bool(key, default: false) {
      throw ModelError.configuration(
        path: reader.path, key: key, found: "true", expected: "false: only HuBERT's arithmetic is read here"
      )
    }
  }

  /// What must hold between settings.
  func check(path: String) throws {
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: path, key: key, found: found, expected: expected)
    }
    guard width % heads == 0 else {
      throw refuse("num_attention_heads", "\(heads)", "a divisor of hidden_size, \(width)")
    }
    guard width % positionalGroups == 0 else {
      throw refuse(
        "num_conv_pos_embedding_groups", "\(positionalGroups)", "a divisor of hidden_size, \(width)")
    }
    guard firstPosition == nil || width % 2 == 0 && width > 2 else {
      throw refuse("hidden_size", "\(width)", "an even number (sines and cosines)")
    }
    let step = strides.reduce(1.0) { $0 * Double($1) }
    guard step <= 1_000_000 else {
      throw refuse(
        "conv_stride", "\(strides)", "strides that multiply to no more than a million samples a frame")
    }
    if let buckets, maximumDistance <= buckets / 4 {
      throw refuse(
        "max_bucket_distance", "\(maximumDistance)", "more than a quarter of num_buckets, \(buckets)")
    }
  }
}
