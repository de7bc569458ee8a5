import Audio
import Checkpoints
import Tensors

/// The encoder of Qwen3-ASR and of Qwen3-Omni's hearing (2025): convolutions over a second of Whisper's log-mel at a time,
/// a transformer over eight seconds.
///
/// ```
/// log-mel → 3 convolutions by 2 in time and frequency → layer, + sinusoids → N blocks             → norm       → 2 layers
///                                                       hidden.0             hidden.1 … hidden.N    final_norm   output
/// ```
/// A second makes 13 frames, 80 ms apart, and the next one begins anew: frame 13 has its centre at 1 s, not at 1.04 s.
/// Positions begin anew too. `output`, what the language model reads, is Qwen3-Omni's.
struct Qwen3Audio: SpeechArchitecture {
  static let modelTypes = ["qwen3_asr_encoder", "qwen3_omni_moe_audio_encoder"]

  var configuration: Qwen3AudioConfiguration
  var convolutions: [GridConvolution]
  var projection: Linear  // [bands left · channels → width]
  var blocks: [TransformerBlock]
  var norm: LayerNorm
  /// Of Qwen3-Omni.
  var output: FeedForward?
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let c = configuration
    var sound = Array(samples.prefix(validSamples))
    if sound.count < c.shortest { sound += Array(repeating: 0, count: c.shortest - sound.count) }
    let mel = try LogMel.whisper(bands: c.bands).features(
      of: Waveform(samples: sound, samplingRate: 16_000))
    run.recorder?.declare(mel, as: .input("log-mel"))
    // Of a sound that was filled up only frames of its own are shown.
    let own = validSamples / 160
    let frames = own / c.chunk * c.frames(of: c.chunk) + c.frames(of: own % c.chunk)
    func offer(_ name: String, _ values: Tensor) throws -> Bool {
      let isOfFrames = values.shape.count == 2 && values.rows > frames
      return try visit(name, isOfFrames ? values.rows(0..<frames) : values)
    }
    let hidden = convolved(mel, run)
    guard try offer("hidden.0", hidden),
      let last = try blocks.forward(
        hidden, validFrames: hidden.rows, reach: { _ in .blocks(size: c.blockFrames) }, wanted: wanted,
        on: run, visit: offer)
    else { return }
    let normed = norm(last, run)
    guard try offer("final_norm", normed), let output else { return }
    _ = try offer("output", output(normed, run))
  }

  /// Each second by itself; the last one is filled up with zeros, but where it is the only one of Qwen3-Omni's.
  private func convolved(_ mel: Tensor, _ run: Evaluation) -> Tensor {
    let c = configuration
    let parts = stride(from: 0, to: mel.rows, by: c.chunk).map { start -> Tensor in
      let rows = min(c.chunk, mel.rows - start)
      let isFilled = rows < c.chunk && (start > 0 || c.fillsOnly)
      var x = run.padded(
        mel.rows(start..<(start + rows)),
        PaddingOperation(left: 0, right: isFilled ? c.chunk - rows : 0, filling: .zeros))
      var bands = c.bands
      for convolution in convolutions {
        x = run.pointwise(run.convolution(x, convolution, frequencies: bands), .activation(.gelu))
        bands = convolution.walk.frequency.outputs(of: bands)
      }
      let projected = projection(x, run)
      let placed = run.sum(projected, run.sinusoids(0..<projected.rows, width: projected.width))
      return placed.rows(0..<c.frames(of: rows))
    }
    return parts.count == 1 ? parts[0] : run.joined(parts)
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let c = configuration
    var timing = TimingBuilder(stride: 160, field: 400)
    for _ in convolutions { timing.add(span: 3, stride: 2, left: 1) }
    let whole = timing.timing(
      samplingRate: samplingRate,
      period: FrameTiming.Period(frames: c.frames(of: c.chunk), samples: 160 * c.chunk))
    let names = (0...blocks.count).map { "hidden.\($0)" } + ["final_norm"]
    return names.map { TapPoint(name: $0, width: c.width, timing: whole) }
      + (output.map { [TapPoint(name: "output", width: $0.down.outputs, timing: whole)] } ?? [])
  }

  /// Two frames of log-mel.
  func minimumSamples(samplingRate: Int) -> Int { 320 }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

/// The settings of Qwen3's audio encoders, under the names that their `config.json` has for them.
struct Qwen3AudioConfiguration: Sendable, Equatable {
  var bands = 128
  var channels = 480
  var width = 1024
  var innerWidth = 4096
  var layers = 24
  var heads = 16
  var activation = Activation.gelu
  /// Frames of log-mel that the convolutions see at once.
  var chunk = 100
  /// Such chunks whose frames attend to each other.
  var chunksOfBlock = 8
  var outputWidth = 3584
  /// Whether it is Qwen3-Omni's, with two layers behind it.
  var hasOutput = false
  /// Whether a chunk is filled up that is the only one.
  var fillsOnly = true
  /// Samples that a shorter sound is filled up to.
  var shortest = 0
  var initialDeviation = 0.02

