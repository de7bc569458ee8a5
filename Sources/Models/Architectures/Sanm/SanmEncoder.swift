import Audio
import Checkpoints
import Tensors

/// The encoder of SenseVoice, Paraformer and Fun-ASR (Gao 2020, "SAN-M"): self-attention with a memory, over filter
/// banks at a low frame rate.
///
/// ```
/// filter banks, 7 frames side by side every 6 → × √width, + sinusoids → N blocks
///                                               hidden.0                hidden.1 … hidden.N
/// ```
/// The memory is a convolution over time of each channel of the values, added to what attention gives. `hidden.0` has the
/// width of the input, and the first block no way past its attention. Two blocks end with a norm: the last of those for
/// transcription, and the last.
struct SanmEncoder: SpeechArchitecture {
  static let modelTypes = ["fun_asr_nano_encoder"]

  struct Block: Sendable {
    var norm: LayerNorm
    var query, key, value, output: Linear
    var memory: DepthwiseConvolution
    var heads: Int
    var innerNorm: LayerNorm
    var feedForward: FeedForward
    var finalNorm: LayerNorm?

    func callAsFunction(_ x: Tensor, weights: inout Tensor?, _ run: Evaluation) -> Tensor {
      let normed = norm(x, run)
      let values = value(normed, run)
      let context = run.attention(
        query(normed, run), key(normed, run), values, heads: heads, validFrames: x.rows, weights: &weights)
      var attended = output(context, run, adding: memory(values, validFrames: x.rows, run))
      if x.width == attended.width { attended = run.sum(x, attended) }
      let hidden = feedForward(innerNorm(attended, run), adding: attended, run)
      return finalNorm?(hidden, run) ?? hidden
    }
  }

  var configuration: SanmConfiguration
  var blocks: [Block]
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let sound = Waveform(
      samples: Array(samples.prefix(validSamples)), samplingRate: KaldiFilterBank.samplingRate)
    let banks = try KaldiFilterBank(
      bands: configuration.bands, window: .hamming, scale: configuration.scale
    )
    .features(of: sound)
    let stacked = configuration.stacked(banks)
    guard stacked.rows < configuration.positions else {
      throw ModelError.tooManyFrames(found: stacked.rows, maximum: configuration.positions - 1)
    }
    run.recorder?.declare(stacked, as: .input("filter banks"))
    let positions = run.sinusoids(1..<(stacked.rows + 1), width: stacked.width)
    var hidden = run.sum(
      run.scaled(stacked, by: Float(configuration.width).squareRoot()), positions)
    guard try visit("hidden.0", hidden) else { return }
    for (number, block) in zip(1..., blocks) {
      var weights = wanted.contains("attention.\(number)") ? Tensor(repeating: 0, shape: [0]) : nil
      hidden = block(hidden, weights: &weights, run)
      if let weights, try !visit("attention.\(number)", weights) { return }
      guard try visit("hidden.\(number)", hidden) else { return }
    }
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let (window, hop) = (KaldiFilterBank.window, KaldiFilterBank.hop)
    var timing = TimingBuilder(stride: hop, field: window, first: Double(window - 1) / 2)
    timing.add(
      span: configuration.stackedFrames, stride: configuration.step,
      left: (configuration.stackedFrames - 1) / 2)
    let whole = timing.timing(samplingRate: samplingRate)
    return (0...blocks.count).map {
      TapPoint(
        name: "hidden.\($0)", width: $0 == 0 ? configuration.inputs : configuration.width, timing: whole)
    }
  }

  func minimumSamples(samplingRate: Int) -> Int { KaldiFilterBank.window }

  var attentionHeads: [Int] { blocks.map(\.heads) }
}

/// The settings of a SAN-M encoder, under the names that Fun-ASR-Nano's `config.json` has for them: `audio_config`'s where
/// there is one.
struct SanmConfiguration: Sendable, Equatable {
  var bands = 80
  var width = 512
  var innerWidth = 2048
  var layers = 70
  /// Of these the last so many tell of time.
  var timeLayers = 20
  var heads = 4
  var activation = Activation.relu
  var epsilon = 1e-5
  var kernel = 11
  var positions = 2049
  /// Frames side by side, and from one such to the next.
  var stackedFrames = 7
  var step = 6
  /// What samples are multiplied with.
  var scale = 1.0

  /// Values of a frame of the input.
  var inputs: Int { bands * stackedFrames }

