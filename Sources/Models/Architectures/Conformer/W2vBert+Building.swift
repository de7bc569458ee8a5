import Checkpoints
import Tensors

extension W2vBert {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let anchor = "encoder.layers.0.conv_module.depthwise_layer_norm.weight"
    let found = try TensorNames(description.checkpoint, anchor: anchor, path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "how its conformer blocks tell positions, and their heads",
        option: "a config.json with --config")
    }
    if let rate = description.samplingRate, rate != 16_000 {
      throw ModelError.configuration(
        path: path, key: "sampling_rate", found: "\(rate)", expected: "16000 Hz, as its bands are for")
    }
    try description.expectPairsOfFrames()
    let names = found ?? TensorNames(description.checkpoint)
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    let configuration = try W2vBertConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let model = try W2vBert(
      configuration, symbols: reader.symbols(of: configuration.width, names), from: &reader)
    let notes =
      configuration.hasAdapter
      ? ["the adapter behind the last block is left out, and a head behind it: their frames are fewer"] : []
    let report = try description.report(of: reader, names, leavingOut: leftovers, notes: notes)
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters, report: report,
      input: .features(
        "Kaldi's filter banks, \(configuration.inputs / 2) bands, zero mean and unit variance over the sound, two frames side by side",
        samplingRate: 16_000))
  }

  /// What has no part in a pass up to the last block, and other heads than CTC's.
  private static let leftovers = [
    "masked_spec_embed", "adapter", "lm_head", "projector", "classifier", "layer_weights", "tdnn",
    "feature_extractor", "objective", "intermediate_ffn",
  ]

  func untrained(seed: UInt64) throws -> W2vBert {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try W2vBert(configuration, symbols: head?.outputs, from: &reader)
  }
}

// MARK: - Parameters

extension W2vBert {
  init(_ c: W2vBertConfiguration, symbols: Int?, from reader: inout ParameterReader) throws {
    let (width, inputs) = (c.width, c.inputs)
    let epsilon = Float(c.epsilon)
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    configuration = c
    featureNorm = try reader.layerNorm("feature_projection.layer_norm", inputs, epsilon: epsilon)
    projection = try reader.linear(
      "feature_projection.projection", inputs, width, weight: .uniform(inputs: inputs),
      bias: .uniform(inputs: inputs))
    blocks = try (0..<c.layers).map { layer in
      let name = "encoder.layers.\(layer)"
      let depthwise = DepthwiseConvolution(
        weight: try reader.tensor(
          "\(name).conv_module.depthwise_conv.weight", [width, 1, c.kernel], .kaiming(inputs: c.kernel)),
        bias: nil, batchNorm: nil,
        norm: try reader.layerNorm("\(name).conv_module.depthwise_layer_norm", width, epsilon: epsilon),
        padding: c.kernel - 1, activation: c.activation)
      return try reader.conformerBlock(
        name, width: width, inner: c.innerWidth, heads: c.heads, activation: c.activation,
        epsilon: epsilon, depthwise: depthwise,
        positions: try reader.conformerPositions(
          c.positions, "\(name).self_attn", width: width, heads: c.heads, weight: drawn),
        weight: drawn)
    }
    head = try symbols.map { try reader.linear("lm_head", width, $0, weight: drawn) }
    parameters = reader.count
  }
}