  /// What three convolutions by 2 make of so many.
  func frames(of count: Int) -> Int { (count + 7) / 8 }

  var blockFrames: Int { frames(of: chunk) * chunksOfBlock }

  init(_ reader: ConfigurationReader, isOmni: Bool, preprocessing: MetadataValue?, path: String) throws {
    let extent = 1...65_536
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    (hasOutput, fillsOnly) = (isOmni, !isOmni)
    if isOmni { (width, innerWidth, layers, heads) = (1280, 5120, 32, 20) }
    bands = try reader.integer("num_mel_bins", 1...1024, default: bands)
    channels = try reader.integer("downsample_hidden_size", extent, default: channels)
    width = try reader.integer("d_model", extent, default: width)
    innerWidth = try reader.integer("encoder_ffn_dim", 1...262_144, default: innerWidth)
    layers = try reader.integer("encoder_layers", 1...512, default: layers)
    heads = try reader.integer("encoder_attention_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "activation_function", default: "gelu", Activation.knownNames, Activation.init(named:))
    let half = try reader.integer("n_window", 1...65_536, default: 50)
    chunk = 2 * half
    // Their own arithmetic counts 13 frames a chunk.
    guard frames(of: chunk) == 13 else { throw refuse("n_window", "\(half)", "49 to 52") }
    let reach = try reader.integer("n_window_infer", 1...1_000_000, default: 800)
    guard reach >= chunk else { throw refuse("n_window_infer", "\(reach)", "at least \(chunk)") }
    chunksOfBlock = reach / chunk
    outputWidth = try reader.integer("output_dim", extent, default: outputWidth)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    try reader.checkHeads(width: width, heads: heads, key: "encoder_attention_heads")
    guard width % 2 == 0, width > 2 else {
      throw refuse("d_model", "\(width)", "an even number (sines and cosines)")
    }
    if !isOmni {
      let input = ConfigurationReader(path: path, values: preprocessing ?? .null)
      shortest = try input.integer(
        "min_length", 0...10_000_000, default: preprocessing == nil ? 8000 : 0)
    }
  }
}

// MARK: - Building

extension Qwen3Audio {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "conv2d3.weight", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its heads and how far they reach", option: "a config.json with --config")
    }
    try description.expectSamplingRate(16_000)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try Qwen3AudioConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree),
      isOmni: description.modelType.map { $0 == modelTypes[1] } ?? reader.has("proj1.weight"),
      preprocessing: description.preprocessing, path: description.folder)
    let model = try Qwen3Audio(configuration, from: &reader)
    let report = try description.report(of: reader, names, leavingOut: [], notes: [])
    return BuiltModel(
      architecture: model, family: configuration.hasOutput ? "qwen3_omni" : "qwen3_asr",
      parameters: model.parameters, report: report,
      input: .features(
        "Whisper's log-mel of \(configuration.bands) bands, of the sound alone", samplingRate: 16_000))
  }

  func untrained(seed: UInt64) throws -> Qwen3Audio {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Qwen3Audio(configuration, from: &reader)
  }

  init(_ c: Qwen3AudioConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    let walk = GridWalk.Axis(kernel: 3, stride: 2, padding: 1)
    convolutions = try (1...3).map { number in
      let weight = try reader.tensor(
        "conv2d\(number).weight", [c.channels, number == 1 ? 1 : c.channels, 3, 3], drawn)
      return GridConvolution(
        weight: weight.placeByPlace(isFrequencyFirst: true),
        bias: try reader.tensor("conv2d\(number).bias", [c.channels], .zeros), groups: 1,
        walk: GridWalk(time: walk, frequency: walk))
    }
    let bands = (0..<3).reduce(c.bands) { bands, _ in (bands + 1) / 2 }
    projection = try reader.linear("conv_out", c.channels * bands, c.width, weight: drawn, bias: nil)
      .readingBands(bands)
    blocks = try (0..<c.layers).map { layer in
      let name = "layers.\(layer)"
      return TransformerBlock(
        attention: try reader.attention(
          "\(name).self_attn", inputs: c.width, headSize: c.width / c.heads, heads: c.heads,
          keyHeads: c.heads, biases: [.query, .key, .value, .output], output: "out_proj", weight: drawn),
        attentionNorm: try reader.layerNorm("\(name).self_attn_layer_norm", c.width, epsilon: 1e-5),
        feedForward: FeedForward(
          up: try reader.linear("\(name).fc1", c.width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).fc2", c.innerWidth, c.width, weight: drawn),
          activation: c.activation),
        outputNorm: try reader.layerNorm("\(name).final_layer_norm", c.width, epsilon: 1e-5),
        normalisesFirst: true)
    }
    norm = try reader.layerNorm("ln_post", c.width, epsilon: 1e-5)
    output =
      c.hasOutput
      ? FeedForward(
        up: try reader.linear("proj1", c.width, c.width, weight: drawn),
        down: try reader.linear("proj2", c.width, c.outputWidth, weight: drawn), activation: c.activation)
      : nil
    parameters = reader.count
  }
}
