import Checkpoints
import Tensors

/// A convolution beside the first block of DeBERTa-v2: what it makes of the block's input is added to the block's output,
/// and the sum is normed.
struct TokenConvolution: Sendable {
  var convolution: TimeConvolution
  var activation: Activation
  var norm: LayerNorm

  /// Both are `[tokens × width]`; what comes behind `validTokens` counts as zeros and stays.
  func callAsFunction(_ entered: Tensor, left: Tensor, validTokens: Int, _ run: Evaluation) -> Tensor {
    let isWhole = validTokens == entered.rows
    let convolved = run.pointwise(
      convolution(isWhole ? entered : entered.rows(0..<validTokens), run), .activation(activation))
    let sum = norm(run.sum(isWhole ? left : left.rows(0..<validTokens), convolved), run)
    return isWhole ? sum : run.joined([sum, left.rows(validTokens..<left.rows)])
  }
}

extension TextFamily {
  /// DeBERTa-v2 and v3 (He 2021, 2023).
  static let debertaV2 = TextFamily(
    modelTypes: ["deberta-v2"], anchor: "embeddings.word_embeddings.weight",
    configure: { c, reader in
      (c.vocabulary, c.width, c.innerWidth, c.layers, c.heads) = (128_100, 1536, 6144, 24, 24)
      try reader.readGeneral(&c)
      c.tokenTypes = try reader.integer("type_vocab_size", 0...1024, default: 0)
      c.embeddingWidth = try reader.integer("embedding_size", 1...65_536, default: c.width)
      c.activation = try reader.activation("hidden_act", default: "gelu")
      c.epsilon = try reader.number("layer_norm_eps", 0...1, default: 1e-7)
      c.hasPositions = try reader.bool("position_biased_input", default: true)
      c.tokenKernel = try reader.integer("conv_kernel_size", 0...255, default: 0)
      c.tokenGroups = try reader.integer("conv_groups", 1...65_536, default: 1)
      c.tokenActivation = try reader.activation("conv_act", default: "tanh")
      guard c.tokenKernel == 0 || c.tokenKernel % 2 == 1, c.width % c.tokenGroups == 0 else {
        throw ModelError.configuration(
          path: reader.path, key: "conv_kernel_size", found: "\(c.tokenKernel) in \(c.tokenGroups) groups",
          expected: "an odd number, and groups that divide hidden_size")
      }
      c.disentangled = try DisentangledSettings(
        reader, headSize: c.headSize, positions: c.positions,
        defaults: .init(isShared: false, kinds: [], buckets: -1))
      c.headSize = c.disentangled?.headSize ?? c.headSize
    },
    make: { c, reader in
      let (drawn, epsilon) = (Initialisation.normal(deviation: c.initialDeviation), Float(c.epsilon))
      func table(_ name: String, _ rows: Int) throws -> Tensor {
        try reader.tensor("embeddings.\(name).weight", [rows, c.embeddingWidth], drawn)
      }
      guard let settings = c.disentangled else { preconditionFailure("DeBERTa without its settings") }
      let words = try table("word_embeddings", c.vocabulary)
      let positions = c.hasPositions ? try table("position_embeddings", c.positions) : nil
      let types = c.tokenTypes > 0 ? try table("token_type_embeddings", c.tokenTypes) : nil
      let projection =
        c.embeddingWidth == c.width
        ? nil
        : try reader.linear("embeddings.embed_proj", c.embeddingWidth, c.width, weight: drawn, bias: nil)
      let norm = try reader.layerNorm("embeddings.LayerNorm", c.width, epsilon: epsilon)
      let distances = try reader.distanceTable(
        "encoder", settings, width: c.width, epsilon: epsilon, weight: drawn)
      let blocks = try (0..<c.layers).map { layer in
        try reader.disentangledBlock(
          "encoder.layer.\(layer)", settings, width: c.width, innerWidth: c.innerWidth, heads: c.heads,
          activation: c.activation, epsilon: epsilon, table: distances, weight: drawn)
      }
      let side = (c.tokenKernel - 1) / 2
      let convolution =
        c.tokenKernel == 0
        ? nil
        : TokenConvolution(
          convolution: try reader.timeConvolution(
            "encoder.conv.conv", inputs: c.width, outputs: c.width, kernel: c.tokenKernel,
            groups: c.tokenGroups, ends: .fixed(left: side, right: side), weight: drawn),
          activation: c.tokenActivation,
          norm: try reader.layerNorm("encoder.conv.LayerNorm", c.width, epsilon: epsilon))
      var model = TextTransformer(
        configuration: c, words: words, positions: positions, types: types, embeddingNorm: norm,
        embeddingProjection: projection, blocks: blocks, parameters: reader.count)
      model.convolution = convolution
      return model
    },
    leftovers: [
      "pooler", "lm_predictions", "mask_predictions", "cls", "classifier", "qa_outputs",
      "embeddings.position_ids", "embeddings.position_embeddings", "encoder.LayerNorm",
    ])
}
