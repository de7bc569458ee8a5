import Checkpoints

/// The settings of a Fast Conformer, under the names that transformers' `config.json` has for them: `encoder_config`'s
/// where there is one.
struct ParakeetConfiguration: Sendable, Equatable {
  // Subsampling
  var bands = 80
  var channels = 256
  var subsamplingKernel = 3
  var subsamplingStride = 2
  /// Convolutions with a stride.
  var subsamplingSteps = 3
  /// Whether what they give is multiplied by √width.
  var scalesInput = true
  // Blocks
  var width = 1024
  var innerWidth = 4096
  var layers = 24
  var heads = 8
  var activation = Activation.silu
  var kernel = 9
  /// Whether attention and feed-forward layers have biases, and the convolutions of blocks.
  var attentionBias = true
  var convolutionBias = true
  /// Of a model that streams; nil for one that reads the whole sound.
  var streaming: Streaming?
  /// The deviation of freshly drawn weights.
  var initialDeviation = 0.02

  /// How attention sees time in chunks: those of its own and of `before` chunks before it.
  struct Streaming: Sendable, Equatable {
    var chunk: Int
    var before: Int
  }

  /// Zeros in front of time and frequency, and behind.
  var subsamplingPadding: (front: Int, behind: Int) {
    streaming == nil
      ? ((subsamplingKernel - 1) / 2, (subsamplingKernel - 1) / 2)
      : (subsamplingKernel - 1, subsamplingStride - 1)
  }

  /// Bands that the subsampling leaves.
  var bandsLeft: Int {
    let padding = subsamplingPadding
    return (0..<subsamplingSteps).reduce(bands) { bands, _ in
      (bands + padding.front + padding.behind - subsamplingKernel) / subsamplingStride + 1
    }
  }

  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(path: String, values: MetadataValue, isStreaming: Bool = false) throws {
    let reader = ConfigurationReader(path: path, values: values["encoder_config"] ?? values)
    let extent = 1...65_536
    func refuse(_ key: String, _ found: Int, _ expected: String) -> ModelError {
      .configuration(path: path, key: key, found: "\(found)", expected: expected)
    }
    bands = try reader.integer("num_mel_bins", 1...1024, default: bands)
    channels = try reader.integer("subsampling_conv_channels", extent, default: channels)
    subsamplingKernel = try reader.integer("subsampling_conv_kernel_size", 1...63, default: 3)
    subsamplingStride = try reader.integer("subsampling_conv_stride", 2...2, default: 2)
    let factor = try reader.integer("subsampling_factor", 2...64, default: 8)
    subsamplingSteps = factor.trailingZeroBitCount
    scalesInput = try reader.bool("scale_input", default: true)
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "hidden_act", default: "silu", Activation.knownNames, Activation.init(named:))
    kernel = try reader.integer("conv_kernel_size", 1...1023, default: kernel)
    attentionBias = try reader.bool("attention_bias", default: true)
    convolutionBias = try reader.bool("convolution_bias", default: true)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)

    if isStreaming {
      let ahead = try reader.integer("default_num_lookahead_tokens", 0...65_536, default: 13)
      let window = try reader.integer("sliding_window", 1...1_000_000, default: 71)
      streaming = Streaming(chunk: ahead + 1, before: (window - 1) / (ahead + 1))
    }
    guard factor.nonzeroBitCount == 1 else {
      throw refuse("subsampling_factor", factor, "a power of two")
    }
    guard subsamplingKernel % 2 == 1 else {
      throw refuse("subsampling_conv_kernel_size", subsamplingKernel, "an odd number")
    }
    guard isStreaming || kernel % 2 == 1 else { throw refuse("conv_kernel_size", kernel, "an odd number") }
    guard isStreaming || bands % factor == 0 else {
      throw refuse("num_mel_bins", bands, "a multiple of subsampling_factor, \(factor)")
    }
    guard width % heads == 0, width / heads % 2 == 0 else {
      throw refuse("num_attention_heads", heads, "heads of an even number of hidden_size's \(width) values")
    }
    let keyHeads = try reader.integer("num_key_value_heads", 1...1024, default: heads)
    guard keyHeads == heads else {
      throw refuse("num_key_value_heads", keyHeads, "as many as num_attention_heads, \(heads)")
    }
  }
}
