import Foundation
import Results

/// How numbers are spelt. Nothing here depends on the locale, so the same study gives the same bytes.
enum NumberText {
  /// A fixed number of decimals with a true minus sign; "−0.0" is "0.0".
  static func fixed(_ value: Double, _ digits: Int) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "∞" : "−∞" }
    let text = String(format: "%.\(digits)f", abs(value))
    let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
    return value < 0 && !isZero ? "−" + text : text
  }

  /// For data files: up to eight significant digits, a full stop, an ASCII minus, nothing for a missing or
  /// non-finite number. Eight digits are more than any study resolves and fewer than what changes with the
  /// CPU's kernels.
  static func data(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "" }
    return value == 0 ? "0" : String(format: "%.8g", value)
  }

  /// A chance to four decimals; one that is smaller says so.
  static func probability(_ value: Double) -> String {
    value > 0 && value < 0.000_05 ? "< 0.0001" : fixed(value, 4)
  }

  /// Where a span lies: “1.25–1.31” seconds, or “12–17” characters of a text.
  static func stretch(_ start: Double, _ end: Double, isOfText: Bool = false) -> String {
    [start, end].map { fixed($0, isOfText ? 0 : 2) }.joined(separator: "–")
  }

  /// A coordinate in a drawing: at most two decimals, no trailing zeros.
  static func coordinate(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    let rounded = (value * 100).rounded() / 100
    if rounded == rounded.rounded() { return String(Int(rounded)) }
    return String(rounded)
  }

  /// "1,234,567".
  static func grouped(_ value: Int) -> String {
    let digits = String(abs(value))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return value < 0 ? "−" + text : text
  }

  /// "42 s", "6.2 min", "3.1 h".
  static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<120: fixed(seconds, 0) + " s"
    case ..<7200: fixed(seconds / 60, 1) + " min"
    default: fixed(seconds / 3600, 1) + " h"
    }
  }
}

/// How a metric's values are shown to people: shares in percent, the rest in their own unit.
struct MeasureFormat: Equatable, Sendable {
  let scale: Double
  let digits: Int
  let unit: String

  init(scale: Double, digits: Int, unit: String) {
    (self.scale, self.digits, self.unit) = (scale, digits, unit)
  }

  init(_ metric: Metric) {
    switch metric {
    case .accuracy, .balancedAccuracy, .macroF1, .precision, .recall, .f1, .rValue:
      (scale, digits, unit) = (100, 1, "%")
    case .logLoss: (scale, digits, unit) = (1, 3, "nats")
    case .bits: (scale, digits, unit) = (1, 2, "bits")
    case .r2: (scale, digits, unit) = (1, 3, "")
    }
  }

  /// "71.2"
  func value(_ value: Double) -> String { NumberText.fixed(value * scale, digits) }

  /// "[68.0, 74.1]", or nothing where there is no interval.
  func brackets(_ estimate: Estimate) -> String {
    guard estimate.hasInterval else { return "" }
    return "[\(value(estimate.low)), \(value(estimate.high))]"
  }

  /// "71.2 [68.0, 74.1]"
  func interval(_ estimate: Estimate) -> String {
    [value(estimate.value), brackets(estimate)].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// "71.2 % [68.0, 74.1]"
  func intervalWithUnit(_ estimate: Estimate) -> String {
    [value(estimate.value), unit, brackets(estimate)].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// "+30.9 [27.5, 34.2]"
  func gain(_ estimate: Estimate) -> String {
    (estimate.value > 0 ? "+" : "") + interval(estimate)
  }

  /// The unit of a difference: "points" between percentages.
  var differenceUnit: String { unit == "%" ? "points" : unit }
}
