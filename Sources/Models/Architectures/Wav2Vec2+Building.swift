import Checkpoints
import Tensors

extension Wav2Vec2: TrainableArchitecture {
  static let modelTypes =
    Wav2Vec2Configuration.Family.allCases.map(\.rawValue)
    + Wav2Vec2Configuration.Family.aliases.keys.sorted()
    + Wav2Vec2Configuration.Family.allCases.map { Wav2Vec2Configuration.Family.extended + $0.rawValue }

  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    // The first convolution under transformers' name, or under fairseq's.
    let first = "feature_extractor.conv_layers.0"
    let found =
      try TensorNames(checkpoint, anchor: "\(first).conv.weight", path: path)
      ?? TensorNames(checkpoint, anchor: "\(first).0.weight", path: path)?
      .renamed(by: .fairseq, withoutPrefix: "")
      ?? TensorNames(checkpoint, anchor: "subsampling.conv_layers.0.conv.weight", path: path)?
      .renamed(by: .omniASR, withoutPrefix: "")
      ?? TensorNames(
        checkpoint, anchor: "encoder_frontend.feature_extractor.layers.0.conv.weight", path: path)?
      .renamed(by: .fairseq2, withoutPrefix: "")
      ?? TensorNames(
        checkpoint, anchor: "encoder.prenet.feature_encoder.conv_layers.0.conv.weight", path: path)?
      .renamed(by: .speechT5, withoutPrefix: "")
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    var names = found ?? TensorNames(checkpoint)
    if names.stored["encoder.transformer.layer_norm.weight"] != nil {
      names = names.renamed(by: .torchaudio, withoutPrefix: "")
    }
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    var notes: [String] = []
    var configuration = try configuration(description, reader, &notes)
    configuration.symbols = reader.symbols(of: configuration.width, names)
    let model = try Wav2Vec2(configuration, from: &reader)
    let report = try description.report(of: reader, names, leavingOut: leftovers, notes: notes)
    return BuiltModel(
      architecture: model,
      family: description.modelType.flatMap {
        $0.hasPrefix(Wav2Vec2Configuration.Family.extended) ? nil : $0
      } ?? configuration.family.rawValue,
      parameters: model.parameters,
      report: report)
  }

  private static func configuration(
    _ description: ModelDescription, _ reader: ParameterReader, _ notes: inout [String]
  ) throws -> Wav2Vec2Configuration {
    guard let tree = description.configuration,
      let family = description.modelType.flatMap(Wav2Vec2Configuration.Family.init(modelType:))
    else {
      return try Wav2Vec2Configuration(shapesIn: reader, description, &notes)
    }
    return try Wav2Vec2Configuration(
      ConfigurationReader(path: description.configurationPath, values: tree), family: family)
  }

  func rebuilt(from reader: inout ParameterReader) throws -> Wav2Vec2 {
    var changed = configuration
    changed.symbols = reader.shape(of: "lm_head.weight")?.first
    return try Wav2Vec2(changed, from: &reader)
  }

  func untrained(seed: UInt64) throws -> Wav2Vec2 {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Wav2Vec2(configuration, from: &reader)
  }
}
