/// A measured value with its 95 % interval.
public struct Estimate: Codable, Equatable, Sendable {
  public let value: Double
  /// The lower end of the interval; equals `value` where none could be computed.
  public let low: Double
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
}
