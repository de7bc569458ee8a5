import Corpora
import Foundation

/// What one probe found about one level, over all layers.
public struct LevelResult: Codable, Equatable, Sendable {
  /// The level of the spans.
  public var level: Level
  /// The probe's name, from its definition in `probes/*.yaml`.
  public var probe: String
  /// What is read off the spans where it is not their labels, in the plural: “places of articulation”.
  public var subject: String?
  /// Labels come from other tiers by rule, not from a tier of their own.
  public var isDerived: Bool
  /// The metric that peaks and verdicts are about.
  public var metric: Metric
  /// The classes that are told apart, in the order that confusions have; empty of a regression.
  public var classes: [String]
  /// Labelled spans that were probed.
  public var examples: Int
  /// Those of them that were predicted while held out.
  public var tested: Int
  /// Speakers that the tested spans are from.
  public var speakers: Int
  /// How train and test were kept apart, and whether anything leaks, in a sentence.
  public var split: String
  /// Whether a speaker or a sentence of the test data is in training too.
  public var leaks: Bool
  /// The resampled unit of the intervals: "speakers" or "utterances".
  public var intervalUnit: String
  /// Entropy of the tested labels, bits.
  public var labelEntropy: Double
  /// The commonest class; of a regression “the mean”.
  public var majorityClass: String
  /// How penalties were sought on development data: `random` or `bayesian`; nil for the definition's list.
  public var search: String?
  /// Always predicting the commonest training class.
  public var majority: MetricTable
  /// The probe on the true inputs with labels shuffled in training.
  public var shuffled: MetricTable?
  /// The probe on the baseline: log-mel spans, or what `baselineName` says.
  public var mel: MetricTable?
  /// Probes that know something of each span without hearing it; nil where spans cannot be told by that.
  public var plain: [DurationBaseline]?
  /// What the baseline is where it is not mel: `n-grams` of a text's characters.
  public var baselineName: String?
  /// What is probed of what there is, and what was left out; nil in a study of an earlier version.
  public var scope: ProbeScope?
  /// The peak layer beside everything simpler together; nil where that was not measured.
  public var joint: JointBaselineResult?
  /// At the peak layer, the accuracy for new speakers and new types; nil of a regression, of one speaker, and where
  /// every span is a type of its own.
  public var crossed: CrossedAccuracy?
  /// Control tasks that selectivity is the mean over; nil without a control.
  public var controlDraws: Int?
  /// One result a layer, in the order of the data.
  public var layers: [LayerResult]
  /// The layer where the metric is highest; nil where no layer has a number.
  public var peak: Peak?
  /// Nil where no layer has a number.
  public var verdict: Verdict?
  /// What the probe took for what at the peak layer, and at others that were asked for, in the order of the data;
  /// nil of a regression, which has no classes.
  public var errors: [ErrorAnalysis]?
  /// How far off a regression was at the same layers; nil of classes.
  public var deviations: [DeviationAnalysis]?

  public init(
    level: Level, probe: String, isDerived: Bool, metric: Metric, classes: [String], examples: Int,
    tested: Int, speakers: Int, split: String, leaks: Bool, intervalUnit: String, labelEntropy: Double,
    majorityClass: String, majority: MetricTable, shuffled: MetricTable?, mel: MetricTable?,
    layers: [LayerResult], peak: Peak?, verdict: Verdict?
  ) {
    self.level = level
    self.probe = probe
    self.isDerived = isDerived
    self.metric = metric
    self.classes = classes
    self.examples = examples
    self.tested = tested
    self.speakers = speakers
    self.split = split
    self.leaks = leaks
    self.intervalUnit = intervalUnit
    self.labelEntropy = labelEntropy
    self.majorityClass = majorityClass
    self.majority = majority
    self.shuffled = shuffled
    self.mel = mel
    self.layers = layers
    self.peak = peak
    self.verdict = verdict
  }
}

extension LevelResult {
  /// What the baseline is called in tables: `mel`, or `n-grams` of a text.
  public var baseline: String { baselineName ?? "mel" }
  /// Whether the spans are of a text, in characters.
  public var isOfText: Bool { baselineName != nil }
}

/// Every metric that one set of predictions has, each with its interval: of a classifier the first five, of a
/// boundary detector precision, recall, F1 and R-value too, of a regression R² alone.
public struct MetricTable: Equatable, Sendable {
  private var estimates: [Metric: Estimate]

  /// A table of these metrics; one that is left out is `Estimate.missing`.
  public init(_ estimates: [Metric: Estimate]) { self.estimates = estimates }

  /// A classifier's table.
  public init(
    accuracy: Estimate, balancedAccuracy: Estimate, macroF1: Estimate, logLoss: Estimate,
    bits: Estimate
  ) {
    self.init([
      .accuracy: accuracy, .balancedAccuracy: balancedAccuracy, .macroF1: macroF1, .logLoss: logLoss,
      .bits: bits,
    ])
  }

