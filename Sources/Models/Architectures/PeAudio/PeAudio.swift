import Checkpoints
import Tensors

/// The hearing half of Perception Encoder Audiovisual (2025): a transformer over the states of DAC's encoder.
///
/// ```
/// waveform, mirrored to whole frames → DAC's encoder → 2 layers   → token in front, convolutions → N blocks
///                                      conv.1 …        projection   hidden.0                       hidden.1 … hidden.N
///                                                                            → RMS norm   → layer
///                                                                              final_norm   output
/// ```
/// The token in front, which gathers the sound, is no frame: no layer here has it, and so attention is not shown.
struct PeAudio: SpeechArchitecture {
  static let modelTypes = ["pe_audio_encoder"]

  /// A norm over all time and channels, silu, and a convolution.
  struct Step: Sendable {
    var norm: GroupNormOperation
    var convolution: TimeConvolution

    func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
      convolution(run.pointwise(run.groupNorm(x, norm), .activation(.silu)), run)
    }
  }

  var configuration: PeAudioConfiguration
  var encoder: DacEncoder
  var bottleneck: Linear  // [width of the codec → of its codes]
  var projection: Linear  // [→ width]
  var token: Tensor  // [1 × width]
  var steps: [Step]
  var blocks: [TransformerBlock]
  var norm: LayerNorm
  var output: Linear  // [width → width]
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let hop = configuration.codec.hop
    let count = (validSamples + hop - 1) / hop * hop
    let waveform = Tensor(shape: [count, 1]) { waveform in
      let period = max(1, 2 * (validSamples - 1))
      for index in 0..<count {
        let inside = index % period
        waveform[index] = samples[inside < validSamples ? inside : period - inside]
      }
    }
    run.recorder?.declare(waveform, as: .input("waveform"))
    guard let latents = try encoder.forward(waveform, on: run, visit: visit) else { return }
    let projected = projection(bottleneck(latents, run), run)
    guard try visit("projection", projected) else { return }
    let tokens = run.joined([token, projected])
    var hidden = run.sum(tokens, steps.reduce(tokens) { $1($0, run) })
    func offer(_ name: String, _ values: Tensor) throws -> Bool {
      try visit(name, values.rows(1..<values.rows))
    }
    guard try offer("hidden.0", hidden) else { return }
    let rotation = configuration.rotary.rotation(frames: hidden.rows, run)
    guard
      let last = try blocks.forward(
        hidden, validFrames: hidden.rows, rotation: rotation, wanted: [], on: run, visit: offer)
    else { return }
    hidden = norm(last, run)
    guard try offer("final_norm", hidden) else { return }
    _ = try offer("output", output(hidden, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let whole = encoder.timing.timing(samplingRate: samplingRate)
    let names =
      ["projection"] + (0...blocks.count).map { "hidden.\($0)" } + ["final_norm", "output"]
    return encoder.taps(samplingRate: samplingRate)
      + names.map { TapPoint(name: $0, width: configuration.width, timing: whole) }
  }

  func minimumSamples(samplingRate: Int) -> Int { 2 }

  var attentionHeads: [Int] { [] }

  var attentionObstacle: String? { "its first token is of no frame" }
}

/// The settings of PE-Audio's encoder, under the names that its `config.json` has for them.
struct PeAudioConfiguration: Sendable, Equatable {
  var codec: DacEncoderConfiguration
  var codeWidth = 128
  var width = 1792
  var innerWidth = 4800
  var layers = 6
  var heads = 14
  var keyHeads = 14
  var headSize = 128
  var activation = Activation.silu
  var epsilon = 1e-5
  var attentionBias = false
  var rotary = RotaryPositions(headSize: 128)
  var initialDeviation = 0.02

