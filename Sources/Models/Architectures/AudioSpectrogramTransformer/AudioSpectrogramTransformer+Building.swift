import Checkpoints
import Tensors

extension AudioSpectrogramTransformer: TrainableArchitecture {
  private typealias Configuration = AudioSpectrogramTransformerConfiguration

  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let anchor = "embeddings.patch_embeddings.projection.weight"
    let found = try TensorNames(description.checkpoint, anchor: anchor, path: path)
    let names = found ?? TensorNames(description.checkpoint)
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    // Pictures have three channels where spectrograms have one.
    let isOurs =
      reader.has("embeddings.distillation_token")
      && reader.shape(of: anchor).map { $0.count == 4 && $0[1] == 1 } == true
    guard isOurs || description.modelType.map(modelTypes.contains) == true else { return nil }

    var notes: [String] = []
    var configuration = try configuration(description, reader, &notes)
    if let shape = reader.shape(of: "classifier.dense.weight"), shape.count == 2,
      shape[1] == configuration.width, (1...65_536).contains(shape[0])
    {
      configuration.classes = shape[0]
    }
    let scale = try scale(description, &notes)
    if let rate = description.samplingRate, rate != 16_000 {
      throw ModelError.configuration(
        path: path, key: "sampling_rate", found: "\(rate)", expected: "16000 Hz, as its bands are for")
    }
    let seconds = Double(configuration.melFrames) / 100
    notes.append("a frame is the mean over the frequencies of the patches at one time")
    notes.append("sounds longer than \(seconds) s are read in consecutive windows of that length")
    let model = AudioSpectrogramTransformer(
      configuration: configuration, scale: scale,
      network: try PatchTransformer(configuration, from: &reader), parameters: reader.count)

    let report = try description.report(of: reader, names, leavingOut: ["classifier"], notes: notes)
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters,
      report: report,
      input: .features(
        "Kaldi's filter banks, \(configuration.bands) bands, "
          + (scale.map { "(x \($0.mean < 0 ? "+" : "−") \(abs($0.mean))) / \(2 * $0.deviation), " }
            ?? "not scaled, ")
          + "in windows of \(seconds) s", samplingRate: 16_000))
  }

  private static func configuration(
    _ description: ModelDescription, _ reader: ParameterReader, _ notes: inout [String]
  ) throws -> Configuration {
    guard let tree = description.configuration else {
      return try Configuration(shapesIn: reader, description, &notes)
    }
    return try Configuration(ConfigurationReader(path: description.configurationPath, values: tree))
  }

  /// `do_normalize`, `mean` and `std` of the feature extractor; AudioSet's where nothing says them.
  private static func scale(_ description: ModelDescription, _ notes: inout [String]) throws -> Scale? {
    var scale = Scale()
    guard let normalises = description.normalisesInput else {
      notes.append("filter banks scaled by AudioSet's mean and deviation, as in every published model")
      return scale
    }
    guard normalises else { return nil }
    if let settings = description.preprocessing {
      let reader = ConfigurationReader(path: description.path, values: settings)
      scale.mean = try reader.number("mean", -1000...1000, default: scale.mean)
      scale.deviation = try reader.number("std", 1e-6...1000, default: scale.deviation)
    }
    return scale
  }

  /// Without its classifier.
  func rebuilt(from reader: inout ParameterReader) throws -> AudioSpectrogramTransformer {
    var changed = self
    changed.configuration.classes = nil
    changed.network = try PatchTransformer(changed.configuration, from: &reader)
    return changed
  }

  func isRebuilt(_ parameter: String) -> Bool { !parameter.hasPrefix("classifier.") }

  func untrained(seed: UInt64) throws -> AudioSpectrogramTransformer {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    var twin = self
    twin.network = try PatchTransformer(configuration, from: &reader)
    return twin
  }
}

// MARK: - Parameters

extension PatchTransformer {
  init(_ c: AudioSpectrogramTransformerConfiguration, from reader: inout ParameterReader) throws {
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    let epsilon = Float(c.epsilon)
    patch = c.patch
    (timeStride, frequencyStride, rows) = (c.timeStride, c.frequencyStride, c.rows)

    let name = "embeddings.patch_embeddings.projection"
    let kernel = try reader.tensor("\(name).weight", [c.width, 1, c.patch, c.patch], drawn)
    projection = Linear(
      weight: kernel.count == 0 ? kernel : kernel.reshaped([c.width, c.patch * c.patch]),
      bias: try reader.tensor("\(name).bias", [c.width], .zeros))
    let tokens = try ["cls", "distillation"].map {
      try reader.tensor("embeddings.\($0)_token", [1, 1, c.width], .zeros)
    }
    leading = Tensor(
      tokens.flatMap(\.values), shape: [tokens.reduce(0) { $0 + $1.count } / c.width, c.width])
    reader.tell(leading, isMadeOf: ["cls", "distillation"].map { "embeddings.\($0)_token" })
    let table = try reader.tensor(
      "embeddings.position_embeddings", [1, 2 + c.rows * c.columns, c.width], .zeros)
    positions = table.count == 0 ? table : table.reshaped(Array(table.shape.dropFirst()))

    let bias: Initialisation? = c.attentionBias ? .zeros : nil
    blocks = try (0..<c.layers).map { layer in
      let name = "encoder.layer.\(layer)"
      func projection(_ part: String) throws -> Linear {
        try reader.linear(
          "\(name).attention.attention.\(part)", c.width, c.width, weight: drawn, bias: bias)
      }
      return TransformerBlock(
        attention: SelfAttention(
          query: try projection("query"), key: try projection("key"), value: try projection("value"),
          output: try reader.linear("\(name).attention.output.dense", c.width, c.width, weight: drawn),
          heads: c.heads),
        attentionNorm: try reader.layerNorm("\(name).layernorm_before", c.width, epsilon: epsilon),
        feedForward: FeedForward(
          up: try reader.linear("\(name).intermediate.dense", c.width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).output.dense", c.innerWidth, c.width, weight: drawn),
          activation: c.activation),
        outputNorm: try reader.layerNorm("\(name).layernorm_after", c.width, epsilon: epsilon),
        normalisesFirst: true)
    }
    norm = try reader.layerNorm("layernorm", c.width, epsilon: epsilon)
    head = try c.classes.map { classes in
      Head(
        norm: try reader.layerNorm("classifier.layernorm", c.width, epsilon: epsilon),
        classifier: try reader.linear("classifier.dense", c.width, classes, weight: drawn))
    }
  }
}