  /// Those that were measured.
  public var metrics: [Metric] { Metric.allCases.filter { estimates[$0] != nil } }

  /// `Estimate.missing` for one that was not measured.
  public subscript(metric: Metric) -> Estimate {
    get { estimates[metric] ?? .missing }
    set { estimates[metric] = newValue }
  }

  /// The share of spans that are predicted right, 0 to 1.
  public var accuracy: Estimate {
    get { self[.accuracy] }
    set { self[.accuracy] = newValue }
  }
  /// The mean over classes of the share predicted right, 0 to 1.
  public var balancedAccuracy: Estimate {
    get { self[.balancedAccuracy] }
    set { self[.balancedAccuracy] = newValue }
  }
  /// The mean over classes of F1, 0 to 1.
  public var macroF1: Estimate {
    get { self[.macroF1] }
    set { self[.macroF1] = newValue }
  }
  /// The mean negative log-likelihood of the true class, in nats.
  public var logLoss: Estimate {
    get { self[.logLoss] }
    set { self[.logLoss] = newValue }
  }
  /// H(labels) − cross-entropy, in bits: a lower bound on the mutual information of labels and states.
  public var bits: Estimate {
    get { self[.bits] }
    set { self[.bits] = newValue }
  }
}

extension MetricTable: Codable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ metric: Metric) { stringValue = metric.key }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    var estimates: [Metric: Estimate] = [:]
    for metric in Metric.allCases {
      estimates[metric] = try container.decodeIfPresent(Estimate.self, forKey: Key(metric))
    }
    guard !estimates.isEmpty else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "no metric is known by its name"))
    }
    self.init(estimates)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for metric in metrics { try container.encode(self[metric], forKey: Key(metric)) }
  }
}

/// One layer's numbers for one level, with the controls beside them.
public struct LayerResult: Codable, Equatable, Sendable {
  /// The layer that was probed.
  public var layer: Layer
  /// Why this layer has no number for this level; nil where it has one.
  public var reason: String?
  /// The probe's numbers on held-out spans; nil where there is a reason for that.
  public var metrics: MetricTable?
  /// The same layer of the untrained model, the mean over its seeds.
  public var twin: MetricTable?
  /// In the level's metric, the layer less the same layer of the untrained model, paired.
  public var gainOverTwin: Estimate?
  /// In the level's metric, the layer less the input baseline, paired.
  public var gainOverMel: Estimate?
  /// Accuracy minus the accuracy on the control task (random labels per type).
  public var selectivity: Estimate?
  /// The chosen L2 penalty, the same in every fold or the median of them.
  public var penalty: Double?
  /// A dictionary a fold: the loss on development data at each penalty that was tried, in nats an example, of a
  /// regression the squared error.
  public var search: [[String: Double]]?
  /// Spans whose vectors are far longer than the others'; nil where there are none.
  public var outliers: OutlierRows?

  /// The key of a penalty in `search`: four digits.
  public static func name(ofPenalty penalty: Double) -> String { String(format: "%.4g", penalty) }

  public init(
    layer: Layer, reason: String? = nil, metrics: MetricTable? = nil, twin: MetricTable? = nil,
    gainOverTwin: Estimate? = nil, gainOverMel: Estimate? = nil, selectivity: Estimate? = nil,
    penalty: Double? = nil, search: [[String: Double]]? = nil
  ) {
    self.layer = layer
    self.reason = reason
    self.metrics = metrics
    self.twin = twin
    self.gainOverTwin = gainOverTwin
    self.gainOverMel = gainOverMel
    self.selectivity = selectivity
    self.penalty = penalty
    self.search = search
  }
}

/// A probe that knows each span's duration, its length in phones and syllables, or which phones it is made of.
public struct DurationBaseline: Codable, Equatable, Sendable {
  /// `duration` (of a text `length`), `length` or `bag-of-phones`.
  public var name: String
  /// The verdict asks for a gain over it.
  public var isRequired: Bool
  /// Its numbers on the same held-out spans.
  public var metrics: MetricTable
  /// Of the peak layer over it, paired, in the level's metric.
  public var gainOfPeak: Estimate?

  public init(name: String, isRequired: Bool, metrics: MetricTable, gainOfPeak: Estimate?) {
    (self.name, self.isRequired) = (name, isRequired)
    (self.metrics, self.gainOfPeak) = (metrics, gainOfPeak)
  }
}

/// Where a level's metric is highest.
public struct Peak: Codable, Equatable, Sendable {
  /// The layer with the best value.
  public var layer: Layer
  /// The value there, in the level's metric.
  public var estimate: Estimate
  /// Every layer that may be the best, all together with 95 % confidence: those whose simultaneous lower bound of
  /// (best of the others − this layer) does not exceed zero (multiple comparison with the best, Hsu 1984).
  public var peakSet: [Layer]

  public init(layer: Layer, estimate: Estimate, peakSet: [Layer]) {
    self.layer = layer
    self.estimate = estimate
    self.peakSet = peakSet
  }
}
