import SpeechHierarchy

/// What one probe found about one level, over all layers.
public struct LevelResult: Codable, Equatable, Sendable {
  public var level: Level
  /// The probe's name, from its definition in `probes/*.yaml`.
  public var probe: String
  /// Labels come from other tiers by rule, not from a tier of their own.
  public var isDerived: Bool
  /// The metric that peaks and verdicts are about.
  public var metric: Metric
  public var classes: [String]
  /// Labelled spans that were probed, and how many of them were predicted while held out.
  public var examples: Int
  public var tested: Int
  public var speakers: Int
  /// How train and test were kept apart, and whether anything leaks, in a sentence.
  public var split: String
  public var leaks: Bool
  /// The resampled unit of the intervals: "speakers" or "utterances".
  public var intervalUnit: String
  /// Entropy of the tested labels, bits.
  public var labelEntropy: Double
  public var majorityClass: String
  /// Always predicting the commonest training class.
  public var majority: MetricTable
  /// The probe on the true inputs with labels shuffled in training.
  public var shuffled: MetricTable?
  /// The probe on log-mel spans.
  public var mel: MetricTable?
  public var layers: [LayerResult]
  public var peak: Peak?
  /// Nil where no layer has a number.
  public var verdict: Verdict?

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

/// Every metric of one set of predictions, each with its interval.
public struct MetricTable: Codable, Equatable, Sendable {
  public var accuracy: Estimate
  public var balancedAccuracy: Estimate
  public var macroF1: Estimate
  public var logLoss: Estimate
  public var bits: Estimate

  public init(
    accuracy: Estimate, balancedAccuracy: Estimate, macroF1: Estimate, logLoss: Estimate,
    bits: Estimate
  ) {
    self.accuracy = accuracy
    self.balancedAccuracy = balancedAccuracy
    self.macroF1 = macroF1
    self.logLoss = logLoss
    self.bits = bits
  }

  public subscript(metric: Metric) -> Estimate {
    switch metric {
    case .accuracy: accuracy
    case .balancedAccuracy: balancedAccuracy
    case .macroF1: macroF1
    case .logLoss: logLoss
    case .bits: bits
    }
  }
}

/// One layer's numbers for one level, with the controls beside them.
public struct LayerResult: Codable, Equatable, Sendable {
  public var layer: Layer
  /// Why this layer has no number for this level; nil where it has one.
  public var reason: String?
  public var metrics: MetricTable?
  /// The same layer of the randomly initialised twin, the mean over its seeds.
  public var twin: MetricTable?
  /// Paired differences in the level's metric.
  public var gainOverTwin: Estimate?
  public var gainOverMel: Estimate?
  /// Accuracy minus the accuracy on the control task (random labels per type).
  public var selectivity: Estimate?
  /// The chosen L2 penalty, the same in every fold or the median of them.
  public var penalty: Double?

  public init(
    layer: Layer, reason: String? = nil, metrics: MetricTable? = nil, twin: MetricTable? = nil,
    gainOverTwin: Estimate? = nil, gainOverMel: Estimate? = nil, selectivity: Estimate? = nil,
    penalty: Double? = nil
  ) {
    self.layer = layer
    self.reason = reason
    self.metrics = metrics
    self.twin = twin
    self.gainOverTwin = gainOverTwin
    self.gainOverMel = gainOverMel
    self.selectivity = selectivity
    self.penalty = penalty
  }
}

/// Where a level's metric is highest.
public struct Peak: Codable, Equatable, Sendable {
  public var layer: Layer
  public var estimate: Estimate
  /// Every layer that cannot be told from the peak: its paired interval to it (Holm-corrected) holds zero.
  public var peakSet: [Layer]

  public init(layer: Layer, estimate: Estimate, peakSet: [Layer]) {
    self.layer = layer
    self.estimate = estimate
    self.peakSet = peakSet
  }
}

/// Whether the model encodes the level, as far as the data can say.
public struct Verdict: Codable, Equatable, Sendable {
  public enum Decision: String, Codable, Sendable {
    case encoded
    case notEncoded = "not encoded"
    case undecided
  }

  public var decision: Decision
  /// One sentence in plain words with its evidence.
  public var sentence: String
  /// How many utterances like these would decide, where it is undecided and can be estimated.
  public var utterancesToDecide: Int?

  public init(decision: Decision, sentence: String, utterancesToDecide: Int? = nil) {
    self.decision = decision
    self.sentence = sentence
    self.utterancesToDecide = utterancesToDecide
  }
}
