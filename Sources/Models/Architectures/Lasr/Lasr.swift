import Audio
import Checkpoints
import Tensors

/// LASR's encoder (MedASR): a conformer with rotary positions and weighted ways past, with a CTC head where there is one.
///
/// ```
/// log-mel → layer, rectifier → 2 convolutions by 2 → layer     → N blocks             → norm       → CTC
///                              conv.1, conv.2         hidden.0   hidden.1 … hidden.N    final_norm   logits
/// ```
/// Only frames that lie wholly in the sound; frame *i* covers 145 ms from 40·i ms on, as published.
struct Lasr: SpeechArchitecture {
  static let modelTypes = ["lasr_ctc", "lasr_encoder"]

  /// A conformer's block whose residuals count otherwise than once: what a part gives has its weight in its last layer.
  struct Block: Sendable {
    var firstNorm: LayerNorm
    var first: FeedForward
    var attentionNorm: LayerNorm
    var attention: SelfAttention
    var convolutionNorm: LayerNorm
    var gate: Linear  // [width → 2 · width]
    var depthwise: DepthwiseConvolution
    var convolutionOutput: Linear
    var secondNorm: LayerNorm
    var second: FeedForward
    var norm: LayerNorm
    /// What the ways past the feed-forward parts and past the convolution count.
    var fedWeight, convolvedWeight: Float

    func callAsFunction(
      _ x: Tensor, rotation: Rotation, weights: inout Tensor?, _ run: Evaluation
    ) -> Tensor {
      let fed = first(firstNorm(x, run), adding: run.scaled(x, by: fedWeight), run)
      let attended = attention(
        attentionNorm(fed, run), adding: fed, validFrames: x.rows, rotation: rotation, weights: &weights,
        run)
      let gated = run.gated(gate(convolutionNorm(attended, run), run))
      let convolved = convolutionOutput(
        depthwise(gated, validFrames: x.rows, run), run, adding: run.scaled(attended, by: convolvedWeight))
      let last = second(secondNorm(convolved, run), adding: run.scaled(convolved, by: fedWeight), run)
      return norm(last, run)
    }
  }

