import Audio
import Checkpoints
import Tensors

/// The encoder of fairseq's S2T transformers (Wang 2020): Kaldi's filter banks, convolutions with gated linear units, and
/// blocks that normalise first.
///
/// ```
/// filter banks → convolutions by 2, gated → ×√width, + sinusoids → N blocks            → norm
///                conv.1, conv.2             hidden.0                hidden.1 … hidden.N   final_norm
/// ```
/// Each band has mean 0 and (population) variance 1 over the sound. A frame lasts 40 ms as published. The decoder is not
/// read.
struct Speech2Text: SpeechArchitecture {
  static let modelTypes = ["speech_to_text"]

  var configuration: Speech2TextConfiguration
  var convolutions: [Convolution]
  var blocks: [TransformerBlock]
  var norm: LayerNorm
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let c = configuration
    let sound = Waveform(
      samples: Array(samples.prefix(validSamples)), samplingRate: KaldiFilterBank.samplingRate)
    var hidden = try KaldiFilterBank(bands: c.bands).features(of: sound)
      .standardised(means: c.normalisesMeans, variances: c.normalisesVariances)
    run.recorder?.declare(hidden, as: .input("filter banks"))
    for (number, convolution) in zip(1..., convolutions) {
      hidden = run.gated(run.convolution(hidden, convolution, padding: convolution.kernel / 2))
      guard try visit("conv.\(number)", hidden) else { return }
    }
    if c.scalesEmbedding { hidden = run.scaled(hidden, by: Float(c.width).squareRoot()) }
    let first = c.padding + 1
    hidden = run.sum(hidden, run.sinusoids(first..<(first + hidden.rows), width: c.width))
    guard try visit("hidden.0", hidden) else { return }
    guard
      let last = try blocks.forward(
        hidden, validFrames: hidden.rows, wanted: wanted, on: run, visit: visit)
    else { return }
    _ = try visit("final_norm", norm(last, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    func timing(_ count: Int) -> FrameTiming {
      let layers = convolutions.prefix(count)
      let inner = FrameTiming(
        samplingRate: samplingRate, kernels: [KaldiFilterBank.window] + layers.map(\.kernel),
        strides: [KaldiFilterBank.hop] + layers.map(\.stride))
      // Zeros at the ends keep frame 0 where the filter banks' is.
      return FrameTiming(
        samplingRate: samplingRate, strideSamples: inner.strideSamples,
        receptiveFieldSamples: inner.receptiveFieldSamples,
        firstCentreSample: Double(KaldiFilterBank.window - 1) / 2)
    }
    return convolutions.indices.map {
      TapPoint(name: "conv.\($0 + 1)", width: convolutions[$0].outputs / 2, timing: timing($0 + 1))
    }
      + ((0...blocks.count).map { "hidden.\($0)" } + ["final_norm"]).map {
        TapPoint(name: $0, width: configuration.width, timing: timing(convolutions.count))
      }
  }

  /// Two frames of the filter banks: of one there is no deviation.
  func minimumSamples(samplingRate: Int) -> Int { KaldiFilterBank.window + KaldiFilterBank.hop }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

extension Tensor {
  /// Each column with mean 0 and population variance 1 over all rows; a column that never changes stays at 0.
  fileprivate func standardised(means: Bool, variances: Bool) -> Tensor {
    let (rows, width) = (rows, width)
    guard rows > 0 else { return self }
    return withUnsafeBuffer { x in
      Tensor(shape: [rows, width]) { y in
        for column in 0..<width {
          let values = (0..<rows).map { Double(x[$0 * width + column]) }
          let mean = values.reduce(0, +) / Double(rows)
          let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows)
          let factor = variances && variance > 0 ? 1 / variance.squareRoot() : 1
          for row in 0..<rows {
            y[row * width + column] = Float((values[row] - (means ? mean : 0)) * factor)
          }
        }
      }
    }
  }
}

/// The settings of an S2T transformer's encoder, under the names that its `config.json` has for them, and those of its
/// input.
struct Speech2TextConfiguration: Sendable, Equatable {
  var bands = 80
  var normalisesMeans = true
  var normalisesVariances = true
  var kernels = [5, 5]
  var channels = 1024
  var width = 256
  var innerWidth = 2048
  var layers = 12
  var heads = 4
  var activation = Activation.relu
  var scalesEmbedding = true
  var padding = 1
  /// The deviation of freshly drawn weights.
  var initialDeviation = 0.02

