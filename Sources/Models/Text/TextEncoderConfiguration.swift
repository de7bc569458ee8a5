import Checkpoints

/// The settings of an encoder of the BERT family, under the names that its `config.json` has for them.
struct TextEncoderConfiguration: Sendable, Equatable {
  enum Family: String, Sendable, CaseIterable {
    case bert, roberta, camembert
    case xlmRoberta = "xlm-roberta"
    case clap = "clap_text_model"

    /// Its positions begin after the padding token's number (RoBERTa, Liu 2019).
    var countsFromPadding: Bool { self != .bert }
  }

  var family: Family
  var vocabulary = 30_522
  /// Rows of the table of positions.
  var positions = 512
  var types = 2
  var padding = 0
  var width = 768
  var innerWidth = 3072
  var layers = 12
  var heads = 12
  var activation = Activation.gelu
  var epsilon = 1e-12
  /// The deviation of freshly drawn weights.
  var initialDeviation = 0.02

  /// The position of the first token.
  var firstPosition: Int { family.countsFromPadding ? padding + 1 : 0 }
  /// The most tokens that there are positions for.
  var maximumTokens: Int { positions - firstPosition }

  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader, family: Family) throws {
    self.family = family
    let extent = 1...65_536
    let isBert = family == .bert
    vocabulary = try reader.integer("vocab_size", 1...(1 << 24), default: isBert ? 30_522 : 50_265)
    positions = try reader.integer("max_position_embeddings", 1...1_048_576, default: isBert ? 512 : 514)
    types = try reader.integer("type_vocab_size", 1...1024, default: family == .clap ? 1 : 2)
    padding = try reader.integer("pad_token_id", 0...(vocabulary - 1), default: isBert ? 0 : 1)
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "hidden_act", default: "gelu", Activation.knownNames, Activation.init(named:))
    epsilon = try reader.number("layer_norm_eps", 0...1, default: epsilon)
    initialDeviation =
      family == .clap
      ? 0.02 * (try reader.number("initializer_factor", 0...10, default: 1))
      : try reader.number("initializer_range", 0...10, default: initialDeviation)
    try check(reader)
  }

  /// What must hold between settings, and what no model here can be.
  private func check(_ reader: ConfigurationReader) throws {
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    guard width % heads == 0 else {
      throw refuse("num_attention_heads", "\(heads)", "a divisor of hidden_size, \(width)")
    }
    guard maximumTokens > 0 else {
      throw refuse(
        "max_position_embeddings", "\(positions)", "more than pad_token_id + 1, \(firstPosition)")
    }
    for key in ["is_decoder", "add_cross_attention"] where try reader.bool(key, default: false) {
      throw refuse(key, "true", "false: only encoders are read here")
    }
    _ = try reader.choice("position_embedding_type", default: "absolute", "absolute") {
      $0 == "absolute" ? true : nil
    }
  }
}
