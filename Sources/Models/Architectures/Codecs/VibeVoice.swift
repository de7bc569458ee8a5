import Checkpoints
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The encoder of VibeVoice's acoustic tokeniser (Peng 2025): causal ConvNeXt blocks between convolutions by a stride.
///
/// ```
/// waveform at −25 dB, zeros behind to whole frames → convolution, blocks → stages of a convolution and blocks → convolution
///                                                                          conv.1 …                            latents
/// ```
struct VibeVoice: SpeechArchitecture {
  static let modelTypes = ["vibevoice_acoustic_tokenizer", "vibevoice_acoustic_tokenizer_encoder"]

  /// `x + γ·convolution(norm(x))`, then the same of a feed-forward network; both γ are in the layers.
  struct Block: Sendable {
    var norm: LayerNorm
    var mixer: DepthwiseConvolution
    var innerNorm: LayerNorm
    var feedForward: FeedForward

    func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
      let mixed = run.sum(x, mixer(norm(x, run), validFrames: x.rows, run))
      return feedForward(innerNorm(mixed, run), adding: mixed, run)
    }
  }

  struct Stage: Sendable {
    var convolution: TimeConvolution
    var blocks: [Block]

    func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
      blocks.reduce(convolution(x, run)) { $1($0, run) }
    }

    fileprivate func addTiming(to timing: inout TimingBuilder, kernel: Int) {
      convolution.addTiming(to: &timing)
      for _ in blocks { timing.add(span: kernel, stride: 1, left: kernel - 1) }
    }
  }

  var configuration: VibeVoiceConfiguration
  /// The first has no stride.
  var stages: [Stage]
  var head: TimeConvolution
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let sound = configuration.scaled(Array(samples.prefix(validSamples)))
    let hop = configuration.hop
    let waveform = Tensor(shape: [(sound.count + hop - 1) / hop * hop, 1]) { waveform in
      waveform.update(repeating: 0)
      for index in sound.indices { waveform[index] = sound[index] }
    }
    run.recorder?.declare(waveform, as: .input("waveform"))
    var hidden = stages[0](waveform, run)
    for (number, stage) in zip(1..., stages.dropFirst()) {
      hidden = stage(hidden, run)
      guard try visit("conv.\(number)", hidden) else { return }
    }
    _ = try visit("latents", head(hidden, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    var timing = TimingBuilder()
    stages[0].addTiming(to: &timing, kernel: configuration.kernel)
    var taps: [TapPoint] = []
    for (number, stage) in zip(1..., stages.dropFirst()) {
      stage.addTiming(to: &timing, kernel: configuration.kernel)
      taps.append(
        TapPoint(
          name: "conv.\(number)", width: stage.convolution.grid.outputs,
          timing: timing.timing(samplingRate: samplingRate)))
    }
    head.addTiming(to: &timing)
    return taps + [
      TapPoint(
        name: "latents", width: configuration.width, timing: timing.timing(samplingRate: samplingRate))
    ]
  }

  /// A sample is filled up to a frame.
  func minimumSamples(samplingRate: Int) -> Int { 1 }

  var attentionHeads: [Int] { [] }
}

/// The settings of VibeVoice's acoustic tokeniser, under the names that its `config.json` has for them.
struct VibeVoiceConfiguration: Sendable, Equatable {
  var width = 64
  var filters = 32
  var kernel = 7
  var ratios = [2, 2, 4, 5, 5, 8]
  /// Blocks of each stage, the one before the first stride among them.
  var depths = [3, 3, 3, 3, 3, 3, 8]
  var activation = Activation.gelu
  var innerFactor = 4
  var epsilon = 1e-5
  var initialScale = 1e-6
  var initialDeviation = 1e-2
  /// The level that the sound is brought to, in decibels below full scale; nil where it stays as it is.
  var level: Double? = -25
  private var levelEpsilon = 1e-6

  /// Samples of a frame.
  var hop: Int { ratios.reduce(1, *) }

  init(_ reader: ConfigurationReader, _ description: ModelDescription) throws {
    let extent = 1...65_536
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    _ = try reader.integer("channels", 1...1, default: 1)
    width = try reader.integer("hidden_size", extent, default: width)
    filters = try reader.integer("num_filters", extent, default: filters)
    kernel = try reader.integer("kernel_size", 1...1023, default: kernel)
    ratios = try reader.integers("downsampling_ratios", 1...4096, count: 1...16, default: ratios)
    depths = try reader.integers("depths", 0...512, count: 2...17, default: depths)
    activation = try reader.choice(
      "hidden_act", default: "gelu", Activation.knownNames, Activation.init(named:))
    innerFactor = try reader.integer("ffn_expansion", 1...64, default: innerFactor)
    epsilon = try reader.number("rms_norm_eps", 0...1, default: epsilon)
    initialScale = try reader.number("layer_scale_init_value", -100...100, default: initialScale)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    guard depths.count == ratios.count + 1 else {
      throw refuse("depths", "\(depths)", "one more than downsampling_ratios, \(ratios.count)")
    }
    guard ratios.reduce(1.0, { $0 * Double($1) }) <= 1_000_000, filters << ratios.count <= 262_144 else {
      throw refuse(
        "downsampling_ratios", "\(ratios)",
        "strides of no more than a million samples and 262144 channels in all")
    }
    let input = ConfigurationReader(
      path: description.folder, values: description.preprocessing ?? .null)
    let isScaled = try input.bool("normalize_audio", default: true)
    level = try input.number("target_dB_FS", -200...0, default: -25)
    levelEpsilon = try input.number("eps", 0...1, default: 1e-6)
    if !(description.options.normalisesInput ?? isScaled) { level = nil }
  }

