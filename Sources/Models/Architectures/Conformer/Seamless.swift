import Audio
import Checkpoints
import Tensors

/// SeamlessM4T's speech encoder (Seamless Communication 2023), both versions: w2v-BERT's features and conformer blocks, a
/// norm, half a feed-forward step, and adapters that make one frame of eight.
///
/// ```
/// filter banks, 2 × 80 → norm, projection       → N conformer blocks   → norm       → +½ feed-forward → adapters   → norm
///                        projection, hidden.0     hidden.1 … hidden.N    final_norm   expanded          adapter.1 …  output
/// ```
struct Seamless: SpeechArchitecture {
  static let modelTypes = ["seamless_m4t", "seamless_m4t_v2"]

  /// A step that makes one frame of several: a gated convolution, attention, and a feed-forward network.
  struct Adapter: Sendable {
    var residualNorm: LayerNorm
    var residual: Convolution
    var attentionNorm: LayerNorm
    var convolution: Convolution
    var attention: ConformerAttention
    var outputNorm: LayerNorm
    var feedForward: FeedForward

    func callAsFunction(_ x: Tensor, padding: Int, _ run: Evaluation) -> Tensor {
      let kept = run.gated(run.convolution(residualNorm(x, run), residual, padding: padding))
      let narrowed = run.gated(run.convolution(attentionNorm(x, run), convolution, padding: padding))
      var weights: Tensor?
      let attended = attention(
        narrowed, adding: kept, signal: nil, validFrames: narrowed.rows, weights: &weights, run)
      return feedForward(outputNorm(attended, run), adding: attended, run)
    }
  }

