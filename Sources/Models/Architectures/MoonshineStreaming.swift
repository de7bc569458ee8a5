import Checkpoints
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Moonshine's streaming encoder: frames of 5 ms, each normalised by itself, two causal convolutions, and blocks that see a
/// window of time and no positions.
///
/// ```
/// waveform → frames, normalised, asinh → layer, silu → causal conv 5/2, silu → causal conv 5/2 → N blocks             → norm
///                                        projection    conv.1                  conv.2, hidden.0  hidden.1 … hidden.N    final_norm
/// ```
/// A frame lasts 20 ms. Zeros fill the last 5 ms up, and what is made of them is zero. Its decoder is not read.
struct MoonshineStreaming: SpeechArchitecture {
  static let modelTypes = ["moonshine_streaming", "moonshine_streaming_encoder"]

  var configuration: MoonshineStreamingConfiguration
  var compression: Float
  var projection: Linear  // [samples of a frame → width]
  var convolutions: [TimeConvolution]
  var blocks: [TransformerBlock]
  var norm: LayerNorm
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let size = configuration.frameSamples
    let (whole, frames) = (validSamples / size, (validSamples + size - 1) / size)
    var sound = Array(samples.prefix(validSamples))
    sound += [Float](repeating: 0, count: frames * size - validSamples)
    let waveform = Tensor(sound, shape: [frames, size])
    run.recorder?.declare(waveform, as: .input("waveform"))
    let compressed = run.pointwise(
      run.norm(waveform, LayerNorm(epsilon: 1e-6)), .asinh(scale: compression))
    var hidden = projection(compressed, run, .silu)
    if whole < frames {
      hidden = run.padded(
        hidden.rows(0..<whole), PaddingOperation(left: 0, right: frames - whole, filling: .zeros))
    }
    guard try visit("projection", hidden) else { return }
    for (number, convolution) in zip(1..., convolutions) {
      hidden = convolution(hidden, run)
      if number == 1 { hidden = run.pointwise(hidden, .activation(.silu)) }
      guard try visit("conv.\(number)", hidden) else { return }
    }
    guard try visit("hidden.0", hidden) else { return }
    guard
      let last = try blocks.forward(
        hidden, validFrames: hidden.rows, reach: { configuration.windows[$0] }, wanted: wanted, on: run,
        visit: visit)
    else { return }
    _ = try visit("final_norm", norm(last, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let size = configuration.frameSamples
    var timing = TimingBuilder(stride: size, field: size, first: Double(size - 1) / 2)
    var taps = [
      TapPoint(
        name: "projection", width: configuration.width, timing: timing.timing(samplingRate: samplingRate))
    ]
    for (number, convolution) in zip(1..., convolutions) {
      convolution.addTiming(to: &timing)
      taps.append(
        TapPoint(
          name: "conv.\(number)", width: convolution.grid.outputs,
          timing: timing.timing(samplingRate: samplingRate)))
    }
    let last = timing.timing(samplingRate: samplingRate)
    return taps
      + ((0...blocks.count).map { "hidden.\($0)" } + ["final_norm"]).map {
        TapPoint(name: $0, width: configuration.width, timing: last)
      }
  }

  /// One frame of 5 ms.
  func minimumSamples(samplingRate: Int) -> Int { configuration.frameSamples }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

/// The settings of a streaming Moonshine's encoder, under the names that its `config.json` has for them: `encoder_config`'s
/// where there is one.
struct MoonshineStreamingConfiguration: Sendable, Equatable {
  var width = 320
  var innerWidth = 1280
  var layers = 6
  var heads = 8
  var keyHeads = 8
  var headSize = 40
  var activation = Activation.gelu
  var attentionBias = false
  var frameSamples = 80
  /// What the frames of each block see.
  var windows: [AttentionReach] = []
  var initialDeviation = 0.02

  init(_ reader: ConfigurationReader) throws {
    let extent = 1...65_536
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    keyHeads = try reader.integer("num_key_value_heads", 1...1024, default: heads)
    headSize = try reader.integer("head_dim", extent, default: max(1, width / heads))
    try reader.checkHeads(
      width: heads * headSize, heads: heads, keyHeads: keyHeads, key: "num_attention_heads")
    activation = try reader.choice(
      "hidden_act", default: "gelu", Activation.knownNames, Activation.init(named:))
    attentionBias = try reader.bool("attention_bias", default: false)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    let rate = try reader.integer("sample_rate", 1...1_000_000, default: 16_000)
    let milliseconds = try reader.number("frame_ms", 0.01...1000, default: 5)
    frameSamples = max(1, Int((Double(rate) * milliseconds / 1000).rounded(.toNearestOrEven)))
    let usual = [[16, 4], [16, 4], [16, 0], [16, 0], [16, 4], [16, 4]]
    let pairs =
      try reader.values["sliding_windows"].map { value in
        let pairs = value.list?.map { $0.list?.compactMap(\.integer) ?? [] } ?? []
        guard pairs.count == layers, pairs.allSatisfy({ $0.count == 2 && $0[0] > 0 && $0[1] >= 0 }) else {
          throw ModelError.configuration(
            path: reader.path, key: "sliding_windows", found: ConfigurationReader.words(value),
            expected: "two whole numbers for each of \(layers) layers")
        }
        return pairs
      } ?? usual
    guard pairs.count == layers else {
      throw ModelError.configuration(
        path: reader.path, key: "sliding_windows", found: "nothing",
        expected: "two whole numbers for each of \(layers) layers")
    }
    // Both count the frame itself.
    windows = pairs.map { .near(back: $0[0] - 1, ahead: max(0, $0[1] - 1)) }
  }
}

// MARK: - Building

extension MoonshineStreaming {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "embedder.comp.log_k", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration(under: ["encoder_config"]) else {
      throw ModelError.unstated(
        path: path, what: "its heads and the windows of its attention",
        option: "a config.json with --config")
    }
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try MoonshineStreamingConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let model = try MoonshineStreaming(configuration, from: &reader)
    let report = try description.report(
      of: reader, names, leavingOut: ["decoder", "proj_out"], notes: [])
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters, report: report)
  }