  init(_ reader: ConfigurationReader, preprocessing: MetadataValue?, path: String) throws {
    let extent = 1...65_536
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    bands = try reader.integer("num_mel_bins", 1...256, default: bands)
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    timeLayers = try reader.integer("num_timestamp_prediction_layers", 0...511, default: timeLayers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "hidden_act", default: "relu", Activation.knownNames, Activation.init(named:))
    epsilon = try reader.number("layer_norm_eps", 0...1, default: epsilon)
    kernel = try reader.integer("fsmn_kernel_size", 1...1023, default: kernel)
    positions = try reader.integer("max_position_embeddings", 2...1_000_000, default: positions)
    stackedFrames = try reader.integer("num_stacked_frames", 1...64, default: stackedFrames)
    if let preprocessing {
      let input = ConfigurationReader(path: path, values: preprocessing)
      step = try input.integer("stride_lfr", 1...64, default: step)
      for (key, expected) in [
        ("num_frames_lfr", stackedFrames), ("feature_size", bands), ("frame_length", 25),
        ("frame_shift", 10),
      ] {
        let found = try input.integer(key, 1...100_000, default: expected)
        guard found == expected else {
          throw ModelError.configuration(
            path: path, key: "\(key) of the feature extractor", found: "\(found)", expected: "\(expected)")
        }
      }
      _ = try input.choice("window", default: "hamming", "\"hamming\"") { $0 == "hamming" ? true : nil }
    }
    guard width % heads == 0 else {
      throw refuse("num_attention_heads", "\(heads)", "a divisor of hidden_size, \(width)")
    }
    guard timeLayers < layers else {
      throw refuse(
        "num_timestamp_prediction_layers", "\(timeLayers)", "less than num_hidden_layers, \(layers)")
    }
    guard inputs % 2 == 0, inputs >= 4 else {
      throw refuse("num_mel_bins", "\(bands)", "an even number of inputs (sines and cosines)")
    }
  }

  /// Frames side by side, ⌈frames / step⌉ of them; the first and the last frame stand in beyond the ends.
  func stacked(_ x: Tensor) -> Tensor {
    let (frames, width) = (x.rows, x.width)
    let left = (stackedFrames - 1) / 2
    return x.withUnsafeBuffer { x in
      Tensor(shape: [(frames + step - 1) / step, stackedFrames * width]) { target in
        for place in 0..<(target.count / width) {
          let frame = place / stackedFrames * step + place % stackedFrames - left
          let source = min(max(0, frame), frames - 1)
          for column in 0..<width { target[place * width + column] = x[source * width + column] }
        }
      }
    }
  }
}

// MARK: - Building

extension SanmEncoder {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "layers.0.self_attn.fsmn.conv.weight", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(path: path, what: "its heads", option: "a config.json with --config")
    }
    try description.expectSamplingRate(KaldiFilterBank.samplingRate)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try SanmConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree),
      preprocessing: description.preprocessing, path: description.folder)
    let model = try SanmEncoder(configuration, from: &reader)
    let report = try description.report(of: reader, names, leavingOut: [], notes: [])
    return BuiltModel(
      architecture: model, family: "sanm", parameters: model.parameters, report: report,
      input: .features(
        "Kaldi's filter banks of \(configuration.bands) bands (Hamming, samples of −1 … 1), \(configuration.stackedFrames) frames every \(configuration.step)",
        samplingRate: KaldiFilterBank.samplingRate))
  }

  func untrained(seed: UInt64) throws -> SanmEncoder {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try SanmEncoder(configuration, from: &reader)
  }

  init(_ c: SanmConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    let drawn = Initialisation.normal(deviation: 0.02)
    let normed = [c.layers - c.timeLayers - 1, c.layers - 1]
    blocks = try (0..<c.layers).map { layer in
      let name = "layers.\(layer)"
      let inputs = layer == 0 ? c.inputs : c.width
      func projection(_ part: String) throws -> Linear {
        try reader.linear("\(name).self_attn.\(part)_proj", inputs, c.width, weight: drawn)
      }
      func norm(_ part: String, _ width: Int) throws -> LayerNorm {
        try reader.layerNorm("\(name).\(part)", width, epsilon: Float(c.epsilon))
      }
      return Block(
        norm: try norm("input_layernorm", inputs), query: try projection("q"), key: try projection("k"),
        value: try projection("v"),
        output: try reader.linear("\(name).self_attn.o_proj", c.width, c.width, weight: drawn),
        memory: DepthwiseConvolution(
          weight: try reader.tensor(
            "\(name).self_attn.fsmn.conv.weight", [c.width, 1, c.kernel], drawn
          ).adding(1, toTap: (c.kernel - 1) / 2),
          bias: nil, batchNorm: nil, norm: nil, padding: (c.kernel - 1) / 2, activation: .linear),
        heads: c.heads, innerNorm: try norm("post_attention_layernorm", c.width),
        feedForward: FeedForward(
          up: try reader.linear("\(name).mlp.fc1", c.width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).mlp.fc2", c.innerWidth, c.width, weight: drawn),
          activation: c.activation),
        finalNorm: normed.contains(layer) ? try norm("final_layernorm", c.width) : nil)
    }
    parameters = reader.count
  }
}

extension Tensor {
  /// A depthwise kernel `[width × 1 × kernel]` with `value` added to one tap of each channel.
  fileprivate func adding(_ value: Float, toTap tap: Int) -> Tensor {
    guard shape.count == 3, count > 0 else { return self }
    var result = self
    let kernel = shape[2]
    result.withUnsafeMutableBuffer { weight in
      for start in stride(from: tap, to: weight.count, by: kernel) { weight[start] += value }
    }
    return result
  }
}
