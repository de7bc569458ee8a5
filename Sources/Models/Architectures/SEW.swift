import Checkpoints
import Tensors

/// SEW and SEW-D (Wu 2022): wav2vec 2.0 whose transformer has fewer frames than its convolutions. Features are squeezed by a
/// mean of neighbours, and what leaves the last block is stretched again. SEW-D's blocks are DeBERTa's, without a norm in
/// front of them.
///
/// ```
/// waveform → convolutions → norm, projection → means of s frames + positions, norm → N blocks            → s frames of each
///            conv.1 …       projection         hidden.0                              hidden.1 … hidden.N   upsampled, logits
/// ```
struct SEW: SpeechArchitecture {
  static let modelTypes = ["sew", "sew-d"]

  var configuration: SEWConfiguration
  var features: FeatureEncoder
  var featureNorm: LayerNorm
  var projection: Linear?  // [channels → width]; none where they are as many
  var positions: PositionalConvolution
  var norm: LayerNorm?  // none in SEW-D
  var blocks: [TransformerBlock]
  var upsampling: Linear  // [width → s · width]
  var head: Linear?  // [width → symbols], for CTC
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let (factor, width) = (configuration.squeeze, configuration.base.width)
    let validFrames = features.frames(of: validSamples)
    guard
      let encoded = try features.forward(
        samples, validSamples: validSamples, wanted: wanted, on: run, visit: visit)
    else { return }

    let normed = featureNorm(encoded, run)
    let projected = projection?(normed, run) ?? normed  // [frames × width]
    guard try visit("projection", projected) else { return }

    let pooled = run.pooled(projected, .rows(factor, every: factor, width: width))
    // Positions are told by a convolution with a stride: every so-manieth frame of one without.
    let position = run.pooled(
      positions(projected, validFrames: validFrames, run).rows(0..<(pooled.rows * factor)),
      .rows(1, every: factor, width: width))
    let sum = run.sum(pooled, position)
    let hidden = norm?(sum, run) ?? sum
    guard try visit("hidden.0", hidden) else { return }
    guard
      let last = try blocks.forward(
        hidden, validFrames: max(1, validFrames / factor), wanted: wanted, on: run, visit: visit)
    else { return }

    let stretched = upsampling(last, run, configuration.base.featureActivation)
      .reshaped([last.rows * factor, width])
    guard try visit("upsampled", stretched), let head else { return }
    _ = try visit("logits", head(stretched, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let width = configuration.base.width
    let whole = features.timing(samplingRate: samplingRate)
    let squeezed = whole.pooled(configuration.squeeze)
    func tap(_ name: String, _ timing: FrameTiming) -> TapPoint {
      TapPoint(name: name, width: width, timing: timing)
    }
    return features.taps(samplingRate: samplingRate) + [tap("projection", whole)]
      + (0...blocks.count).map { tap("hidden.\($0)", squeezed) } + [tap("upsampled", whole)]
      + (head.map { [TapPoint(name: "logits", width: $0.outputs, timing: whole)] } ?? [])
  }

  func minimumSamples(samplingRate: Int) -> Int {
    features.timing(samplingRate: samplingRate).pooled(configuration.squeeze).receptiveFieldSamples
  }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }

  func attentionTaps(samplingRate: Int) -> [TapPoint] {
    let timing = features.timing(samplingRate: samplingRate).pooled(configuration.squeeze)
    return zip(1..., attentionHeads).map { TapPoint(name: "attention.\($0)", width: $1, timing: timing) }
  }
}

extension FrameTiming {
  /// That of means of `count` frames.
  func pooled(_ count: Int) -> FrameTiming {
    FrameTiming(
      samplingRate: samplingRate, strideSamples: strideSamples * count,
      receptiveFieldSamples: receptiveFieldSamples + (count - 1) * strideSamples,
      firstCentreSample: firstCentreSample + Double((count - 1) * strideSamples) / 2)
  }
}