  /// Reads a `config.json`'s tree and that of the `preprocessor_config.json`; what they leave out has the value that
  /// transformers gives it.
  init(_ reader: ConfigurationReader, input: ConfigurationReader) throws {
    let extent = 1...65_536
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    bands = try reader.integer("input_feat_per_channel", 1...1024, default: bands)
    let planes = try reader.integer("input_channels", 1...1, default: 1)
    bands *= planes
    let layersOfConvolution = try reader.integer("num_conv_layers", 1...8, default: 2)
    kernels = try reader.integers(
      "conv_kernel_sizes", 1...63, count: layersOfConvolution...layersOfConvolution, default: kernels)
    channels = try reader.integer("conv_channels", 2...65_536, default: channels)
    width = try reader.integer("d_model", 4...65_536, default: width)
    innerWidth = try reader.integer("encoder_ffn_dim", 1...262_144, default: innerWidth)
    layers = try reader.integer("encoder_layers", 1...512, default: layers)
    heads = try reader.integer("encoder_attention_heads", extent, default: heads)
    activation = try reader.choice(
      "activation_function", default: "relu", Activation.knownNames, Activation.init(named:))
    scalesEmbedding = try reader.bool("scale_embedding", default: true)
    padding = try reader.integer("pad_token_id", 0...1_000_000, default: 1)
    initialDeviation = try reader.number("init_std", 0...10, default: initialDeviation)
    let isNormalised = try input.bool("do_ceptral_normalize", default: true)
    normalisesMeans = try isNormalised && input.bool("normalize_means", default: true)
    normalisesVariances = try isNormalised && input.bool("normalize_vars", default: true)
    let filters = try input.integer("num_mel_bins", 1...1024, default: bands)
    guard filters == bands else {
      throw refuse("input_feat_per_channel", "\(bands)", "the \(filters) bands of its input")
    }
    guard kernels.count == layersOfConvolution, kernels.allSatisfy({ $0 % 2 == 1 }) else {
      throw refuse("conv_kernel_sizes", "\(kernels)", "\(layersOfConvolution) odd numbers")
    }
    guard channels % 2 == 0 else { throw refuse("conv_channels", "\(channels)", "an even number") }
    guard width % 2 == 0 else {
      throw refuse("d_model", "\(width)", "an even number (sines and cosines)")
    }
    try reader.checkHeads(width: width, heads: heads, key: "encoder_attention_heads")
  }
}

// MARK: - Building

extension Speech2Text {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let found = try TensorNames(
      description.checkpoint, anchor: "encoder.conv.conv_layers.0.weight", path: path)
    guard description.modelType.map(modelTypes.contains) ?? (found != nil) else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its heads and whether its embeddings are scaled",
        option: "a config.json with --config")
    }
    if let rate = description.samplingRate, rate != KaldiFilterBank.samplingRate {
      throw ModelError.configuration(
        path: path, key: "sampling_rate", found: "\(rate)", expected: "16000 Hz, as its bands are for")
    }
    let names = found ?? TensorNames(description.checkpoint)
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    let configuration = try Speech2TextConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree),
      input: ConfigurationReader(path: path, values: description.preprocessing ?? .null))
    let model = try Speech2Text(configuration, from: &reader)
    let report = try description.report(
      of: reader, names, leavingOut: ["decoder", "lm_head", "encoder.embed_positions"], notes: [])
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters, report: report,
      input: .features(
        "Kaldi's filter banks, \(configuration.bands) bands, zero mean and unit variance over the sound",
        samplingRate: KaldiFilterBank.samplingRate))
  }

  func untrained(seed: UInt64) throws -> Speech2Text {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Speech2Text(configuration, from: &reader)
  }

  init(_ c: Speech2TextConfiguration, from reader: inout ParameterReader) throws {
    let (width, drawn) = (c.width, Initialisation.normal(deviation: c.initialDeviation))
    configuration = c
    convolutions = try c.kernels.indices.map { index in
      let name = "encoder.conv.conv_layers.\(index)"
      let inputs = index == 0 ? c.bands : c.channels / 2
      let outputs = index == c.kernels.count - 1 ? 2 * width : c.channels
      return Convolution(
        weight: try reader.taps("\(name).weight", [outputs, inputs, c.kernels[index]], drawn),
        bias: try reader.tensor("\(name).bias", [outputs], .zeros), norm: .none, activation: .linear,
        inputs: inputs, kernel: c.kernels[index], stride: 2)
    }
    blocks = try (0..<c.layers).map { layer in
      let name = "encoder.layers.\(layer)"
      return TransformerBlock(
        attention: try reader.attention(
          "\(name).self_attn", inputs: width, headSize: width / c.heads, heads: c.heads,
          keyHeads: c.heads, biases: [.query, .key, .value, .output], output: "out_proj", weight: drawn),
        attentionNorm: try reader.layerNorm("\(name).self_attn_layer_norm", width, epsilon: 1e-5),
        feedForward: FeedForward(
          up: try reader.linear("\(name).fc1", width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).fc2", c.innerWidth, width, weight: drawn),
          activation: c.activation),
        outputNorm: try reader.layerNorm("\(name).final_layer_norm", width, epsilon: 1e-5),
        normalisesFirst: true)
    }
    norm = try reader.layerNorm("encoder.layer_norm", width, epsilon: 1e-5)
    parameters = reader.count
  }
}