  func untrained(seed: UInt64) throws -> MoonshineStreaming {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try MoonshineStreaming(configuration, from: &reader)
  }

  init(_ c: MoonshineStreamingConfiguration, from reader: inout ParameterReader) throws {
    let (width, drawn) = (c.width, Initialisation.normal(deviation: c.initialDeviation))
    configuration = c
    // Its logarithm is what was trained; it starts at that of 0.75.
    let logarithm = try reader.tensor("embedder.comp.log_k", [], .constant(-0.287_682_07)).values.first ?? 0
    compression = exp(logarithm)
    projection = try reader.linear("embedder.linear", c.frameSamples, width, weight: drawn, bias: nil)
    convolutions = try [(width, 2 * width), (2 * width, width)].enumerated().map { index, sizes in
      try reader.timeConvolution(
        "embedder.conv\(index + 1)", inputs: sizes.0, outputs: sizes.1, kernel: 5, stride: 2,
        ends: .fixed(left: 4, right: 0), weight: drawn)
    }
    func offsetNorm(_ name: String) throws -> LayerNorm {
      let weight = try reader.tensor("\(name).gamma", [width], .zeros)
      return LayerNorm(
        weight: Tensor(weight.values.map { $0 + 1 }, shape: weight.shape), bias: Tensor(shape: [width]),
        epsilon: 1e-5)
    }
    blocks = try (0..<c.layers).map { layer in
      let name = "layers.\(layer)"
      return TransformerBlock(
        attention: try reader.attention(
          "\(name).self_attn", inputs: width, headSize: c.headSize, heads: c.heads, keyHeads: c.keyHeads,
          biases: c.attentionBias ? [.query, .key, .value, .output] : [], weight: drawn),
        attentionNorm: try offsetNorm("\(name).input_layernorm"),
        feedForward: FeedForward(
          up: try reader.linear("\(name).mlp.fc1", width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).mlp.fc2", c.innerWidth, width, weight: drawn),
          activation: c.activation),
        outputNorm: try offsetNorm("\(name).post_attention_layernorm"), normalisesFirst: true)
    }
    norm = try offsetNorm("final_norm")
    parameters = reader.count
  }
}
