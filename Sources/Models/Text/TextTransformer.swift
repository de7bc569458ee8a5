import Checkpoints
import Tensors

/// A transformer over tokens: encoders beyond BERT's family, and decoders run on given tokens, each of which sees only
/// itself and those before it.
///
/// ```
/// token → row of a table → + position, norm, projection → N blocks            → norm
///         embedding        hidden.0                        hidden.1 … hidden.N   final_norm
/// ```
/// What a family leaves out of this is not there; how positions are told is each block's.
struct TextTransformer: TextArchitecture {
  var configuration: TextTransformerConfiguration
  var words: Tensor  // [vocabulary × embedding width]
  var positions: Tensor?  // [positions × embedding width]
  var types: Tensor?  // [types × embedding width]
  var embeddingNorm: LayerNorm?
  var embeddingProjection: Linear?  // [embedding width → width]
  var blocks: [TransformerBlock]
  /// T5's buckets of distances, shared by all blocks: `[buckets × heads]`.
  var distances: Tensor?
  var norm: LayerNorm?
  /// Beside the first block, in some of DeBERTa-v2.
  var convolution: TokenConvolution?
  var parameters: Int

  var family: String { configuration.modelType }
  var vocabulary: Int { configuration.vocabulary }
  var maximumTokens: Int { configuration.maximumTokens }
  var tokenTypes: Int { types?.rows ?? 1 }

  func forward(
    _ ids: [Int], types typeIDs: [Int], validTokens: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let c = configuration
    var hidden = words.selectingRows(ids)
    guard try visit("embedding", hidden) else { return }
    if let types { hidden = run.sum(hidden, types.selectingRows(typeIDs)) }
    if let positions {
      let places = ids.indices.map { index in
        index >= validTokens && c.firstPosition > 0 ? c.firstPosition - 1 : c.firstPosition + index
      }
      hidden = run.sum(hidden, positions.selectingRows(places))
    }
    // DeBERTa's norm comes behind the projection.
    let projectsFirst = c.disentangled != nil
    if projectsFirst, let embeddingProjection { hidden = embeddingProjection(hidden, run) }
    if let embeddingNorm { hidden = embeddingNorm(hidden, run) }
    if !projectsFirst, let embeddingProjection { hidden = embeddingProjection(hidden, run) }
    guard try visit("hidden.0", hidden) else { return }
    let entered = hidden

    let bias = distances.map {
      PositionBias(embedding: $0, frames: hidden.rows, maximumDistance: c.maximumDistance)
    }
    var rotations: [RotaryPositions: Rotation] = [:]
    for (index, block) in blocks.enumerated() {
      let name = "attention.\(index + 1)"
      var weights = wanted.contains(name) ? Tensor(repeating: 0, shape: [0]) : nil
      let rotary = c.rotary(ofBlock: index)
      let rotation = rotary.map { rotations[$0] ?? $0.rotation(frames: hidden.rows, run) }
      if let rotary { rotations[rotary] = rotation }
      hidden = block(
        hidden, validFrames: validTokens, bias: bias, rotation: rotation, reach: c.reach(ofBlock: index),
        weights: &weights, run)
      if index == 0, let convolution {
        hidden = convolution(entered, left: hidden, validTokens: validTokens, run)
      }
      if let weights, try !visit(name, weights) { return }
      guard try visit("hidden.\(index + 1)", hidden) else { return }
    }
    if let norm { _ = try visit("final_norm", norm(hidden, run)) }
  }

  var taps: [TapPoint] {
    [TapPoint(name: "embedding", width: words.width, timing: nil)]
      + ((0...blocks.count).map { "hidden.\($0)" } + (norm == nil ? [] : ["final_norm"])).map {
        TapPoint(name: $0, width: configuration.width, timing: nil)
      }
  }

  var attentionTaps: [TapPoint] {
    blocks.enumerated().map {
      TapPoint(name: "attention.\($0 + 1)", width: $1.attention.heads, timing: nil)
    }
  }