  var configuration: LasrConfiguration
  var entry: Linear  // [bands → width]
  var convolutions: [TimeConvolution]
  var projection: Linear  // [channels → width]
  var blocks: [Block]
  var norm: LayerNorm
  var head: Linear?  // [width → symbols]
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let mel = try MelSpectrogram.lasr(bands: configuration.bands).features(
      of: Waveform(
        samples: Array(samples.prefix(validSamples)), samplingRate: MelSpectrogram.samplingRate))
    run.recorder?.declare(mel, as: .input("log-mel"))
    var hidden = entry(mel, run, .relu)
    for (number, convolution) in zip(1..., convolutions) {
      hidden = run.pointwise(convolution(hidden, run), .activation(.relu))
      guard try visit("conv.\(number)", hidden) else { return }
    }
    hidden = projection(hidden, run)
    guard try visit("hidden.0", hidden) else { return }
    let rotation = configuration.rotary.rotation(frames: hidden.rows, run)
    for (number, block) in zip(1..., blocks) {
      var weights = wanted.contains("attention.\(number)") ? Tensor(repeating: 0, shape: [0]) : nil
      hidden = block(hidden, rotation: rotation, weights: &weights, run)
      if let weights, try !visit("attention.\(number)", weights) { return }
      guard try visit("hidden.\(number)", hidden) else { return }
    }
    hidden = norm(hidden, run)
    guard try visit("final_norm", hidden), let head else { return }
    _ = try visit("logits", head(hidden, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let window = MelSpectrogram.window
    var timing = TimingBuilder(stride: MelSpectrogram.hop, field: window, first: Double(window - 1) / 2)
    var taps: [TapPoint] = []
    for (number, convolution) in zip(1..., convolutions) {
      convolution.addTiming(to: &timing)
      taps.append(
        TapPoint(
          name: "conv.\(number)", width: convolution.grid.outputs,
          timing: timing.timing(samplingRate: samplingRate)))
    }
    let whole = timing.timing(samplingRate: samplingRate)
    let states = (0...blocks.count).map { "hidden.\($0)" } + ["final_norm"]
    return taps
      + states.map { TapPoint(name: $0, width: configuration.width, timing: whole) }
      + (head.map { [TapPoint(name: "logits", width: $0.outputs, timing: whole)] } ?? [])
  }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

/// The settings of LASR, under the names that its `config.json` has for them: `encoder_config`'s where there is one.
struct LasrConfiguration: Sendable, Equatable {
  var bands = 128
  var channels = 256
  var kernel = 5
  var stride = 2
  var width = 512
  var innerWidth = 2048
  var layers = 17
  var heads = 8
  var activation = Activation.silu
  var convolutionKernel = 32
  var attentionBias = false
  var convolutionBias = false
  var epsilon = 1e-6
  var rotary = RotaryPositions(headSize: 64)
  /// What the way past a part counts, and what the part does.
  var fedWeights = [1.5, 0.5]
  var convolvedWeights = [2.0, 1.0]
  var initialDeviation = 0.02

  init(_ reader: ConfigurationReader) throws {
    let extent = 1...65_536
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    bands = try reader.integer("num_mel_bins", 1...1024, default: bands)
    channels = try reader.integer("subsampling_conv_channels", extent, default: channels)
    kernel = try reader.integer("subsampling_conv_kernel_size", 1...1023, default: kernel)
    stride = try reader.integer("subsampling_conv_stride", 1...64, default: stride)
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "hidden_act", default: "silu", Activation.knownNames, Activation.init(named:))
    convolutionKernel = try reader.integer("conv_kernel_size", 1...1023, default: convolutionKernel)
    attentionBias = try reader.bool("attention_bias", default: false)
    convolutionBias = try reader.bool("convolution_bias", default: false)
    epsilon = try reader.number("layer_norm_eps", 0...1, default: epsilon)
    fedWeights = try reader.numbers("feed_forward_residual_weights", count: 2, default: fedWeights)
    convolvedWeights = try reader.numbers("conv_residual_weights", count: 2, default: convolvedWeights)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    guard width % heads == 0, width / heads % 2 == 0 else {
      throw refuse(
        "num_attention_heads", "\(heads)", "a divisor of hidden_size, \(width), that leaves an even number")
    }
    rotary = try reader.rotary(headSize: width / heads)
    let keyHeads = try reader.integer("num_key_value_heads", 1...1024, default: heads)
    guard keyHeads == heads else {
      throw refuse("num_key_value_heads", "\(keyHeads)", "num_attention_heads, \(heads)")
    }
  }
}

extension ConfigurationReader {
  /// Finite numbers, so many of them.
  func numbers(_ key: String, count: Int, default fallback: [Double]) throws -> [Double] {
    guard let value = values[key], value != .null else { return fallback }
    let numbers = value.list?.compactMap(\.number) ?? []
    guard numbers.count == count, numbers.allSatisfy({ abs($0) <= 1e6 }) else {
      throw ModelError.configuration(
        path: path, key: key, found: Self.words(value), expected: "\(count) numbers")
    }
    return numbers
  }
}

// MARK: - Building

extension Lasr {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "subsampler.dense_0.weight", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration(under: ["encoder_config"]) else {
      throw ModelError.unstated(
        path: path, what: "its heads and the weights of its residuals",
        option: "a config.json with --config")
    }
    try description.expectSamplingRate(MelSpectrogram.samplingRate)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try LasrConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let symbols = reader.shape(of: "ctc_head.weight").flatMap { shape in
      shape.count == 3 && (1...262_144).contains(shape[0]) ? shape[0] : nil
    }
    let model = try Lasr(configuration, symbols: symbols, from: &reader)
    let counters = (0..<configuration.layers).map { "layers.\($0).conv.norm.num_batches_tracked" }
    let report = try description.report(of: reader, names, leavingOut: counters, notes: [])
    return BuiltModel(
      architecture: model, family: "lasr", parameters: model.parameters, report: report,
      input: .features(
        "LASR's log-mel of \(configuration.bands) bands", samplingRate: MelSpectrogram.samplingRate))
  }