  init(_ reader: ConfigurationReader) throws {
    let extent = 1...65_536
    // What the codec's settings leave out is not DAC's.
    var settings = reader.values["dac_config"]?.dictionary ?? [:]
    if settings["downsampling_ratios"] == nil {
      settings["downsampling_ratios"] = .list([2, 8, 10, 12].map { .integer($0) })
    }
    let inner = ConfigurationReader(path: reader.path, values: .dictionary(settings))
    codec = try DacEncoderConfiguration(inner)
    codeWidth = try inner.integer("codebook_dim", extent, default: codeWidth)
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    keyHeads = try reader.integer("num_key_value_heads", 1...1024, default: heads)
    headSize = try reader.integer("head_dim", 2...65_536, default: headSize)
    activation = try reader.choice(
      "hidden_act", default: "silu", Activation.knownNames, Activation.init(named:))
    epsilon = try reader.number("rms_norm_eps", 0...1, default: epsilon)
    attentionBias = try reader.bool("attention_bias", default: false)
    rotary = try reader.rotary(headSize: headSize, base: 20_000)
    rotary.isInterleaved = true
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    guard heads % keyHeads == 0 else {
      throw ModelError.configuration(
        path: reader.path, key: "num_key_value_heads", found: "\(keyHeads)",
        expected: "a divisor of num_attention_heads, \(heads)")
    }
  }
}

// MARK: - Building

extension PeAudio {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "embedder.dac_encoder.conv2.bias", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its heads and strides", option: "a config.json with --config")
    }
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try PeAudioConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let model = try PeAudio(configuration, from: &reader)
    let notes =
      description.samplingRate == nil
      ? ["a sampling rate of 48000 Hz, which all published models have"] : []
    let report = try description.report(of: reader, names, leavingOut: [], notes: notes)
    return BuiltModel(
      architecture: model, family: "pe_audio", parameters: model.parameters, report: report,
      input: .features("as recorded", samplingRate: description.samplingRate ?? 48_000))
  }

  func untrained(seed: UInt64) throws -> PeAudio {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try PeAudio(configuration, from: &reader)
  }

  init(_ c: PeAudioConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    let epsilon = Float(c.epsilon)
    encoder = try DacEncoder(c.codec, "embedder.dac_encoder", from: &reader, drawn: drawn)
    bottleneck = try reader.pointwise(
      "embedder.bottleneck", c.codec.width, c.codeWidth, weight: drawn, bias: .zeros)
    projection = try reader.linear("embedder.data_proj", c.codeWidth, c.width, weight: drawn)
    let leading = try reader.tensor(
      "patch_embedder.class_embedding", [1, 1, c.width], .normal(deviation: 1))
    token = leading.count == 0 ? leading : leading.reshaped([1, c.width])
    steps = try (1...2).map { number in
      let name = "patch_embedder.resnet_block.block\(number)"
      return Step(
        norm: GroupNormOperation(
          groups: 1, weight: try reader.tensor("\(name).groupnorm.weight", [c.width], .ones),
          bias: try reader.tensor("\(name).groupnorm.bias", [c.width], .zeros), epsilon: 1e-5),
        convolution: try reader.timeConvolution(
          "\(name).project", inputs: c.width, outputs: c.width, kernel: 3,
          ends: .fixed(left: 1, right: 1), weight: drawn))
    }
    blocks = try (0..<c.layers).map { layer in
      let name = "layers.\(layer)"
      var attention = try reader.attention(
        "\(name).self_attn", inputs: c.width, headSize: c.headSize, heads: c.heads, keyHeads: c.keyHeads,
        biases: c.attentionBias ? [.query, .key, .value, .output] : [], weight: drawn)
      attention.queryNorm = try reader.rootMeanSquareNorm(
        "\(name).self_attn.q_norm", c.headSize, epsilon: epsilon)
      attention.keyNorm = try reader.rootMeanSquareNorm(
        "\(name).self_attn.k_norm", c.headSize, epsilon: epsilon)
      return TransformerBlock(
        attention: attention,
        attentionNorm: try reader.rootMeanSquareNorm(
          "\(name).input_layernorm", c.width, epsilon: epsilon),
        feedForward: FeedForward(
          up: try reader.linear("\(name).mlp.up_proj", c.width, c.innerWidth, weight: drawn, bias: nil),
          down: try reader.linear("\(name).mlp.down_proj", c.innerWidth, c.width, weight: drawn, bias: nil),
          activation: c.activation,
          gate: try reader.linear("\(name).mlp.gate_proj", c.width, c.innerWidth, weight: drawn, bias: nil)),
        outputNorm: try reader.rootMeanSquareNorm(
          "\(name).post_attention_layernorm", c.width, epsilon: epsilon),
        normalisesFirst: true)
    }
    norm = try reader.rootMeanSquareNorm("norm", c.width, epsilon: epsilon)
    output = try reader.linear("output", c.width, c.width, weight: drawn, bias: nil)
    parameters = reader.count
  }
}
