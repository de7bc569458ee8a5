import Foundations
import Results
import Testing

@testable import Probing

@Suite("Verdicts") struct VerdictRuleTests {
  private func estimate(_ low: Double, _ value: Double, _ high: Double) -> Estimate {
    Estimate(value: value, low: low, high: high)
  }

  private func table(accuracy: Double, bits: Double) -> MetricTable {
    func exact(_ value: Double) -> Estimate { estimate(value, value, value) }
    return MetricTable(
      accuracy: exact(accuracy), balancedAccuracy: exact(accuracy), macroF1: exact(accuracy),
      logLoss: exact(1), bits: exact(bits))
  }

  private func verdict(
    mel: Estimate?, selectivity: Estimate?, majorityGain: Estimate, bits: Double = 1,
    beyond: Set<VerdictRule.Gain> = [.overMel, .overControl, .overTwin, .overPlain("duration")],
    overDuration: Estimate? = nil, isRequired: Bool = true, layers: Int = 1
  ) -> Verdict {
    let layer = Layer(name: "hidden.2", depth: 2)
    let peak = Peak(layer: layer, estimate: estimate(0.5, 0.6, 0.7), peakSet: [layer])
    var result = LevelResult(
      level: .phoneme, probe: "phoneme", isDerived: false, metric: .accuracy, classes: ["a", "b"],
      examples: 100, tested: 100, speakers: 5, split: "", leaks: false, intervalUnit: "utterances",
      labelEntropy: 1, majorityClass: "a", majority: table(accuracy: 0.3, bits: -0.1), shuffled: nil,
      mel: nil,
      layers: [
        LayerResult(
          layer: layer, metrics: table(accuracy: 0.6, bits: bits), gainOverMel: mel,
          selectivity: selectivity)
      ]
        + (1..<layers).map {
          LayerResult(
            layer: Layer(name: "hidden.\($0 + 2)", depth: $0 + 2), metrics: table(accuracy: 0.5, bits: 0.5))
        }, peak: peak, verdict: nil)
    result.plain = overDuration.map {
      [
        DurationBaseline(
          name: "duration", isRequired: isRequired, metrics: table(accuracy: 0.5, bits: 0.5), gainOfPeak: $0
        )
      ]
    }
    return VerdictRule(
      result: result, peak: peak, gainOverMajority: majorityGain, isBeyondSelection: beyond,
      utterances: 100
    ).verdict
  }

  private var good: Estimate { estimate(0.1, 0.2, 0.3) }
  private var unsure: Estimate { estimate(-0.1, 0.1, 0.3) }
  private var bad: Estimate { estimate(-0.3, -0.2, -0.1) }

