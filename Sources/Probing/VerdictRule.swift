import Corpora
import Foundations
import Results

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the peak layer's numbers say about whether a level is encoded (docs/Methods.md, Verdicts).
///
/// - Encoded: the gain over the joint baseline, the gain over the input baseline and selectivity all have intervals above
///   zero, the last two after Holm's correction over the layers that the peak was picked from. Where no control task can
///   be made (a word's type is the word) the gain over the untrained model takes selectivity's place; a requirement that was
///   not measured at all is replaced by the gain over always answering the commonest class. Syllables, words and what
///   is larger must also beat a probe that knows how long each span is, and no more.
/// - Not encoded: one of them has no part of its interval above zero; the joint gain's interval ends below
///   `negligible`; or the probe tells nothing: no bit about the labels, and a
///   gain over the commonest class that is not above zero, or whose interval ends below `negligible`.
/// - Undecided: anything else, and whatever the numbers are where fewer than ten units are resampled.
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
  /// Resampled units, of the kind that `result` names.
  let units: Int

  /// What a layer is better than.
  enum Gain: Sendable, Hashable {
    case overMel, overTwin, overControl
    case overPlain(String)
  }

  /// An advantage over guessing, or over everything simpler, that is not worth calling one where it is smaller than this
  /// for certain, in the level's metric. (What a layer adds to a good baseline lies near zero: whether its interval just
  /// holds zero or just does not is a matter of the seed.)
  static let negligible = 0.05

  private var layer: LayerResult? { result.layers.first { $0.layer == peak.layer } }

  private func requirement(
    _ kind: Verdict.Requirement.Kind, name: String? = nil, _ estimate: Estimate?, _ gain: Gain
  ) -> Verdict.Requirement? {
    estimate.map { estimate in
      let isChance = estimate.isPositive && !isBeyondSelection.contains(gain)
      return Verdict.Requirement(
        kind: kind, name: name, estimate: estimate, outcome: isChance ? .chance : Self.outcome(estimate))
    }
  }

  /// Nothing above zero: two readers who agree on every span have a gain of exactly zero, and no more data would change
  /// that.
  private static func outcome(_ estimate: Estimate) -> Verdict.Requirement.Outcome {
    estimate.isPositive ? .met : estimate.high <= 0 ? .refuted : .open
  }

  private var overMajority: Verdict.Requirement {
    Verdict.Requirement(
      kind: .overMajority, estimate: gainOverMajority, outcome: Self.outcome(gainOverMajority))
  }

  private var overJoint: Verdict.Requirement? {
    result.joint.map { joint in
      let gain = joint.gainOverSimpler
      let isNegligible = gain.high > 0 && gain.high < Self.negligible
      return Verdict.Requirement(
        kind: .overJointBaseline, name: joint.betterPart?.name, estimate: gain,
        outcome: isNegligible ? .negligible : Self.outcome(gain))
    }
  }

  /// Against learning by heart, or where that cannot be told, against what the architecture gives.
  private var ofLearning: Verdict.Requirement? {
    requirement(.selectivity, layer?.selectivity, .overControl)
      ?? requirement(.overTwin, layer?.gainOverTwin, .overTwin)
  }

  private var requirements: [Verdict.Requirement] {
    if isOfSignal { return [overMajority] }
    var requirements = [
      requirement(.overInput, layer?.gainOverMel, .overMel), ofLearning,
    ].compactMap(\.self)
    if requirements.count < 2 { requirements.append(overMajority) }
    return [overJoint].compactMap(\.self) + requirements
      + (result.plain ?? []).filter(\.isRequired).compactMap {
        requirement(.overStatistics, name: $0.name, $0.gainOfPeak, .overPlain($0.name))
      }
  }

  /// No bit about the labels, and no more right than the commonest class is, or nearly so for certain.
  private var tellsNothing: Bool {
    let bits = hasTrueProbabilities ? layer?.metrics?.bits.value ?? 0 : .nan
    let isNoBetter = gainOverMajority.value <= 0 || gainOverMajority.high < Self.negligible
    return (bits.isNaN ? gainOverMajority.high < Self.negligible : bits <= 0 && isNoBetter)
  }

  /// Without its sentence, which is made where studies are reported.
  var verdict: Verdict {
    let requirements = requirements
    let isThin = units < SimultaneousInference.leastClusters
    var verdict = Verdict(decision: .undecided)
    if isThin {
      verdict.needed = Verdict.DataNeeded(
        unit: result.intervalUnit, present: units, atLeast: SimultaneousInference.leastClusters, atMost: nil
      )
    } else if tellsNothing
      || requirements.contains(where: { $0.outcome == .refuted || $0.outcome == .negligible })
    {
      verdict.decision = .notEncoded
    } else if requirements.allSatisfy(\.isMet) {
      verdict.decision = .encoded
    } else {
      verdict.needed = dataNeeded(requirements.filter { !$0.isMet })
    }
    verdict.reasons = requirements
    verdict.obstacles = (isThin ? [.fewUnits] : []) + (tellsNothing ? [.tellsNothing] : [])
    verdict.isReadable =
      !isThin && !tellsNothing && gainOverMajority.isPositive && (ofLearning?.estimate.isPositive ?? true)
    verdict.isBeyondBaseline = overJoint.map { !isThin && $0.isMet }
    if let unit = verdict.needed?.unit, unit != CorpusTerms.speech.speakers,
      unit != CorpusTerms.text.speakers
    {
      verdict.utterancesToDecide = verdict.needed?.atLeast
    }
    return verdict
  }
}

