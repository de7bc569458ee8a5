import Corpora

/// How well a level is read along an axis: over time around its spans, or over the number of examples; what `curves`
/// writes to `curves.json`.
public struct CurvesResult: Codable, Equatable, Sendable {
  /// The version of this structure as written to its JSON file; a change of meaning raises it.
  public static let schemaVersion = 1

  /// What the accuracy is followed along.
  public enum Axis: String, Codable, CaseIterable, Sendable {
    /// Milliseconds from the span's centre or edge.
    case time
    /// Spans that a probe learns from.
    case examples
  }

  /// What moments are counted from.
  public enum Anchor: String, Codable, CaseIterable, Sendable { case centre, start, end }

  /// One layer's accuracy at every place of the axis.
  public struct Curve: Codable, Equatable, Sendable {
    /// A layer's name, `mel` for what the model hears.
    public var layer: String
    /// The accuracy at each place.
    public var accuracies: [Estimate]
    /// Over the number of examples: what accuracy − b·n^(−c) rises to; nil over time, and where it does not rise.
    public var limit: Estimate?
    /// Why there are no numbers.
    public var reason: String?

    public init(layer: String, accuracies: [Estimate], limit: Estimate? = nil, reason: String? = nil) {
      (self.layer, self.accuracies, self.limit, self.reason) = (layer, accuracies, limit, reason)
    }
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = CurvesResult.schemaVersion
  /// The version of Strata that made it.
  public var version: String
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64
  /// The model that was studied, with its tap points.
  public var model: ModelSummary
  /// The corpus that it was studied on.
  public var corpus: CorpusSummary
  /// The level whose labels are read.
  public var level: Level
  /// What `places` are: moments, or numbers of training spans.
  public var axis: Axis
  /// Nil over the number of examples.
  public var anchor: Anchor?
  /// Milliseconds, or spans.
  public var places: [Double]
  /// What the classifier is.
  public var probe: String
  /// Classes that are probed, of those of the corpus, and spans that are tested, of those of the corpus.
  public var classes, ofClasses, tested, ofSpans: Int
  /// Resampled units among the tested spans.
  public var clusters: Int
  /// What is resampled for intervals: `speakers` or `utterances`.
  public var clusterUnit: String
  /// How training and test were kept apart, in words.
  public var folds: String
  /// Always answering the commonest class.
  public var majority: Estimate
  /// One curve a layer, in the order of the data.
  public var curves: [Curve]
  /// What a reader must know before trusting a number; whole sentences.
  public var warnings: [String]

  public init(
    version: String, seed: UInt64, model: ModelSummary, corpus: CorpusSummary, level: Level, axis: Axis,
    anchor: Anchor?, places: [Double], probe: String, classes: Int, ofClasses: Int, tested: Int,
    ofSpans: Int, clusters: Int, clusterUnit: String, folds: String, majority: Estimate, curves: [Curve],
    warnings: [String]
  ) {
    (self.version, self.seed, self.model, self.corpus) = (version, seed, model, corpus)
    (self.level, self.axis, self.anchor, self.places) = (level, axis, anchor, places)
    (self.probe, self.classes, self.ofClasses) = (probe, classes, ofClasses)
    (self.tested, self.ofSpans, self.clusters, self.clusterUnit) = (tested, ofSpans, clusters, clusterUnit)
    (self.folds, self.majority, self.curves, self.warnings) = (folds, majority, curves, warnings)
  }
}