  func untrained(seed: UInt64) throws -> Lasr {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Lasr(configuration, symbols: head?.outputs, from: &reader)
  }

  init(_ c: LasrConfiguration, symbols: Int?, from reader: inout ParameterReader) throws {
    configuration = c
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    entry = try reader.linear("subsampler.dense_0", c.bands, c.width, weight: drawn)
    convolutions = try [(c.width, c.width), (c.width, c.channels)].enumerated().map { index, sizes in
      try reader.timeConvolution(
        "subsampler.conv_\(index)", inputs: sizes.0, outputs: sizes.1, kernel: c.kernel, stride: c.stride,
        ends: .fixed(left: 0, right: 0), weight: drawn)
    }
    projection = try reader.linear("subsampler.dense_1", c.channels, c.width, weight: drawn)
    blocks = try (0..<c.layers).map { try reader.lasrBlock("layers.\($0)", c, drawn) }
    norm = try reader.scaleNorm("out_norm", c.width, epsilon: Float(c.epsilon))
    head = try symbols.map { try reader.pointwise("ctc_head", c.width, $0, weight: drawn, bias: .zeros) }
    parameters = reader.count
  }
}

extension ParameterReader {
  fileprivate mutating func lasrBlock(
    _ name: String, _ c: LasrConfiguration, _ drawn: Initialisation
  ) throws -> Lasr.Block {
    let width = c.width
    let bias: Initialisation? = c.attentionBias ? .zeros : nil
    let convolutionBias: Initialisation? = c.convolutionBias ? .zeros : nil
    func norm(_ part: String) throws -> LayerNorm {
      try scaleNorm("\(name).norm_\(part)", width, epsilon: Float(c.epsilon))
    }
    func weights(_ value: Double) -> Tensor { Tensor(repeating: Float(value), shape: [width]) }
    func feedForward(_ part: String) throws -> FeedForward {
      FeedForward(
        up: try linear("\(name).\(part).linear1", width, c.innerWidth, weight: drawn, bias: bias),
        down: try linear("\(name).\(part).linear2", c.innerWidth, width, weight: drawn, bias: bias)
          .scaled(by: weights(c.fedWeights[1])),
        activation: c.activation)
    }
    func projection(_ part: String) throws -> Linear {
      try linear("\(name).self_attn.\(part)_proj", width, width, weight: drawn, bias: bias)
    }
    let depthwise = DepthwiseConvolution(
      weight: try tensor("\(name).conv.depthwise_conv.weight", [width, 1, c.convolutionKernel], drawn),
      bias: try convolutionBias.map { try tensor("\(name).conv.depthwise_conv.bias", [width], $0) },
      batchNorm: try batchNorm("\(name).conv.norm", width), norm: nil,
      padding: (c.convolutionKernel - 1) / 2, activation: c.activation)
    return Lasr.Block(
      firstNorm: try norm("feed_forward1"), first: try feedForward("feed_forward1"),
      attentionNorm: try norm("self_att"),
      attention: SelfAttention(
        query: try projection("q"), key: try projection("k"), value: try projection("v"),
        output: try projection("o"), heads: c.heads),
      convolutionNorm: try norm("conv"),
      gate: try pointwise(
        "\(name).conv.pointwise_conv1", width, 2 * width, weight: drawn, bias: convolutionBias),
      depthwise: depthwise,
      convolutionOutput: try pointwise(
        "\(name).conv.pointwise_conv2", width, width, weight: drawn, bias: convolutionBias
      ).scaled(by: weights(c.convolvedWeights[1])),
      secondNorm: try norm("feed_forward2"), second: try feedForward("feed_forward2"),
      norm: try norm("out"), fedWeight: Float(c.fedWeights[0]),
      convolvedWeight: Float(c.convolvedWeights[0]))
  }
}
