import Checkpoints
import Tensors

extension Wav2Vec2Conformer {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let found = try TensorNames(
      description.checkpoint, anchor: "feature_extractor.conv_layers.0.conv.weight", path: path)
    let names = found ?? TensorNames(description.checkpoint)
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    let isOurs = found != nil && reader.has("encoder.layers.0.conv_module.pointwise_conv1.weight")
    guard isOurs || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "how its conformer blocks tell positions, and their heads",
        option: "a config.json with --config")
    }
    let configuration = try Wav2Vec2ConformerConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let model = try Wav2Vec2Conformer(
      configuration, symbols: reader.symbols(of: configuration.base.width, names), from: &reader)
    let report = try description.report(
      of: reader, names, leavingOut: Wav2Vec2.leftovers + leftovers(model.blocks.count), notes: [])
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters, report: report)
  }

  /// What has no part in a pass.
  private static func leftovers(_ layers: Int) -> [String] {
    ["encoder.pos_conv_embed", "encoder.embed_positions"]
      + (0..<layers).map { "encoder.layers.\($0).conv_module.batch_norm.num_batches_tracked" }
  }

  func untrained(seed: UInt64) throws -> Wav2Vec2Conformer {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Wav2Vec2Conformer(configuration, symbols: head?.outputs, from: &reader)
  }
}

// MARK: - Parameters

extension Wav2Vec2Conformer {
  init(
    _ c: Wav2Vec2ConformerConfiguration, symbols: Int?, from reader: inout ParameterReader
  ) throws {
    let base = c.base
    let (channels, width) = (base.channels.last ?? 0, base.width)
    let drawn = Initialisation.normal(deviation: base.initialDeviation)
    configuration = c
    features = try FeatureEncoder(base, from: &reader)
    featureNorm = try reader.layerNorm(
      "feature_projection.layer_norm", channels, epsilon: Float(base.epsilon))
    projection = try reader.linear(
      "feature_projection.projection", channels, width, weight: .uniform(inputs: channels),
      bias: .uniform(inputs: channels))
    blocks = try (0..<base.layers).map { layer in
      let name = "encoder.layers.\(layer)"
      let depthwise = DepthwiseConvolution(
        weight: try reader.tensor(
          "\(name).conv_module.depthwise_conv.weight", [width, 1, c.kernel], .kaiming(inputs: c.kernel)),
        bias: nil, batchNorm: try reader.batchNorm("\(name).conv_module.batch_norm", width), norm: nil,
        padding: c.kernel / 2, activation: base.activation)
      return try reader.conformerBlock(
        name, width: width, inner: base.innerWidth, heads: base.heads, activation: base.activation,
        epsilon: 1e-5, depthwise: depthwise,
        positions: try reader.conformerPositions(
          c.positions, "\(name).self_attn", width: width, heads: base.heads, weight: drawn),
        weight: drawn)
    }
    norm = try reader.layerNorm("encoder.layer_norm", width, epsilon: Float(base.epsilon))
    head = try symbols.map { try reader.linear("lm_head", width, $0, weight: drawn) }
    parameters = reader.count
  }
}
