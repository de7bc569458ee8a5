import Corpora

/// Finished studies of other corpora, seeds or models as replicates of one: what `replicates` writes to
/// `replicates.json`.
public struct ReplicatesResult: Codable, Equatable, Sendable {
  public static let schemaVersion = 1

  public struct Study: Codable, Equatable, Sendable {
    /// Where it was found.
    public var path, model, modelFingerprint, corpus, corpusFingerprint: String
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

  public struct LayerSummary: Codable, Equatable, Sendable {
    public var layer: Layer
    public var value: Summary
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

  public struct Replicated: Codable, Equatable, Sendable {
    public var level: Level
    public var probe: String
    public var metric: Metric
    /// Of each study, in their order; nil where it has no verdict.
    public var decisions: [Verdict.Decision?]
    public var peaks: [String?]
    public var layers: [LayerSummary]

    public init(
      level: Level, probe: String, metric: Metric, decisions: [Verdict.Decision?], peaks: [String?],
      layers: [LayerSummary]
    ) {
      (self.level, self.probe, self.metric) = (level, probe, metric)
      (self.decisions, self.peaks, self.layers) = (decisions, peaks, layers)
    }
  }

  public var schema = ReplicatesResult.schemaVersion
  public var version: String
  public var studies: [Study]
  public var levels: [Replicated]
  public var warnings: [String]

  public init(version: String, studies: [Study], levels: [Replicated], warnings: [String]) {
    (self.version, self.studies, self.levels, self.warnings) = (version, studies, levels, warnings)
  }
}
