/// Numbers in running text.
package enum NumberWords {
  /// "0.71 [0.68, 0.73]"
  package static func interval(_ estimate: Estimate) -> String {
    "\(number(estimate.value)) [\(number(estimate.low)), \(number(estimate.high))]"
  }

  /// Two decimals; three where two would say zero.
  package static func number(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "no number" : value < 0 ? "−∞" : "∞" }
    guard abs(value) < 1e12 else { return "\(value)" }
    let digits = abs(value) < 0.005 && value != 0 ? 1000.0 : 100
    let scaled = Int((abs(value) * digits).rounded())
    let fraction = String(scaled % Int(digits))
    let width = digits == 100 ? 2 : 3
    let zeros = String(repeating: "0", count: width - fraction.count)
    return (value < 0 && scaled > 0 ? "−" : "") + "\(scaled / Int(digits)).\(zeros)\(fraction)"
  }
}
