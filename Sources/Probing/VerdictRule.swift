import Corpora
import Foundations
import Results

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the peak layer's numbers say about whether a level is encoded, and in which words.
///
/// - Encoded: selectivity and the gain over mel both have intervals above zero (METHODS) and stand after Holm's
///   correction over the layers that the peak was picked from. Where no control task can be made (a word's type
///   is the word) the gain over the random twin takes selectivity's place; a requirement that was not measured
///   at all is replaced by the gain over always answering the commonest class. Syllables, words and what is larger
///   must also beat a probe that knows how long each span is, and no more.
/// - Not encoded: one of them has no part of its interval above zero, or the probe tells nothing: no bit about the
///   labels, and a gain over the commonest class whose interval ends below `negligible`.
/// - Undecided: anything else, with how many utterances would decide where that can be told: intervals shrink
///   as 1/√n, so that a value of the present size is clear of zero at n·(distance to the interval's end /
///   value)², and of what the best of so many layers has by chance at as many times more as the squares of the two
///   normal quantiles have it.
struct VerdictRule {
  let result: LevelResult
  let peak: Peak
  /// Paired differences of accuracy; of R², or the R-value of boundaries; of balanced accuracy where rare classes
  /// were given the weight of frequent ones.
  let gainOverMajority: Estimate
  /// Probabilities are what the data taught, so that their bits count; class weights distort them.
  var hasTrueProbabilities = true
  /// What is read is itself a measure of the signal: the mel baseline, which is one too, is no bar for a layer.
  var isOfSignal = false
  /// The gains at the peak that are more than the best of as many layers has by chance.
  let isBeyondSelection: Set<Gain>
  /// Tested utterances.
  let utterances: Int

  /// What a layer is better than.
  enum Gain: Sendable, Hashable {
    case overMel, overTwin, overControl
    case overPlain(String)
  }

  /// An advantage over guessing, in accuracy, that is not worth calling one.
  static let negligible = 0.05

  private struct Requirement {
    let name: String
    let estimate: Estimate
    /// The interval lies above zero, and not only because the best of many layers was picked.
    let isMet: Bool

    /// Nothing of the interval is above zero: two readers who agree on every span have a gain of exactly zero, and no
    /// more data would change that.
    var isRefuted: Bool { estimate.high <= 0 }
  }

  private var layer: LayerResult? { result.layers.first { $0.layer == peak.layer } }

  private func requirement(_ name: String, _ estimate: Estimate?, _ gain: Gain) -> Requirement? {
    estimate.map {
      Requirement(name: name, estimate: $0, isMet: $0.isPositive && isBeyondSelection.contains(gain))
    }
  }

  private var requirements: [Requirement] {
    let overMajority = Requirement(
      name: "the gain over always answering \(commonest)", estimate: gainOverMajority,
      isMet: gainOverMajority.isPositive)
    if isOfSignal { return [overMajority] }
    var requirements = [
      requirement("the gain over the \(result.baseline) baseline", layer?.gainOverMel, .overMel),
      requirement("the selectivity", layer?.selectivity, .overControl)
        ?? requirement("the gain over the random twin", layer?.gainOverTwin, .overTwin),
    ].compactMap(\.self)
    if requirements.count < 2 {
      requirements.append(overMajority)
    }
    return requirements
      + (result.plain ?? []).filter(\.isRequired).compactMap {
        requirement(
          "the gain over a probe that knows only each span's \($0.name)", $0.gainOfPeak, .overPlain($0.name)
        )
      }
  }

  private var commonest: String { result.metric == .r2 ? "the mean" : "the commonest class" }

  private var tellsNothing: Bool {
    let bits = hasTrueProbabilities ? layer?.metrics?.bits.value ?? 0 : .nan
    return (bits.isNaN || bits <= 0) && gainOverMajority.high < Self.negligible
  }

  var verdict: Verdict {
    if tellsNothing || requirements.contains(where: \.isRefuted) {
      return Verdict(decision: .notEncoded, sentence: sentence(.notEncoded))
    }
    if requirements.allSatisfy(\.isMet) {
      return Verdict(decision: .encoded, sentence: sentence(.encoded))
    }
    let needed = utterancesToDecide
    return Verdict(
      decision: .undecided, sentence: sentence(.undecided) + Self.needs(needed), utterancesToDecide: needed)
  }

  private static func needs(_ utterances: Int?) -> String {
    guard let utterances else { return " No amount of data that can be named from these would decide it." }
    return " About \(utterances) utterances like these would decide it."
  }