  /// The sound at its level; what would then be beyond full scale is brought back as a whole.
  func scaled(_ samples: [Float]) -> [Float] {
    guard let level, !samples.isEmpty else { return samples }
    let square = samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(samples.count)
    let factor = Float(pow(10, level / 20) / (square.squareRoot() + levelEpsilon))
    let result = samples.map { $0 * factor }
    let peak = result.reduce(Float(0)) { max($0, abs($1)) }
    return peak > 1 ? result.map { $0 / (peak + Float(levelEpsilon)) } : result
  }
}

// MARK: - Building

extension VibeVoice {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found =
      try TensorNames(checkpoint, anchor: "encoder.stem.conv.conv.weight", path: path)?
      .renamed { $0.hasPrefix("encoder.") ? String($0.dropFirst("encoder.".count)) : "outside." + $0 }
      ?? TensorNames(checkpoint, anchor: "stem.conv.conv.weight", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(path: path, what: "its strides", option: "a config.json with --config")
    }
    let rate = 24_000
    try description.expectSamplingRate(rate)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try VibeVoiceConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree), description)
    let model = try VibeVoice(configuration, from: &reader)
    let isSaid = description.preprocessing?["normalize_audio"] != nil
    let notes =
      isSaid || description.options.normalisesInput != nil
      ? [] : ["its sound is brought to −25 dB, as for every published model (--no-normalise leaves it)"]
    let report = try description.report(
      of: reader, names, leavingOut: ["outside", "decoder"], notes: notes)
    return BuiltModel(
      architecture: model, family: "vibevoice", parameters: model.parameters, report: report,
      input: .features(
        configuration.level.map { "a root mean square of \($0) dB" } ?? "as recorded", samplingRate: rate))
  }

  func untrained(seed: UInt64) throws -> VibeVoice {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try VibeVoice(configuration, from: &reader)
  }

  init(_ c: VibeVoiceConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    func stage(_ name: String, _ inputs: Int, _ outputs: Int, ratio: Int?, depth: Int) throws -> Stage {
      let kernel = ratio.map { 2 * $0 } ?? c.kernel
      return Stage(
        convolution: try reader.timeConvolution(
          "\(name).conv.conv", inputs: inputs, outputs: outputs, kernel: kernel, stride: ratio ?? 1,
          ends: .fixed(left: kernel - (ratio ?? 1), right: 0), weight: drawn),
        blocks: try (0..<depth).map { try reader.vibeVoiceBlock("\(name).stage.\($0)", outputs, c, drawn) })
    }
    var channels = c.filters
    stages = [try stage("stem", 1, channels, ratio: nil, depth: c.depths[0])]
    for (index, ratio) in c.ratios.enumerated() {
      stages.append(
        try stage(
          "conv_layers.\(index)", channels, 2 * channels, ratio: ratio, depth: c.depths[index + 1]))
      channels *= 2
    }
    head = try reader.timeConvolution(
      "head.conv", inputs: channels, outputs: c.width, kernel: c.kernel,
      ends: .fixed(left: c.kernel - 1, right: 0), weight: drawn)
    parameters = reader.count
  }
}

extension ParameterReader {
  fileprivate mutating func vibeVoiceBlock(
    _ name: String, _ width: Int, _ c: VibeVoiceConfiguration, _ drawn: Initialisation
  ) throws -> VibeVoice.Block {
    let scale = Initialisation.constant(Float(c.initialScale))
    let gamma = try tensor("\(name).gamma", [width], scale)
    let weight = try tensor("\(name).mixer.conv.weight", [width, 1, c.kernel], drawn)
    let bias = try tensor("\(name).mixer.conv.bias", [width], .zeros)
    let isWhole = gamma.count == width && bias.count == width
    return VibeVoice.Block(
      norm: try rootMeanSquareNorm("\(name).norm", width, epsilon: Float(c.epsilon)),
      mixer: DepthwiseConvolution(
        weight: isWhole ? weight : Tensor(shape: [0]), bias: bias,
        batchNorm: (factor: gamma, summand: Tensor(shape: [width])), norm: nil, padding: c.kernel - 1,
        activation: .linear),
      innerNorm: try rootMeanSquareNorm("\(name).ffn_norm", width, epsilon: Float(c.epsilon)),
      feedForward: FeedForward(
        up: try linear("\(name).ffn.linear1", width, c.innerFactor * width, weight: drawn),
        down: try linear("\(name).ffn.linear2", c.innerFactor * width, width, weight: drawn)
          .scaled(by: try tensor("\(name).ffn_gamma", [width], scale)),
        activation: c.activation))
  }
}
