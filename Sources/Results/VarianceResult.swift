import Corpora

/// How much of each layer's variance is what: what `variance` writes to `variance.json`.
public struct VarianceResult: Codable, Equatable, Sendable {
  /// The version of this structure as written to its JSON file; a change of meaning raises it.
  public static let schemaVersion = 1

  /// A group of features.
  public struct Block: Codable, Equatable, Sendable {
    /// The block's name, such as `log-mel` or `phones`.
    public var name: String
    /// What is in it, in words.
    public var words: String
    /// Columns that the block has.
    public var features: Int
    /// The share of spans of which it says anything.
    public var coverage: Double

    public init(name: String, words: String, features: Int, coverage: Double) {
      (self.name, self.words, self.features, self.coverage) = (name, words, features, coverage)
    }
  }

  /// What one block explains of a layer, shares of its variance on held-out spans.
  public struct Share: Codable, Equatable, Sendable {
    /// The block's name.
    public var block: String
    /// By itself; what is lost without it; and its part of the joint prediction.
    public var alone, unique, part: Estimate

    public init(block: String, alone: Estimate, unique: Estimate, part: Estimate) {
      (self.block, self.alone, self.unique, self.part) = (block, alone, unique, part)
    }
  }

  /// What the blocks explain of one layer.
  public struct LayerVariance: Codable, Equatable, Sendable {
    /// The layer.
    public var layer: Layer
    /// One share a block, in the order of `VarianceResult.blocks`.
    public var shares: [Share]
    /// All blocks together, and what more than one of them explains.
    public var together, shared: Estimate
    /// What two tokens of a type have in common: the most that features of the type can explain.
    public var ceiling: Estimate?
    /// Spans that the ceiling is of.
    public var ceilingSpans: Int
    /// Why there are no numbers.
    public var reason: String?

    public init(
      layer: Layer, shares: [Share], together: Estimate, shared: Estimate, ceiling: Estimate?,
      ceilingSpans: Int, reason: String? = nil
    ) {
      (self.layer, self.shares, self.together, self.shared) = (layer, shares, together, shared)
      (self.ceiling, self.ceilingSpans, self.reason) = (ceiling, ceilingSpans, reason)
    }
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = VarianceResult.schemaVersion
  /// The version of Strata that made it.
  public var version: String
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64
  /// The model that was studied, with its tap points.
  public var model: ModelSummary
  /// The corpus that it was studied on.
  public var corpus: CorpusSummary
  /// The level whose spans the states are pooled over.
  public var level: Level
  /// Spans that were tested, of those of the corpus.
  public var spans, ofSpans: Int
  /// Utterances or speakers that were tested and are resampled.
  public var clusters: Int
  /// What is resampled for intervals: `speakers`, `utterances` or `texts`.
  public var clusterUnit: String
  /// How the corpus is divided, in words.
  public var folds: String
  /// Whether each dimension counts alike, and not with its variance.
  public var isStandardised: Bool
  /// The groups of features, the simplest first.
  public var blocks: [Block]
  /// The type whose tokens the ceiling is of, in words.
  public var ceilingType: String
  /// Every studied layer, in the order of the data.
  public var layers: [LayerVariance]
  /// The same of the untrained model; empty where it was not looked at.
  public var untrained: [LayerVariance]
  /// What a reader must know before trusting a number; whole sentences.
  public var warnings: [String]

  public init(
    version: String, seed: UInt64, model: ModelSummary, corpus: CorpusSummary, level: Level, spans: Int,
    ofSpans: Int, clusters: Int, clusterUnit: String, folds: String, isStandardised: Bool, blocks: [Block],
    ceilingType: String, layers: [LayerVariance], untrained: [LayerVariance], warnings: [String]
  ) {
    (self.version, self.seed, self.model, self.corpus, self.level) = (version, seed, model, corpus, level)
    (self.spans, self.ofSpans, self.clusters, self.clusterUnit) = (spans, ofSpans, clusters, clusterUnit)
    (self.folds, self.isStandardised, self.blocks) = (folds, isStandardised, blocks)
    (self.ceilingType, self.layers, self.untrained) = (ceilingType, layers, untrained)
    self.warnings = warnings
  }
}
