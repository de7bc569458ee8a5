/// What one level's numbers are about: how many spans of how many, how many classes of how many, and what was left out
/// by which rule.
public struct ProbeScope: Codable, Equatable, Sendable {
  /// Why classes or spans are left out.
  public enum Rule: String, Codable, Sendable, CaseIterable {
    /// Fewer examples than the least that a class needs.
    case rare = "fewer examples than min_count"
    /// Beyond the most frequent classes.
    case beyondLimit = "beyond max_classes"
    /// Never in both training and test: one speaker's or one sentence's alone.
    case untestable = "not in both training and test"
    /// Spans of a class that is probed, which is nowhere else than in what is held out with them.
    case heldOutAlone = "no other example in training while held out"
    /// Spans without a label or a number.
    case unlabelled = "without a label of this kind"
  }

  /// Classes and spans that one rule left out.
  public struct LeftOut: Codable, Equatable, Sendable {
    /// One class that was left out.
    public struct Class: Codable, Equatable, Sendable {
      /// The class's label.
      public var name: String
      /// Its spans in the sample.
      public var spans: Int

      public init(name: String, spans: Int) { (self.name, self.spans) = (name, spans) }
    }

    /// Why they were left out.
    public var rule: Rule
    /// The limit of the rule, where it has one.
    public var limit: Int?
    /// How many classes the rule left out as a whole.
    public var classes: Int
    /// How many spans the rule left out.
    public var spans: Int
    /// The most frequent of them, at most ten.
    public var named: [Class]

    public init(rule: Rule, limit: Int? = nil, classes: Int, spans: Int, named: [Class]) {
      (self.rule, self.limit, self.classes) = (rule, limit, classes)
      (self.spans, self.named) = (spans, named)
    }
  }

  /// Spans that were predicted while held out.
  public var spans: Int
  /// All spans in the sample.
  public var ofSpans: Int
  /// Classes that occur among the predicted spans.
  public var classes: Int
  /// All classes in the sample.
  public var ofClasses: Int
  /// What was left out, one entry a rule.
  public var leftOut: [LeftOut]

  public init(spans: Int, ofSpans: Int, classes: Int, ofClasses: Int, leftOut: [LeftOut]) {
    (self.spans, self.ofSpans, self.classes) = (spans, ofSpans, classes)
    (self.ofClasses, self.leftOut) = (ofClasses, leftOut)
  }

  /// Of the spans, 0 to 1.
  public var coverage: Double { ofSpans > 0 ? Double(spans) / Double(ofSpans) : 0 }

  /// So little of the level is probed that its name alone would mislead.
  public var isNarrow: Bool { coverage < 0.5 || (classes < 5 && ofClasses > 2 * classes) }
}

/// The peak layer beside everything simpler together: the probe on the joint baseline r, and on [r, layer].
public struct JointBaselineResult: Codable, Equatable, Sendable {
  /// What r holds: `mel`, `duration`, `length`, `bag-of-phones`.
  public var features: [String]
  /// Columns of r.
  public var width: Int
  /// The probe on r alone, on held-out spans.
  public var baseline: MetricTable
  /// The peak layer, which is added to r.
  public var layer: Layer
  /// The probe on [r, layer], on the same spans.
  public var withLayer: MetricTable
  /// Paired, in the level's metric.
  public var gain: Estimate
  /// Paired, in bits: conditional V-information (Hewitt et al. 2021); nil of a regression.
  public var gainInBits: Estimate?
  /// A part of r that by itself is read better than r, and what [part, layer] has over it, paired: wide features can drown
  /// few good ones, and what a layer adds to r may then be what the part has alone. Nil where r is better.
  public var betterPart: Part?

  /// A part of the joint baseline that is read better alone.
  public struct Part: Codable, Equatable, Sendable {
    /// The part: `mel`, `duration`, `length` or `bag-of-phones`.
    public var name: String
    /// The probe on the part alone; and [part, layer] less the part, paired. Both in the level's metric.
    public var value, gain: Estimate

    public init(name: String, value: Estimate, gain: Estimate) {
      (self.name, self.value, self.gain) = (name, value, gain)
    }
  }

  public init(
    features: [String], width: Int, baseline: MetricTable, layer: Layer, withLayer: MetricTable,
    gain: Estimate, gainInBits: Estimate?
  ) {
    (self.features, self.width, self.baseline) = (features, width, baseline)
    (self.layer, self.withLayer) = (layer, withLayer)
    (self.gain, self.gainInBits) = (gain, gainInBits)
  }

  /// Over everything simpler, together or the best part of it alone.
  public var gainOverSimpler: Estimate { betterPart?.gain ?? gain }

  /// The phones that a span is made of are part of r.
  public var hasPhones: Bool { features.contains("bag-of-phones") }
}

/// Rows of one layer's states whose norm is more than ten times the median: they own every similarity and every probe
/// that reads the layer.
public struct OutlierRows: Codable, Equatable, Sendable {
  /// More than this many times the median norm.
  public static let factor = 10.0

  /// One span whose vector is far longer than the others'.
  public struct Row: Codable, Equatable, Sendable {
    /// The utterance's name in the corpus.
    public var utterance: String
    /// Seconds.
    public var start, end: Double
    /// Its norm over the median.
    public var timesMedian: Double

    public init(utterance: String, start: Double, end: Double, timesMedian: Double) {
      (self.utterance, self.start, self.end) = (utterance, start, end)
      self.timesMedian = timesMedian
    }
  }

  /// How many such rows the layer has.
  public var count: Int
  /// The largest, at most ten.
  public var rows: [Row]
  /// The probe fitted and tested without them.
  public var metricsWithout: MetricTable?

  public init(count: Int, rows: [Row], metricsWithout: MetricTable? = nil) {
    (self.count, self.rows, self.metricsWithout) = (count, rows, metricsWithout)
  }
}
