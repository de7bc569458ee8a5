import Corpora

/// Several models, or the checkpoints of one training run, studied alike and set beside each other: what
/// `comparison.json` holds and its reports are drawn from. The first model is what the others are compared with.
public struct ModelComparison: Codable, Equatable, Sendable {
  /// The version of this structure as written to its JSON file; a change of meaning raises it.
  public static let schemaVersion = 2

  /// One of the models that are compared.
  public struct Model: Codable, Equatable, Sendable {
    /// Its name in the comparison: its folder's or its checkpoint's.
    public var name: String
    /// Of training, where it is a checkpoint of a run.
    public var step: Int?
    /// What it is: architecture, parameters, tap points.
    public var summary: ModelSummary

    public init(name: String, step: Int?, summary: ModelSummary) {
      self.name = name
      self.step = step
      self.summary = summary
    }
  }

  /// What one probe found in each of the models.
  public struct Probed: Codable, Equatable, Sendable {
    /// The level that was read.
    public var level: Level
    /// The name of the probe.
    public var probe: String
    /// In the order of the models; nil where one has no layer that can be probed.
    public var results: [LevelResult?]
    /// Of the level's metric, each model less the first, layer by layer of the same name.
    public var differences: [Difference]
    /// What the first model's probe reads and another's does not, and the reverse, each at its own peak.
    public var errors: [ErrorChanges]

    public init(
      level: Level, probe: String, results: [LevelResult?], differences: [Difference],
      errors: [ErrorChanges]
    ) {
      self.level = level
      self.probe = probe
      self.results = results
      self.differences = differences
      self.errors = errors
    }
  }

  /// What the probe reads at a model's peak and did not at the first model's, and the reverse.
  public struct ErrorChanges: Codable, Equatable, Sendable {
    /// Its place among the models.
    public var model: Int
    /// Its peak.
    public var layer: Layer
    /// Since the peak of the first model.
    public var changes: ErrorAnalysis.Changes

    public init(model: Int, layer: Layer, changes: ErrorAnalysis.Changes) {
      (self.model, self.layer, self.changes) = (model, layer, changes)
    }
  }

  /// One layer of one model beside the same layer of the first model.
  public struct Difference: Codable, Equatable, Sendable {
    /// Its place among the models.
    public var model: Int
    /// The layer's name, the same in both models.
    public var layer: String
    /// Paired on the same resamples of the same spans.
    public var estimate: Estimate
    /// Not zero by the simultaneous 95 % intervals of all layers and models of the level; never true of fewer than ten
    /// resampled units.
    public var isBeyondChance: Bool

    public init(model: Int, layer: String, estimate: Estimate, isBeyondChance: Bool) {
      self.model = model
      self.layer = layer
      self.estimate = estimate
      self.isBeyondChance = isBeyondChance
    }
  }

  /// How like a layer is to the layer of the same name in the first and in the last model: debiased linear CKA; nil
  /// where it refuses or there is no such layer.
  public struct Drift: Codable, Equatable, Sendable {
    /// Its place among the models.
    public var model: Int
    /// The layer's name.
    public var layer: String
    /// Debiased linear CKA with the layer of the first model, and of the last.
    public var toFirst, toLast: Double?

    public init(model: Int, layer: String, toFirst: Double?, toLast: Double?) {
      self.model = model
      self.layer = layer
      self.toFirst = toFirst
      self.toLast = toLast
    }
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = ModelComparison.schemaVersion
  /// The models, the first of which is what the others are compared with.
  public var models: [Model]
  /// The corpus that it was studied on.
  public var corpus: CorpusSummary
  /// What was asked for, the same of every model.
  public var settings: Settings
  /// One for each level and probe.
  public var levels: [Probed]
  /// One for each model and layer.
  public var drifts: [Drift]
  /// What the layers are compared over, such as spans of a level.
  public var driftUnit: String
  /// How many of `driftUnit` were compared.
  public var driftRows: Int
  /// What a reader must know before trusting a number; whole sentences.
  public var warnings: [String]

  public init(
    models: [Model], corpus: CorpusSummary, settings: Settings, levels: [Probed], drifts: [Drift],
    driftUnit: String, driftRows: Int, warnings: [String]
  ) {
    self.models = models
    self.corpus = corpus
    self.settings = settings
    self.levels = levels
    self.drifts = drifts
    self.driftUnit = driftUnit
    self.driftRows = driftRows
    self.warnings = warnings
  }
}
