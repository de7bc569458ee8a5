import Corpora

/// Finished studies of other corpora, seeds or models as replicates of one: what `replicates` writes to
/// `replicates.json`.
public struct ReplicatesResult: Codable, Equatable, Sendable {
  /// The version of this structure as written to its JSON file; a change of meaning raises it.
  public static let schemaVersion = 1

  /// One of the finished studies.
  public struct Study: Codable, Equatable, Sendable {
    /// Where it was found; the model and the corpus by name and fingerprint.
    public var path, model, modelFingerprint, corpus, corpusFingerprint: String
    /// The seed of its random choices.
    public var seed: UInt64

    public init(
      path: String, model: String, modelFingerprint: String, corpus: String, corpusFingerprint: String,
      seed: UInt64
    ) {
      (self.path, self.model, self.modelFingerprint) = (path, model, modelFingerprint)
      (self.corpus, self.corpusFingerprint, self.seed) = (corpus, corpusFingerprint, seed)
    }
  }

  /// One number over the studies that have it.
  public struct Summary: Codable, Equatable, Sendable {
    /// Studies that have the number.
    public var studies: Int
    /// The mean of the random-effects model.
    public var mean: Estimate
    /// The standard deviation between studies, beyond what sampling explains.
    public var between: Double
    /// The share of the spread that is between studies, 0 to 1.
    public var inconsistency: Double
    /// Where another study's true value would lie; nil of two studies.
    public var prediction: Estimate?

    public init(studies: Int, mean: Estimate, between: Double, inconsistency: Double, prediction: Estimate?)
    {
      (self.studies, self.mean, self.between) = (studies, mean, between)
      (self.inconsistency, self.prediction) = (inconsistency, prediction)
    }
  }

  /// One layer's numbers over the studies.
  public struct LayerSummary: Codable, Equatable, Sendable {
    /// The layer.
    public var layer: Layer
    /// The level's metric.
    public var value: Summary
    /// The same of differences in the level's metric: over the input baseline, over the untrained model, and over the
    /// control task; nil where a study lacks it.
    public var gainOverMel, gainOverTwin, selectivity: Summary?
    /// Studies in whose peak set it is.
    public var inPeakSets: Int

    public init(
      layer: Layer, value: Summary, gainOverMel: Summary?, gainOverTwin: Summary?, selectivity: Summary?,
      inPeakSets: Int
    ) {
      (self.layer, self.value, self.gainOverMel) = (layer, value, gainOverMel)
      (self.gainOverTwin, self.selectivity, self.inPeakSets) = (gainOverTwin, selectivity, inPeakSets)
    }
  }

  /// One level and probe over the studies.
  public struct Replicated: Codable, Equatable, Sendable {
    /// The level that was read.
    public var level: Level
    /// The name of the probe.
    public var probe: String
    /// The metric that values are in.
    public var metric: Metric
    /// Of each study, in their order; nil where it has no verdict.
    public var decisions: [Verdict.Decision?]
    /// Each study's peak layer by name, in their order; nil where it has none.
    public var peaks: [String?]
    /// Every layer that has a number in all studies, in the order of the data.
    public var layers: [LayerSummary]

    public init(
      level: Level, probe: String, metric: Metric, decisions: [Verdict.Decision?], peaks: [String?],
      layers: [LayerSummary]
    ) {
      (self.level, self.probe, self.metric) = (level, probe, metric)
      (self.decisions, self.peaks, self.layers) = (decisions, peaks, layers)
    }
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = ReplicatesResult.schemaVersion
  /// The version of Strata that made it.
  public var version: String
  /// The studies, in the order that they were given.
  public var studies: [Study]
  /// One for each level and probe that all studies have with the same metric.
  public var levels: [Replicated]
  /// What a reader must know before trusting a number; whole sentences.
  public var warnings: [String]

  public init(version: String, studies: [Study], levels: [Replicated], warnings: [String]) {
    (self.version, self.studies, self.levels, self.warnings) = (version, studies, levels, warnings)
  }
}