/// The settings of a SEW: those of the wav2vec 2.0 family and how many frames are made one.
struct SEWConfiguration: Sendable, Equatable {
  var base: Wav2Vec2Configuration
  var squeeze = 2
  /// SEW-D's attention.
  var disentangled: DisentangledSettings?
  /// What is added to the variance of the features' norm.
  var featureEpsilon: Double

  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader, isDisentangled: Bool) throws {
    var defaults = Wav2Vec2Configuration(family: .wav2vec2)
    defaults.channels =
      [64] + Array(repeating: 128, count: 4) + Array(repeating: 256, count: 4)
      + Array(repeating: 512, count: 4)
    defaults.kernels = [10, 3, 1, 3, 1, 3, 1, 3, 1, 2, 1, 2, 1]
    if isDisentangled { defaults.epsilon = 1e-7 }
    defaults.strides = [5, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    base = try Wav2Vec2Configuration(reader, defaults: defaults)
    // transformers has but the one arrangement of a SEW's blocks.
    base.normalisesFirst = false
    base.adapterWidth = nil
    squeeze = try reader.integer("squeeze_factor", 1...64, default: 2)
    featureEpsilon = base.epsilon
    guard isDisentangled else { return }
    featureEpsilon = try reader.number("feature_layer_norm_eps", 0...1, default: 1e-5)
    _ = try reader.integer("conv_kernel_size", 0...0, default: 0)
    disentangled = try DisentangledSettings(
      reader, headSize: base.width / base.heads,
      positions: reader.integer("max_position_embeddings", 1...(1 << 24), default: 512),
      defaults: .init(isShared: true, kinds: ["p2c", "c2p"], buckets: 256))
  }
}

// MARK: - Building

extension SEW {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let found = try TensorNames(
      description.checkpoint, anchor: "feature_extractor.conv_layers.0.conv.weight", path: path)
    let isOurs = found?.stored["encoder.upsample.projection.weight"] != nil
    guard description.modelType.map(modelTypes.contains) ?? isOurs else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its convolutions' strides, its heads and how many frames it makes one",
        option: "a config.json with --config")
    }
    let names = found ?? TensorNames(description.checkpoint)
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    let configuration = try SEWConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree),
      isDisentangled: description.modelType.map { $0 == modelTypes[1] }
        ?? (names.stored["encoder.encoder.layer.0.attention.self.query_proj.weight"] != nil))
    let model = try SEW(
      configuration, symbols: reader.symbols(of: configuration.base.width, names), from: &reader)
    let report = try description.report(
      of: reader, names, leavingOut: Wav2Vec2.leftovers + ["encoder.encoder.LayerNorm"], notes: [])
    return BuiltModel(
      architecture: model, family: modelTypes[configuration.disentangled == nil ? 0 : 1],
      parameters: model.parameters, report: report)
  }

  func untrained(seed: UInt64) throws -> SEW {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try SEW(configuration, symbols: head?.outputs, from: &reader)
  }

  init(_ c: SEWConfiguration, symbols: Int?, from reader: inout ParameterReader) throws {
    let base = c.base
    let (width, channels, epsilon) = (base.width, base.channels.last ?? 0, Float(base.epsilon))
    let drawn = Initialisation.normal(deviation: base.initialDeviation)
    configuration = c
    features = try FeatureEncoder(base, from: &reader)
    featureNorm = try reader.layerNorm("layer_norm", channels, epsilon: Float(c.featureEpsilon))
    projection =
      channels == width ? nil : try reader.linear("feature_projection", channels, width, weight: drawn)
    let name = "encoder.pos_conv_embed.conv"
    let shape = [width, width / base.positionalGroups, base.positionalKernel]
    positions = PositionalConvolution(
      weight: try reader.weightNormed(
        name, shape, .normal(deviation: 2 * (1 / Double(base.positionalKernel * width)).squareRoot())),
      bias: try reader.tensor("\(name).bias", [width], .zeros), groups: base.positionalGroups,
      inputScale: nil, norm: nil, activation: base.featureActivation)
    if let settings = c.disentangled {
      let table = try reader.distanceTable(
        "encoder.encoder", settings, width: width, epsilon: epsilon, weight: drawn)
      blocks = try (0..<base.layers).map { layer in
        try reader.disentangledBlock(
          "encoder.encoder.layer.\(layer)", settings, width: width, innerWidth: base.innerWidth,
          heads: base.heads, activation: base.activation, epsilon: epsilon, table: table, weight: drawn)
      }
    } else {
      norm = try reader.layerNorm("encoder.layer_norm", width, epsilon: epsilon)
      blocks = try (0..<base.layers).map { layer in
        try reader.wav2vec2Block("encoder.layers.\(layer)", base, weight: drawn)
      }
    }
    upsampling = try reader.linear(
      "encoder.upsample.projection", width, c.squeeze * width, weight: drawn)
    head = try symbols.map { try reader.linear("lm_head", width, $0, weight: drawn) }
    parameters = reader.count
  }
}