// MARK: - How much data would decide

extension VerdictRule {
  /// Intervals shrink as 1/√n, so that a value is clear of zero at n·(distance to the interval's end / value)², and of
  /// what the best of so many layers has by chance at as many times more as the squares of the two normal quantiles
  /// have it. The value itself is known to a standard error only: the range is of values one above and one below. Nil
  /// where even the least is more than a thousand times what there is.
  private func dataNeeded(_ open: [Verdict.Requirement]) -> Verdict.DataNeeded? {
    let ranges = open.map(factors)
    guard let least = ranges.map(\.least).max(), least < 1000 else { return nil }
    let most = ranges.map(\.most).max() ?? .infinity
    // What is undecided with n is not decided by a few more.
    let atLeast = Self.rounded(max(1.25, least) * Double(units))
    return Verdict.DataNeeded(
      unit: result.intervalUnit, present: units, atLeast: atLeast,
      atMost: most < 1000 ? max(atLeast, Self.rounded(max(1.25, most) * Double(units))) : nil)
  }

  private func factors(_ requirement: Verdict.Requirement) -> (least: Double, most: Double) {
    let estimate = requirement.estimate
    let size = abs(estimate.value)
    let distance = estimate.value > 0 ? size - estimate.low : estimate.high + size
    guard distance.isFinite else { return (.infinity, .infinity) }
    var stricter = 1.0
    if requirement.outcome == .chance || (estimate.value > 0 && requirement.kind != .overJointBaseline) {
      // The strictest that Holm's correction can ask of one layer.
      let layers = Double(max(1, result.layers.count { $0.metrics != nil }))
      stricter = Normal.quantile(twoSidedTail: 0.05 / layers) / Normal.quantile(twoSidedTail: 0.05)
    }
    let error = distance / Normal.quantile(twoSidedTail: 0.05)
    func factor(_ value: Double) -> Double {
      value > 0 ? pow(distance / value * stricter, 2) : .infinity
    }
    return (factor(size + error), factor(size - error))
  }

  /// Upwards: two digits are more than it is worth.
  private static func rounded(_ count: Double) -> Int {
    let unit = pow(10, max(0, (log10(count) - 1).rounded(.down)))
    return Int((count / unit - 1e-6).rounded(.up) * unit)
  }
}
