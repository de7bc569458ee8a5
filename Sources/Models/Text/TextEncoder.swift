import Checkpoints
import Tensors

/// The encoder of BERT (Devlin 2019), which RoBERTa (Liu 2019), XLM-R, CamemBERT, MiniLM and CLAP's text tower share.
///
/// ```
/// token → row of a table → + position + type → norm → N transformer blocks
///         embedding                            hidden.0  hidden.1 … hidden.N
/// ```
/// RoBERTa counts positions from after the padding token's number; otherwise only the numbers differ.
struct TextEncoder: Sendable {
  var configuration: TextEncoderConfiguration
  var words: Tensor  // [vocabulary × width]
  var positions: Tensor  // [positions × width]
  var types: Tensor  // [types × width]
  var norm: LayerNorm
  var blocks: [TransformerBlock]
  var parameters: Int

  /// What is before the names of its tap points: a tower of a model that has another too says whose they are.
  var prefix: String { configuration.family == .clap ? "text." : "" }

  /// One pass; see `SpeechArchitecture.forward`. Tokens from `validTokens` on are padding.
  func forward(
    _ ids: [Int], types typeIDs: [Int], validTokens: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let embedding = words.selectingRows(ids)  // [tokens × width]
    guard try visit("\(prefix)embedding", embedding) else { return }

    let places = ids.indices.map { index in
      let isPadding = configuration.family.countsFromPadding && index >= validTokens
      return isPadding ? configuration.padding : configuration.firstPosition + index
    }
    let typed = run.sum(embedding, types.selectingRows(typeIDs))
    var hidden = norm(run.sum(typed, positions.selectingRows(places)), run)
    guard try visit("\(prefix)hidden.0", hidden) else { return }

    for (number, block) in zip(1..., blocks) {
      let attention = "\(prefix)attention.\(number)"
      var weights = wanted.contains(attention) ? Tensor(repeating: 0, shape: [0]) : nil
      hidden = block(hidden, validFrames: validTokens, bias: nil, weights: &weights, run)
      if let weights, try !visit(attention, weights) { return }
      guard try visit("\(prefix)hidden.\(number)", hidden) else { return }
    }
  }

  var taps: [TapPoint] {
    (["embedding"] + (0...configuration.layers).map { "hidden.\($0)" }).map {
      TapPoint(name: prefix + $0, width: configuration.width, timing: nil)
    }
  }

  var attentionTaps: [TapPoint] {
    (1...configuration.layers).map {
      TapPoint(name: "\(prefix)attention.\($0)", width: configuration.heads, timing: nil)
    }
  }
}

// MARK: - Parameters

extension TextEncoder {
  /// transformers' names, without the model's prefix.
  init(_ c: TextEncoderConfiguration, from reader: inout ParameterReader) throws {
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    let epsilon = Float(c.epsilon)
    configuration = c
    words = try reader.tensor("embeddings.word_embeddings.weight", [c.vocabulary, c.width], drawn)
    positions = try reader.tensor("embeddings.position_embeddings.weight", [c.positions, c.width], drawn)
    types = try reader.tensor("embeddings.token_type_embeddings.weight", [c.types, c.width], drawn)
    norm = try reader.layerNorm("embeddings.LayerNorm", c.width, epsilon: epsilon)
    blocks = try (0..<c.layers).map { layer in
      let name = "encoder.layer.\(layer)"
      func projection(_ part: String) throws -> Linear {
        try reader.linear("\(name).attention.\(part)", c.width, c.width, weight: drawn)
      }
      return TransformerBlock(
        attention: SelfAttention(
          query: try projection("self.query"), key: try projection("self.key"),
          value: try projection("self.value"), output: try projection("output.dense"), heads: c.heads),
        attentionNorm: try reader.layerNorm(
          "\(name).attention.output.LayerNorm", c.width, epsilon: epsilon),
        feedForward: FeedForward(
          up: try reader.linear("\(name).intermediate.dense", c.width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).output.dense", c.innerWidth, c.width, weight: drawn),
          activation: c.activation),
        outputNorm: try reader.layerNorm("\(name).output.LayerNorm", c.width, epsilon: epsilon),
        normalisesFirst: false)
    }
    parameters = reader.count
  }

  func untrained(seed: UInt64) throws -> TextEncoder {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try TextEncoder(configuration, from: &reader)
  }
}

// MARK: - Building

extension TextEncoder {
  /// What a checkpoint may hold beside the encoder: heads, counters, and the sound half of CLAP.
  private static let leftovers = [
    "embeddings.position_ids", "embeddings.token_type_ids", "pooler", "cls", "classifier", "qa_outputs",
    "lm_head", "dropout", "text_projection", "audio_projection", "audio_model", "logit_scale_a",
    "logit_scale_t",
  ]

  /// The model types that `TextModel` reads.
  static let modelTypes = TextEncoderConfiguration.Family.allCases.map(\.rawValue) + ["clap"]

  static func build(_ description: ModelDescription) throws -> (encoder: TextEncoder, report: TensorReport)
  {
    let path = description.path
    let configuration = try configuration(description)
    let found = try TensorNames(
      description.checkpoint, anchor: "embeddings.word_embeddings.weight", path: path)
    // The first BERTs call a norm's weight gamma and its bias beta.
    let names = (found ?? TensorNames(description.checkpoint)).renamed { name in
      name.hasSuffix(".gamma")
        ? name.dropLast(5) + "weight" : name.hasSuffix(".beta") ? name.dropLast(4) + "bias" : name
    }
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    let encoder = try TextEncoder(configuration, from: &reader)
    let leftOut = names.under(leftovers)
    let ignored = Set(
      names.stored.filter { name in
        description.options.ignoring.contains { name.key.hasPrefix($0) || name.value.hasPrefix($0) }
      }.keys)
    try reader.finish(ignoring: leftOut.union(ignored))
    return (
      encoder,
      TensorReport(
        used: reader.usedCount, leftOut: reader.unused(among: leftOut),
        ignored: reader.unused(among: ignored.subtracting(leftOut)), notes: [],
        parameters: reader.parameters)
    )
  }

  private static func configuration(_ description: ModelDescription) throws -> TextEncoderConfiguration {
    let path = description.path
    guard var tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "how its text encoder is built (heads, epsilon, positions)",
        option: "LoadOptions.configuration, a config.json with --config")
    }
    var type = description.modelType ?? ""
    if type == "clap" {
      tree = tree["text_config"] ?? .dictionary([:])
      type = TextEncoderConfiguration.Family.clap.rawValue
    }
    guard let family = TextEncoderConfiguration.Family(rawValue: type) else {
      throw ModelError.unknownArchitecture(
        path: path,
        found: type.isEmpty ? "its configuration has no model_type" : "its model type is \(type)",
        known: TextArchitectures.modelTypes)
    }
    return try TextEncoderConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree), family: family)
  }
}