  var configuration: SeamlessConfiguration
  var featureNorm: LayerNorm
  var projection: Linear  // [inputs → width]
  var blocks: [ConformerBlock]
  var norm: LayerNorm
  var expansion: FeedForward
  var adapters: [Adapter]
  var outputNorm: LayerNorm
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let features = try KaldiFilterBank.w2vBert(
      of: Waveform(
        samples: Array(samples.prefix(validSamples)), samplingRate: KaldiFilterBank.samplingRate),
      bands: configuration.inputs / 2)
    run.recorder?.declare(features, as: .input("filter banks"))
    let projected = projection(featureNorm(features, run), run)  // [frames × width]
    guard try visit("projection", projected), try visit("hidden.0", projected) else { return }
    guard
      let last = try blocks.forward(
        projected, validFrames: projected.rows, wanted: wanted, on: run, visit: visit)
    else { return }
    let normed = norm(last, run)
    guard try visit("final_norm", normed) else { return }
    var hidden = run.halfStep(from: normed, by: expansion(normed, run))
    guard try visit("expanded", hidden) else { return }
    for (number, adapter) in zip(1..., adapters) {
      hidden = adapter(hidden, padding: configuration.stride / 2, run)
      guard try visit("adapter.\(number)", hidden) else { return }
    }
    _ = try visit("output", outputNorm(hidden, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let c = configuration
    let whole = FrameTiming(
      samplingRate: samplingRate, kernels: [KaldiFilterBank.window, 2], strides: [KaldiFilterBank.hop, 2])
    func adapted(_ count: Int) -> FrameTiming {
      (0..<count).reduce(whole) { timing, _ in
        // The kernel's middle lies before its frame's own place by what is padded.
        let shift = Double(c.kernelOfAdapter - 1) / 2 - Double(c.stride / 2)
        return FrameTiming(
          samplingRate: samplingRate, strideSamples: timing.strideSamples * c.stride,
          receptiveFieldSamples: timing.receptiveFieldSamples
            + (c.kernelOfAdapter - 1) * timing.strideSamples,
          firstCentreSample: timing.firstCentreSample + shift * Double(timing.strideSamples))
      }
    }
    let names = ["projection"] + (0...blocks.count).map { "hidden.\($0)" } + ["final_norm", "expanded"]
    return names.map { TapPoint(name: $0, width: c.width, timing: whole) }
      + adapters.indices.map {
        TapPoint(name: "adapter.\($0 + 1)", width: c.width, timing: adapted($0 + 1))
      }
      + [TapPoint(name: "output", width: c.width, timing: adapted(adapters.count))]
  }

  func attentionTaps(samplingRate: Int) -> [TapPoint] {
    let timing = taps(samplingRate: samplingRate).first?.timing
    return zip(1..., attentionHeads).map { TapPoint(name: "attention.\($0)", width: $1, timing: timing) }
  }

  /// Two frames side by side of filter banks.
  func minimumSamples(samplingRate: Int) -> Int { KaldiFilterBank.window + KaldiFilterBank.hop }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

/// The settings of SeamlessM4T's speech encoder, under the names that its `config.json` has for them.
struct SeamlessConfiguration: Sendable, Equatable {
  var isSecond = false
  /// Two frames of filter banks.
  var inputs = 160
  var width = 1024
  var innerWidth = 4096
  var layers = 24
  var heads = 16
  var activation = Activation.silu
  /// Frames that the convolution of a block spans.
  var kernel = 31
  var positions = ConformerPositions.relative
  var reach = AttentionReach.all
  var kernelOfAdapter = 8
  var stride = 8
  var adapters = 1
  var epsilon = 1e-5
  /// The deviation of freshly drawn weights.
  var initialDeviation = 0.02

  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader, isSecond: Bool) throws {
    let extent = 1...65_536
    self.isSecond = isSecond
    inputs = try reader.stackedBands()
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("speech_encoder_intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("speech_encoder_layers", 1...512, default: layers)
    heads = try reader.integer("speech_encoder_attention_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "speech_encoder_hidden_act", default: "swish", Activation.knownNames, Activation.init(named:))
    kernel = try reader.integer("conv_depthwise_kernel_size", 1...1023, default: kernel)
    kernelOfAdapter = try reader.integer("adaptor_kernel_size", 1...1023, default: kernelOfAdapter)
    stride = try reader.integer("adaptor_stride", 1...1023, default: stride)
    adapters =
      try reader.bool("add_adapter", default: true)
      ? try reader.integer("num_adapter_layers", 1...64, default: adapters) : 0
    epsilon = try reader.number("layer_norm_eps", 0...1, default: epsilon)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    try reader.checkHeads(width: width, heads: heads, key: "speech_encoder_attention_heads")
    guard kernel % 2 == 1 else {
      throw ModelError.configuration(
        path: reader.path, key: "conv_depthwise_kernel_size", found: "\(kernel)", expected: "an odd number")
    }
    positions = try reader.conformerPositions(
      width: width, heads: heads, withKeys: isSecond, default: isSecond ? "relative_key" : "relative")
    // The second version knows keys of distances alone: with another word its blocks are told no positions.
    if isSecond, case .keys = positions {} else if isSecond { positions = .none }
    if isSecond, let size = try reader.integerIfThere("speech_encoder_chunk_size", 1...(1 << 30)) {
      let before = try reader.integer("speech_encoder_left_chunk_num", -1...(1 << 30), default: 128)
      reach = .blocks(size: size, before: before < 0 ? .max : before)
    }
  }
}

// MARK: - Building

extension Seamless {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let found = try TensorNames(
      description.checkpoint, anchor: "speech_encoder.inner_layer_norm.weight", path: path)
    guard description.modelType.map(modelTypes.contains) ?? (found != nil) else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "how its conformer blocks tell positions, and their heads",
        option: "a config.json with --config")
    }
    let all = found ?? TensorNames(description.checkpoint)
    // The other parts of the model have names of their own, which its speech encoder must not meet.
    let names = all.renamed { name in
      name.hasPrefix("speech_encoder.") ? String(name.dropFirst(15)) : "outside." + name
    }
    try description.expectPairsOfFrames()
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    let isSecond =
      description.modelType.map { $0.hasSuffix("_v2") }
      ?? reader.has("encoder.layers.0.conv_module.depthwise_layer_norm.weight")
    let configuration = try SeamlessConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree), isSecond: isSecond)
    let model = try Seamless(configuration, from: &reader)
    let report = try description.report(
      of: reader, names,
      leavingOut: ["outside", "masked_spec_embed", "encoder.embed_positions"]
        + (0..<configuration.layers).map {
          "encoder.layers.\($0).conv_module.batch_norm.num_batches_tracked"
        }, notes: [])
    return BuiltModel(
      architecture: model, family: modelTypes[isSecond ? 1 : 0], parameters: model.parameters,
      report: report,
      input: .features(
        "Kaldi's filter banks, \(configuration.inputs / 2) bands, zero mean and unit variance over the sound, two frames side by side",
        samplingRate: 16_000))
  }

  func untrained(seed: UInt64) throws -> Seamless {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Seamless(configuration, from: &reader)
  }

  init(_ c: SeamlessConfiguration, from reader: inout ParameterReader) throws {
    let (width, inputs, epsilon) = (c.width, c.inputs, Float(c.epsilon))
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    configuration = c
    featureNorm = try reader.layerNorm("feature_projection.layer_norm", inputs, epsilon: epsilon)
    projection = try reader.linear(
      "feature_projection.projection", inputs, width, weight: .uniform(inputs: inputs),
      bias: .uniform(inputs: inputs))
    blocks = try (0..<c.layers).map { layer in
      let name = "encoder.layers.\(layer)"
      let kernel = try reader.tensor(
        "\(name).conv_module.depthwise_conv.weight", [width, 1, c.kernel], .kaiming(inputs: c.kernel))
      let depthwise = DepthwiseConvolution(
        weight: kernel, bias: nil,
        batchNorm: c.isSecond ? nil : try reader.batchNorm("\(name).conv_module.batch_norm", width),
        norm: c.isSecond
          ? try reader.layerNorm("\(name).conv_module.depthwise_layer_norm", width, epsilon: 1e-5) : nil,
        padding: c.isSecond ? c.kernel - 1 : c.kernel / 2, activation: c.activation)
      var block = try reader.conformerBlock(
        name, width: width, inner: c.innerWidth, heads: c.heads, activation: c.activation, epsilon: 1e-5,
        depthwise: depthwise,
        positions: try reader.conformerPositions(
          c.positions, "\(name).self_attn", width: width, heads: c.heads, weight: drawn),
        weight: drawn)
      block.attention.reach = c.reach
      return block
    }
    norm = try reader.layerNorm("encoder.layer_norm", width, epsilon: epsilon)
    func feedForward(_ name: String) throws -> FeedForward {
      FeedForward(
        up: try reader.linear("\(name).intermediate_dense", width, c.innerWidth, weight: drawn),
        down: try reader.linear("\(name).output_dense", c.innerWidth, width, weight: drawn),
        activation: .relu)
    }
    expansion = try feedForward("intermediate_ffn")
    adapters = try (0..<c.adapters).map { index in
      let name = "adapter.layers.\(index)"
      func convolution(_ part: String) throws -> Convolution {
        Convolution(
          weight: try reader.taps(
            "\(name).\(part).weight", [2 * width, width, c.kernelOfAdapter],
            .kaiming(inputs: width * c.kernelOfAdapter)),
          bias: try reader.tensor("\(name).\(part).bias", [2 * width], .zeros), norm: .none,
          activation: .linear, inputs: width, kernel: c.kernelOfAdapter, stride: c.stride)
      }
      func part(_ part: String) throws -> Linear {
        try reader.linear("\(name).self_attn.linear_\(part)", width, width, weight: drawn)
      }
      return Adapter(
        residualNorm: try reader.layerNorm("\(name).residual_layer_norm", width, epsilon: 1e-5),
        residual: try convolution("residual_conv"),
        attentionNorm: try reader.layerNorm("\(name).self_attn_layer_norm", width, epsilon: 1e-5),
        convolution: try convolution("self_attn_conv"),
        attention: ConformerAttention(
          query: try part("q"), key: try part("k"), value: try part("v"), output: try part("out"),
          heads: c.heads, positions: .none),
        outputNorm: try reader.layerNorm("\(name).ffn_layer_norm", width, epsilon: 1e-5),
        feedForward: try feedForward("\(name).ffn"))
    }
    outputNorm = try reader.layerNorm("inner_layer_norm", width, epsilon: 1e-5)
    parameters = reader.count
  }
}
