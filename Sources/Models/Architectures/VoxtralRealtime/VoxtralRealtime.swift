import Audio
import Checkpoints
import Tensors

/// The encoder of Voxtral Realtime (2026), which looks at nothing that comes later.
///
/// ```
/// log-mel → causal convolution, gelu → causal convolution by 2, gelu → N blocks, RMS norm first → RMS norm
///           conv.1                     conv.2, hidden.0                hidden.1 … hidden.N        final_norm
/// ```
/// Rotary positions, gated feed-forward layers, and attention to the last 15 s, as published.
struct VoxtralRealtime: SpeechArchitecture {
  static let modelTypes = ["voxtral_realtime_encoder"]

  var configuration: VoxtralRealtimeConfiguration
  var convolutions: [TimeConvolution]
  var blocks: [TransformerBlock]
  var norm: LayerNorm
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let mel = try MelSpectrogram.voxtralRealtime(
      bands: configuration.bands, maximum: configuration.loudest
    ).features(
      of: Waveform(
        samples: Array(samples.prefix(validSamples)), samplingRate: MelSpectrogram.samplingRate))
    run.recorder?.declare(mel, as: .input("log-mel"))
    var hidden = mel
    for (number, convolution) in zip(1..., convolutions) {
      hidden = run.pointwise(convolution(hidden, run), .activation(.gelu))
      guard try visit("conv.\(number)", hidden) else { return }
    }
    guard try visit("hidden.0", hidden) else { return }
    let rotation = configuration.rotary.rotation(frames: hidden.rows, run)
    let reach =
      configuration.window.map { AttentionReach.near(back: $0 - 1, ahead: 0) } ?? AttentionReach.causal
    guard
      let last = try blocks.forward(
        hidden, validFrames: hidden.rows, rotation: rotation, reach: { _ in reach }, wanted: wanted,
        on: run, visit: visit)
    else { return }
    _ = try visit("final_norm", norm(last, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    var timing = TimingBuilder(stride: MelSpectrogram.hop, field: MelSpectrogram.window)
    let timings = convolutions.map { convolution in
      convolution.addTiming(to: &timing)
      return timing.timing(samplingRate: samplingRate)
    }
    let names = (0...blocks.count).map { "hidden.\($0)" } + ["final_norm"]
    return zip(1..., timings).map { number, timing in
      TapPoint(name: "conv.\(number)", width: configuration.width, timing: timing)
    }
      + names.map { TapPoint(name: $0, width: configuration.width, timing: timings.last) }
  }

  /// Two frames of log-mel.
  func minimumSamples(samplingRate: Int) -> Int { 2 * MelSpectrogram.hop }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

/// The settings of Voxtral Realtime's encoder, under the names that its `config.json` has for them: `audio_config`'s where
/// there is one.
struct VoxtralRealtimeConfiguration: Sendable, Equatable {
  var bands = 128
  var width = 1280
  var innerWidth = 5120
  var layers = 32
  var heads = 32
  var headSize = 64
  var activation = Activation.silu
  var epsilon = 1e-5
  var rotary = RotaryPositions(headSize: 64)
  /// Frames that a frame attends to, itself among them; nil for all before it.
  var window: Int? = 750
  /// What stands in for the loudest log energy; nil for the loudest.
  var loudest: Double? = 1.5
  var initialDeviation = 0.02

  init(_ reader: ConfigurationReader, preprocessing: MetadataValue?, path: String) throws {
    let extent = 1...65_536
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    // Whisper's names stand for these too.
    func integer(_ key: String, _ other: String, _ range: ClosedRange<Int>, _ fallback: Int) throws -> Int {
      try reader.integer(key, range, default: try reader.integer(other, range, default: fallback))
    }
    bands = try reader.integer("num_mel_bins", 1...1024, default: bands)
    width = try integer("hidden_size", "d_model", extent, width)
    innerWidth = try integer("intermediate_size", "encoder_ffn_dim", 1...262_144, innerWidth)
    layers = try integer("num_hidden_layers", "encoder_layers", 1...512, layers)
    heads = try integer("num_attention_heads", "encoder_attention_heads", 1...1024, heads)
    headSize = try reader.integer("head_dim", 2...65_536, default: headSize)
    activation = try reader.choice(
      "hidden_act", default: "silu", Activation.knownNames, Activation.init(named:))
    epsilon = try reader.number("rms_norm_eps", 0...1, default: epsilon)
    if let value = reader.values["sliding_window"] {
      window = value == .null ? nil : try reader.integer("sliding_window", 1...1_000_000, default: 750)
    }
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    guard headSize % 2 == 0 else { throw refuse("head_dim", "\(headSize)", "an even number") }
    rotary = try reader.rotary(headSize: headSize)
    let keyHeads = try reader.integer("num_key_value_heads", 1...1024, default: heads)
    guard keyHeads == heads else {
      throw refuse("num_key_value_heads", "\(keyHeads)", "num_attention_heads, \(heads)")
    }
    if let value = preprocessing?["global_log_mel_max"] {
      let input = ConfigurationReader(path: path, values: preprocessing ?? .null)
      loudest = value == .null ? nil : try input.number("global_log_mel_max", -100...100, default: 1.5)
    }
  }
}

// MARK: - Building

extension VoxtralRealtime {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "embedder.conv1.weight", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its heads and how far they reach", option: "a config.json with --config")
    }
    try description.expectSamplingRate(MelSpectrogram.samplingRate)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try VoxtralRealtimeConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree),
      preprocessing: description.preprocessing, path: description.folder)
    let model = try VoxtralRealtime(configuration, from: &reader)
    let report = try description.report(of: reader, names, leavingOut: [], notes: [])
    let maximum = configuration.loudest.map { "\($0) for its maximum" } ?? "its own maximum"
    return BuiltModel(
      architecture: model, family: "voxtral_realtime", parameters: model.parameters, report: report,
      input: .features(
        "Whisper's log-mel of \(configuration.bands) bands with \(maximum)",
        samplingRate: MelSpectrogram.samplingRate))
  }

  func untrained(seed: UInt64) throws -> VoxtralRealtime {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try VoxtralRealtime(configuration, from: &reader)
  }

  init(_ c: VoxtralRealtimeConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    convolutions = try [(inputs: c.bands, stride: 1), (c.width, 2)].enumerated().map { index, layer in
      try reader.timeConvolution(
        "embedder.conv\(index + 1)", inputs: layer.inputs, outputs: c.width, kernel: 3,
        stride: layer.stride, ends: .fixed(left: 3 - layer.stride, right: 0), weight: drawn)
    }
    let epsilon = Float(c.epsilon)
    blocks = try (0..<c.layers).map { layer in
      let name = "layers.\(layer)"
      return TransformerBlock(
        attention: try reader.attention(
          "\(name).self_attn", inputs: c.width, headSize: c.headSize, heads: c.heads, keyHeads: c.heads,
          biases: [.query, .value, .output], weight: drawn),
        attentionNorm: try reader.rootMeanSquareNorm(
          "\(name).self_attn_layer_norm", c.width, epsilon: epsilon),
        feedForward: FeedForward(
          up: try reader.linear("\(name).mlp.up_proj", c.width, c.innerWidth, weight: drawn, bias: nil),
          down: try reader.linear("\(name).mlp.down_proj", c.innerWidth, c.width, weight: drawn),
          activation: c.activation,
          gate: try reader.linear("\(name).mlp.gate_proj", c.width, c.innerWidth, weight: drawn, bias: nil)),
        outputNorm: try reader.rootMeanSquareNorm(
          "\(name).final_layer_norm", c.width, epsilon: epsilon),
        normalisesFirst: true)
    }
    norm = try reader.rootMeanSquareNorm("norm", c.width, epsilon: epsilon)
    parameters = reader.count
  }
}