  /// Nil where a value is so near to zero that more than a thousand times the data would be asked for.
  private var utterancesToDecide: Int? {
    let factors = requirements.filter { !$0.isMet }.map(factor)
    guard let factor = factors.max(), factors.allSatisfy({ $0 < 1000 }) else { return nil }
    let needed = max(Double(utterances + 1), Double(utterances) * factor)
    // Two digits are more than it is worth.
    let unit = pow(10, max(0, (log10(needed) - 1).rounded(.down)))
    return Int((needed / unit - 1e-6).rounded(.up) * unit)
  }

  /// How many times the data would bring a value of this size clear of zero.
  private func factor(_ requirement: Requirement) -> Double {
    let estimate = requirement.estimate
    guard estimate.value != 0 else { return .infinity }
    guard estimate.value > 0 else {
      return pow((estimate.high - estimate.value) / estimate.value, 2)
    }
    // The strictest that Holm's correction can ask of one layer.
    let layers = Double(max(1, result.layers.count { $0.metrics != nil }))
    let stricter = Normal.quantile(twoSidedTail: 0.05 / layers) / Normal.quantile(twoSidedTail: 0.05)
    return pow((estimate.value - estimate.low) / estimate.value * stricter, 2)
  }
}

// MARK: - Words

extension VerdictRule {
  private var subject: String {
    let subject = result.subject ?? result.level.rawValue + "s"
    return subject.prefix(1).uppercased() + subject.dropFirst()
  }

  private func sentence(_ decision: Verdict.Decision) -> String {
    let opening =
      switch decision {
      case .encoded: "\(subject) are encoded"
      case .notEncoded: "\(subject) are not shown to be encoded"
      case .undecided: "Whether \(subject.lowercased()) are encoded is undecided"
      }
    return "\(opening): \(([whereItPeaks] + advantages + objections).joined(separator: "; "))."
  }

  private var whereItPeaks: String {
    let others = peak.peakSet.filter { $0 != peak.layer }.map(\.name)
    let sure =
      others.isEmpty
      ? "clear of every other layer" : "not to be told from \(Self.listed(others))"
    let chance = Self.number(result.majority[result.metric].value)
    return
      "the best layer is \(peak.layer.name) with \(Self.words(result.metric)) \(Self.interval(peak.estimate)), "
      + "\(sure) (always answering \(commonest) gives \(chance))"
  }

  private var advantages: [String] {
    let unit = result.metric == .bits ? " bits" : ""
    var parts: [String] = []
    if let gain = layer?.gainOverMel {
      parts.append("over the \(result.baseline) baseline it adds \(Self.interval(gain))\(unit)")
    }
    if let gain = layer?.gainOverTwin {
      parts.append("over the randomly initialised twin \(Self.interval(gain))\(unit)")
    }
    if let selectivity = layer?.selectivity {
      parts.append("selectivity against random labels is \(Self.interval(selectivity))")
    }
    return parts
  }

  private var objections: [String] {
    var objections = requirements.filter { !$0.isMet }.map {
      if $0.estimate.isNegative { return "\($0.name) is below zero" }
      if $0.isRefuted { return "\($0.name) is zero at best" }
      return $0.estimate.isPositive
        ? "\($0.name) is no more than the best of so many layers has by chance"
        : "the interval of \($0.name) holds zero"
    }
    if tellsNothing { objections.insert("the probe tells nothing about the labels", at: 0) }
    if let gain = layer?.gainOverTwin, !gain.isPositive {
      objections.append("training added nothing that can be told from the untrained twin")
    }
    return objections
  }

  /// One name, two with “and”, or the first and the last of a run and how many they are.
  private static func listed(_ names: [String]) -> String {
    switch names.count {
    case 1: names[0]
    case 2...4: names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1]
    default: "\(names.count) others (\(names[0]) … \(names[names.count - 1]))"
    }
  }

  private static func words(_ metric: Metric) -> String {
    switch metric {
    case .accuracy: "an accuracy of"
    case .balancedAccuracy: "a balanced accuracy of"
    case .macroF1: "a macro-F1 of"
    case .logLoss: "a log loss in nats of"
    case .bits: "bits about the label"
    case .r2: "an R² of"
    case .precision: "a precision of"
    case .recall: "a recall of"
    case .f1: "an F1 of"
    case .rValue: "an R-value of"
    }
  }

  static func interval(_ estimate: Estimate) -> String {
    "\(number(estimate.value)) [\(number(estimate.low)), \(number(estimate.high))]"
  }

  /// Two decimals; three where two would say zero.
  static func number(_ value: Double) -> String {
    let digits = abs(value) < 0.005 && value != 0 ? 1000.0 : 100
    let scaled = Int((abs(value) * digits).rounded())
    let fraction = String(scaled % Int(digits))
    let width = digits == 100 ? 2 : 3
    let zeros = String(repeating: "0", count: width - fraction.count)
    return (value < 0 && scaled > 0 ? "−" : "") + "\(scaled / Int(digits)).\(zeros)\(fraction)"
  }
}