  func untrained(seed: UInt64) throws -> TextTransformer {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try configuration.family.make(configuration, &reader)
  }
}

/// A family of text transformers: its types, how its settings are read and where its parameters are.
struct TextFamily: Sendable {
  let modelTypes: [String]
  /// The one tensor that shows where the model's names begin.
  let anchor: String
  let configure: @Sendable (inout TextTransformerConfiguration, ConfigurationReader) throws -> Void
  let make: @Sendable (TextTransformerConfiguration, inout ParameterReader) throws -> TextTransformer
  /// What a checkpoint may hold beside the model.
  let leftovers: [String]
}

/// What text transformers differ in, from their `config.json`.
struct TextTransformerConfiguration: Sendable {
  var family: TextFamily
  var modelType: String
  var vocabulary = 30_522
  var positions = 512
  /// Rows of the table of kinds of tokens, where there is one.
  var tokenTypes = 2
  /// The position of the first token.
  var firstPosition = 0
  var embeddingWidth = 768
  var width = 768
  var innerWidth = 3072
  var layers = 12
  var heads = 12
  var keyHeads = 12
  var headSize = 64
  var activation = Activation.gelu
  var epsilon = 1e-12
  var initialDeviation = 0.02
  /// Buckets of distances, and the distance where they end.
  var buckets = 32
  var maximumDistance = 128
  var isCausal = false
  var isGated = false
  var attentionBias = false
  var feedForwardBias = false
  var normBias = true
  /// Blocks that are the same one, in ALBERT; the number of different ones in a group of them.
  var groups = 1
  var blocksOfGroup = 1
  var rotary: RotaryPositions?
  /// Of blocks whose attention is limited, where their positions turn otherwise.
  var localRotary: RotaryPositions?
  /// How far to either side blocks see whose attention is limited; which those are.
  var window: Int?
  var localBlocks: Set<Int> = []
  /// DeBERTa's attention, whether it has a table of positions beside it, and its convolution; none where the kernel is 0.
  var disentangled: DisentangledSettings?
  var hasPositions = true
  var tokenKernel = 0
  var tokenGroups = 1
  var tokenActivation = Activation.tanh

  var maximumTokens: Int { positions - firstPosition }

  func rotary(ofBlock index: Int) -> RotaryPositions? {
    localBlocks.contains(index) ? localRotary ?? rotary : rotary
  }

  func reach(ofBlock index: Int) -> AttentionReach {
    guard let window, localBlocks.contains(index) else { return isCausal ? .causal : .all }
    return .near(back: window, ahead: isCausal ? 0 : window)
  }
}

// MARK: - Building

extension TextTransformer {
  static func build(_ family: TextFamily, _ description: ModelDescription) throws -> BuiltTextModel {
    let path = description.path
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "how its text model is built (heads, epsilon, positions)",
        option: "LoadOptions.configuration, a config.json with --config")
    }
    let reader = ConfigurationReader(path: description.configurationPath, values: tree)
    var configuration = TextTransformerConfiguration(
      family: family, modelType: description.modelType ?? family.modelTypes[0])
    try family.configure(&configuration, reader)
    try reader.checkHeads(
      width: configuration.headSize * configuration.heads, heads: configuration.heads,
      keyHeads: configuration.keyHeads, key: "num_attention_heads")
    guard configuration.maximumTokens > 0 else {
      throw ModelError.configuration(
        path: reader.path, key: "max_position_embeddings", found: "\(configuration.positions)",
        expected: "more than \(configuration.firstPosition)")
    }
    let found = try TensorNames(description.checkpoint, anchor: family.anchor, path: path)
    let names = found ?? TensorNames(description.checkpoint)
    var parameters = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    let model = try family.make(configuration, &parameters)
    let notes =
      configuration.isCausal ? ["a token sees only itself and those before it: the model is a decoder"] : []
    let report = try description.report(
      of: parameters, names, leavingOut: family.leftovers, notes: notes)
    return BuiltTextModel(architecture: model, report: report)
  }
}
