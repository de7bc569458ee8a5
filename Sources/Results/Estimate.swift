/// A measured value with its 95 % interval.
///
/// In JSON a number that is not finite is written as null and read back as not-a-number: JSON has no other
/// word for it, and whoever writes a study says so in its warnings.
public struct Estimate: Codable, Equatable, Sendable {
  /// The point estimate, from all of the test data.
  public let value: Double
  /// The lower end of the 95 % interval; equals `value` where none could be computed.
  public let low: Double
  /// The upper end of the 95 % interval; equals `value` where none could be computed.
  public let high: Double

  public init(value: Double, low: Double, high: Double) {
    self.value = value
    self.low = low
    self.high = high
  }

  /// The whole interval lies above zero.
  public var isPositive: Bool { low > 0 }
  /// The whole interval lies below zero.
  public var isNegative: Bool { high < 0 }
  /// Stands where a number was not measured at all.
  public static let missing = Estimate(value: .nan, low: .nan, high: .nan)
  /// Value and both ends are numbers that JSON and CSV can hold.
  public var isFinite: Bool { value.isFinite && low.isFinite && high.isFinite }
  /// There is an interval beside the value.
  public var hasInterval: Bool { low < high }

  private enum CodingKeys: String, CodingKey { case value, low, high }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys) throws -> Double {
      try container.decodeNil(forKey: key) ? .nan : container.decode(Double.self, forKey: key)
    }
    self.init(value: try number(.value), low: try number(.low), high: try number(.high))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    for (key, number) in [(CodingKeys.value, value), (.low, low), (.high, high)] {
      if number.isFinite {
        try container.encode(number, forKey: key)
      } else {
        try container.encodeNil(forKey: key)
      }
    }
  }
}

/// What is measured of a classifier's predictions; the raw value is the name in `layers.csv`.
public enum Metric: String, Codable, CaseIterable, Sendable {
  case accuracy
  case balancedAccuracy = "balanced_accuracy"
  case macroF1 = "macro_f1"
  /// Mean negative log-likelihood, nats.
  case logLoss = "log_loss"
  /// H(labels) − cross-entropy, in bits: a lower bound on mutual information.
  case bits
  /// Of a regression: 1 − Σ(y − ŷ)² / Σ(y − ȳ)², over all outputs together; below 0 it is worse than the mean.
  case r2
  /// Of detected boundaries: the share that is one, within 20 ms.
  case precision
  /// The share of the boundaries that is detected.
  case recall
  /// The harmonic mean of precision and recall.
  case f1
  /// Räsänen, Laine & Altosaar (2009): near 1 only where boundaries are found and none is made up.
  case rValue = "r_value"

  /// The key in `study.json`.
  var key: String {
    switch self {
    case .balancedAccuracy: "balancedAccuracy"
    case .macroF1: "macroF1"
    case .logLoss: "logLoss"
    case .rValue: "rValue"
    default: rawValue
    }
  }
}
