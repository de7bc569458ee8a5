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
    overDuration: Estimate? = nil, isRequired: Bool = true, layers: Int = 1, joint: Estimate? = nil,
    overPart: Estimate? = nil, units: Int = 100
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
    result.joint = joint.map {
      JointBaselineResult(
        features: ["mel", "duration"], width: 3, baseline: table(accuracy: 0.5, bits: 1), layer: layer,
        withLayer: table(accuracy: 0.6, bits: 1), gain: $0, gainInBits: $0)
    }
    result.joint?.betterPart = overPart.map {
      JointBaselineResult.Part(name: "bag-of-phones", value: estimate(0.9, 0.9, 0.9), gain: $0)
    }
    return VerdictRule(
      result: result, peak: peak, gainOverMajority: majorityGain, isBeyondSelection: beyond, units: units
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
    #expect(
      decision(bad).reasons?.last
        == Verdict.Requirement(
          kind: .overStatistics, name: "duration", estimate: bad, outcome: .refuted))
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

  @Test(
    "a probe without a bit that is no more right than the commonest class tells nothing, however wide the interval"
  )
  func noBetter() {
    let wide = estimate(-0.3, -0.03, 0.25)
    let nothing = verdict(mel: unsure, selectivity: unsure, majorityGain: wide, bits: -0.1)
    #expect(nothing.decision == .notEncoded && nothing.obstacles == [.tellsNothing])
    #expect(
      verdict(mel: unsure, selectivity: unsure, majorityGain: wide, bits: 0.1).decision == .undecided)
  }

  @Test("what a layer adds to everything simpler together has to be a gain worth the name")
  func joint() {
    func verdict(_ gain: Estimate) -> Verdict {
      self.verdict(mel: good, selectivity: good, majorityGain: good, joint: gain)
    }
    #expect(verdict(good).decision == .encoded && verdict(good).isBeyondBaseline == true)
    let open = verdict(unsure)
    #expect(open.decision == .undecided && open.isReadable == true && open.isBeyondBaseline == false)
    let small = verdict(estimate(-0.01, 0.004, 0.015))
    #expect(small.decision == .notEncoded && small.isReadable == true)
    #expect(small.reasons?.first?.outcome == .negligible)
    // Clear of zero, and still nothing to speak of.
    #expect(verdict(estimate(0.001, 0.004, 0.015)).decision == .notEncoded)
    // Nothing shows that there is any gain, and it could not be a large one; or it could.
    #expect(verdict(estimate(-0.01, 0.02, 0.04)).reasons?.first?.outcome == .negligible)
    #expect(verdict(estimate(-0.01, 0.03, 0.06)).decision == .undecided)
    // As sure as it is, another seed's interval holds zero.
    #expect(verdict(estimate(0.01, 0.03, 0.04)).decision == .notEncoded)
    #expect(verdict(estimate(0.01, 0.03, 0.06)).decision == .encoded)
    #expect(verdict(bad).decision == .notEncoded)
    #expect(self.verdict(mel: good, selectivity: good, majorityGain: good).isBeyondBaseline == nil)
  }

  @Test("a part of what is simpler that is read better alone than drowned in all of it is the bar")
  func betterPart() {
    func verdict(_ gain: Estimate, overPart: Estimate) -> Verdict {
      self.verdict(mel: good, selectivity: good, majorityGain: good, joint: gain, overPart: overPart)
    }
    let drowned = verdict(good, overPart: bad)
    #expect(drowned.decision == .notEncoded && drowned.isReadable == true)
    #expect(drowned.isBeyondBaseline == false)
    #expect(
      drowned.reasons?.first
        == Verdict.Requirement(
          kind: .overJointBaseline, name: "bag-of-phones", estimate: bad, outcome: .refuted))
    #expect(verdict(good, overPart: unsure).decision == .undecided)
    #expect(verdict(good, overPart: good).decision == .encoded)
  }

  @Test("fewer than ten resampled units decide nothing, whatever the numbers are")
  func fewUnits() {
    for gain in [good, bad] {
      let thin = verdict(mel: gain, selectivity: gain, majorityGain: gain, joint: gain, units: 9)
      #expect(thin.decision == .undecided && thin.obstacles == [.fewUnits])
      #expect(thin.isReadable == false && thin.isBeyondBaseline == false)
      #expect(
        thin.needed == Verdict.DataNeeded(unit: "utterances", present: 9, atLeast: 10, atMost: nil))
    }
    #expect(verdict(mel: good, selectivity: good, majorityGain: good, units: 10).decision == .encoded)
  }

  /// The interval's end is 0.2 from a value of 0.1 ± 0.102: from 0.202 it would do as it is, and a quarter more than
  /// there is, is the least that is named; from less than zero no number can be named.
  @Test("says how many resampled units would decide, as a range")
  func needed() throws {
    let undecided = verdict(mel: unsure, selectivity: good, majorityGain: good)
    #expect(
      undecided.needed == Verdict.DataNeeded(unit: "utterances", present: 100, atLeast: 130, atMost: nil))
    #expect(undecided.utterancesToDecide == 130)
    #expect(undecided.reasons?.first { !$0.isMet }?.kind == .overInput)
    // 0.1 ± 0.0612: (0.12/0.1612)² is less than there is, (0.12/0.0388)² = 9.57.
    let near = verdict(mel: estimate(-0.02, 0.1, 0.22), selectivity: good, majorityGain: good)
    #expect(near.needed?.atLeast == 130 && near.needed?.atMost == 960)
    let hopeless = verdict(
      mel: estimate(-0.3, 0.001, 0.3), selectivity: good, majorityGain: good)
    #expect(hopeless.needed?.atMost == nil && (hopeless.needed?.atLeast ?? 0) > 300)
    #expect(
      verdict(mel: estimate(-30, 0.001, 0.3), selectivity: good, majorityGain: good).needed?.atMost == nil)
  }

  /// The smallest of 13 p-values must be below 0.05/13, a normal quantile of 2.89 instead of 1.96.
  @Test("the best of many layers needs more data, by the squares of the quantiles")
  func neededBeyondSelection() {
    #expect(abs(Normal.quantile(twoSidedTail: 0.05) - 1.959_964) < 1e-6)
    let chance = verdict(
      mel: estimate(0.01, 0.1, 0.2), selectivity: good, majorityGain: good,
      beyond: [.overControl, .overTwin], layers: 13)
    #expect(chance.decision == .undecided)
    #expect(chance.reasons?.first?.outcome == .chance)
    #expect(chance.needed?.atLeast == 130)
    // (0.09 / (0.1 − 0.09/1.96) · 2.8905/1.96)² = 6.02
    #expect(chance.needed?.atMost == 610)
  }

  @Test("readers who agree on every span leave nothing that more data would decide")
  func exactlyZero() {
    let same = verdict(mel: estimate(0, 0, 0), selectivity: good, majorityGain: good)
    #expect(same.decision == .notEncoded && same.needed == nil)
    #expect(same.reasons?.first?.outcome == .refuted)
    #expect(
      verdict(mel: estimate(-0.2, -0.1, 0), selectivity: good, majorityGain: good).decision == .notEncoded)
    let balanced = verdict(mel: estimate(-0.1, 0, 0.1), selectivity: good, majorityGain: good)
    #expect(balanced.decision == .undecided && balanced.needed?.atMost == nil)
  }

  @Test("numbers have two decimals, or three where two would say zero")
  func numbers() {
    #expect(NumberWords.number(0.714) == "0.71" && NumberWords.number(-0.056) == "−0.06")
    #expect(NumberWords.number(0.003) == "0.003" && NumberWords.number(12) == "12.00")
    #expect(NumberWords.number(0) == "0.00" && NumberWords.number(-0.0001) == "0.000")
    #expect(NumberWords.number(0.999) == "1.00")
  }
}