  @Test("encoded needs the gain over mel and the selectivity clear of zero")
  func encoded() {
    #expect(verdict(mel: good, selectivity: good, majorityGain: good).decision == .encoded)
    #expect(verdict(mel: unsure, selectivity: good, majorityGain: good).decision == .undecided)
    #expect(verdict(mel: good, selectivity: unsure, majorityGain: good).decision == .undecided)
    #expect(verdict(mel: bad, selectivity: good, majorityGain: good).decision == .notEncoded)
    #expect(verdict(mel: good, selectivity: bad, majorityGain: good).decision == .notEncoded)
    #expect(
      verdict(mel: good, selectivity: good, majorityGain: good, beyond: [.overControl]).decision
        == .undecided)
  }

  @Test("what durations alone tell is no encoding, however far it is above the commonest class")
  func durations() {
    func decision(_ gain: Estimate, isRequired: Bool = true, beyond: Set<VerdictRule.Gain>? = nil)
      -> Verdict
    {
      let all: Set<VerdictRule.Gain> = [.overMel, .overControl, .overTwin, .overPlain("duration")]
      return verdict(
        mel: good, selectivity: good, majorityGain: good, beyond: beyond ?? all, overDuration: gain,
        isRequired: isRequired)
    }
    #expect(decision(good).decision == .encoded)
    #expect(decision(unsure).decision == .undecided)
    #expect(decision(bad).decision == .notEncoded)
    #expect(decision(bad).sentence.contains("knows only each span's duration is below zero"))
    #expect(decision(good, beyond: [.overMel, .overControl, .overTwin]).decision == .undecided)
    #expect(decision(bad, isRequired: false).decision == .encoded)
  }

  @Test("what was not measured is replaced by the gain over the commonest class")
  func replaced() {
    #expect(verdict(mel: nil, selectivity: nil, majorityGain: good).decision == .encoded)
    #expect(verdict(mel: nil, selectivity: good, majorityGain: unsure).decision == .undecided)
  }

  @Test("a probe that tells nothing, seen closely enough, is not encoded; seen badly, undecided")
  func nothing() {
    let close = estimate(-0.02, 0.0, 0.02)
    #expect(
      verdict(mel: close, selectivity: close, majorityGain: close, bits: -0.1).decision == .notEncoded)
    #expect(
      verdict(mel: unsure, selectivity: unsure, majorityGain: unsure, bits: -0.1).decision == .undecided)
  }

  /// The interval's end is 0.2 from a value of 0.1: it must come half as near, for which 1/√n asks four
  /// times the data.
  @Test("says how many utterances would decide")
  func needed() {
    let undecided = verdict(mel: unsure, selectivity: good, majorityGain: good)
    #expect(undecided.utterancesToDecide == 400)
    #expect(undecided.sentence.contains("400 utterances"))
    #expect(undecided.sentence.contains("the interval of the gain over the mel baseline holds zero"))
    let hopeless = verdict(
      mel: estimate(-0.3, 0.001, 0.3), selectivity: good, majorityGain: good)
    #expect(hopeless.utterancesToDecide == nil)
    let below = verdict(mel: estimate(-0.3, -0.1, 0.2), selectivity: good, majorityGain: good)
    #expect(below.utterancesToDecide == 900, "a negative value must come clear of zero from below")
  }

  /// The smallest of 13 p-values must be below 0.05/13, a normal quantile of 2.89 instead of 1.96.
  @Test("the best of many layers needs more data, by the squares of the quantiles")
  func neededBeyondSelection() {
    #expect(abs(Normal.quantile(twoSidedTail: 0.05) - 1.959_964) < 1e-6)
    let chance = verdict(
      mel: estimate(0.01, 0.1, 0.2), selectivity: good, majorityGain: good,
      beyond: [.overControl, .overTwin], layers: 13)
    #expect(chance.decision == .undecided)
    #expect(chance.sentence.contains("no more than the best of so many layers has by chance"))
    #expect(chance.utterancesToDecide == 180, "100 × (0.9 × 2.8905 / 1.96)² = 176")
  }

  @Test("readers who agree on every span leave nothing that more data would decide")
  func exactlyZero() {
    let same = verdict(mel: estimate(0, 0, 0), selectivity: good, majorityGain: good)
    #expect(same.decision == .notEncoded && same.utterancesToDecide == nil)
    #expect(same.sentence.contains("the gain over the mel baseline is zero at best"))
    #expect(
      verdict(mel: estimate(-0.2, -0.1, 0), selectivity: good, majorityGain: good).decision == .notEncoded)
    let balanced = verdict(mel: estimate(-0.1, 0, 0.1), selectivity: good, majorityGain: good)
    #expect(balanced.decision == .undecided && balanced.utterancesToDecide == nil)
  }

  @Test("numbers have two decimals, or three where two would say zero")
  func numbers() {
    #expect(VerdictRule.number(0.714) == "0.71" && VerdictRule.number(-0.056) == "−0.06")
    #expect(VerdictRule.number(0.003) == "0.003" && VerdictRule.number(12) == "12.00")
    #expect(VerdictRule.number(0) == "0.00" && VerdictRule.number(-0.0001) == "0.000")
    #expect(VerdictRule.number(0.999) == "1.00")
  }
}
