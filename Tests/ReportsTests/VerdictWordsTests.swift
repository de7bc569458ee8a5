import Corpora
import Results
import Testing

@testable import Reports

@Suite("A verdict's sentence") struct VerdictWordsTests {
  private func estimate(_ value: Double, _ error: Double = 0.05) -> Estimate {
    Estimate(value: value, low: value - error, high: value + error)
  }

  private func level(
    _ change: (inout LevelResult) -> Void = { _ in }, verdict: (inout Verdict) -> Void = { _ in }
  ) -> LevelResult {
    let layers = ["hidden.1", "hidden.2"].enumerated().map { Layer(name: $1, depth: $0) }
    let table = SyntheticStudy.metrics(0.6, 0.02)
    var result = LevelResult(
      level: .word, probe: "word", isDerived: false, metric: .accuracy, classes: ["a", "of", "the"],
      examples: 80, tested: 80, speakers: 5, split: "", leaks: false, intervalUnit: "utterances",
      labelEntropy: 1, majorityClass: "the", majority: SyntheticStudy.metrics(0.4, 0), shuffled: nil,
      mel: nil,
      layers: layers.map { LayerResult(layer: $0, metrics: table, gainOverMel: estimate(0.2)) },
      peak: Peak(layer: layers[0], estimate: estimate(0.6), peakSet: [layers[0]]), verdict: nil)
    result.scope = ProbeScope(spans: 80, ofSpans: 90, classes: 3, ofClasses: 4, leftOut: [])
    result.joint = JointBaselineResult(
      features: ["mel", "duration", "bag-of-phones"], width: 9, baseline: table, layer: layers[0],
      withLayer: table, gain: estimate(0, 0.01), gainInBits: estimate(0, 0.02))
    change(&result)
    var own = Verdict(decision: .notEncoded)
    own.isReadable = true
    own.isBeyondBaseline = false
    verdict(&own)
    result.verdict = own
    return result
  }

  private func text(_ result: LevelResult) -> String { VerdictWords(result).text ?? "" }

  @Test("words that their phones tell are readable, but not beyond their phones")
  func readable() {
    let words = text(level())
    #expect(words.hasPrefix("Words are readable, but not beyond their phones: the best layer is hidden.1"))
    #expect(words.contains("3 of 4 classes, 80 of 90 spans"))
    #expect(words.contains("to which the layer adds 0.00 [−0.01, 0.01], 0.00 [−0.02, 0.02] bits"))
    let part = level({
      $0.joint?.betterPart = .init(
        name: "bag-of-phones", value: estimate(0.9, 0.01), gain: estimate(-0.02, 0.01))
    })
    #expect(
      text(part).contains(
        "its phones alone have 0.90 [0.89, 0.91], more than the whole baseline, and the layer adds "
          + "−0.02 [−0.03, −0.01] to that"))
    let phones = level({ $0.joint?.features = ["mel", "duration"] })
    #expect(text(phones).contains("not beyond the joint baseline of mel and duration"))
    let unread = level(verdict: { $0.isReadable = false })
    #expect(text(unread).hasPrefix("Words are not shown to be encoded"))
  }

  @Test("a result over three function words says so first")
  func narrow() {
    let result = level(
      {
        $0.scope = ProbeScope(spans: 80, ofSpans: 352, classes: 3, ofClasses: 69, leftOut: [])
      }, verdict: { $0.decision = .encoded })
    #expect(
      text(result).hasPrefix(
        "Words (only “a”, “of” and “the”: 3 of 69 classes, 80 of 352 spans) are encoded: "))
  }

  @Test("one layer is the only layer, and many that may be the best are tied")
  func peaks() {
    let one = level({ $0.layers.removeLast() }, verdict: { $0.decision = .encoded })
    #expect(text(one).contains("the only layer studied") && !text(one).contains("clear of"))
    #expect(text(level(verdict: { $0.decision = .encoded })).contains("clear of every other layer"))
    let tied = level({ result in result.peak?.peakSet = result.layers.map(\.layer) })
    #expect(text(tied).contains("statistically tied with hidden.2"))
  }

  @Test("how much data would decide is a range in the resampled unit")
  func needed() {
    func words(_ least: Int, _ most: Int?, thin: Bool = false) -> String {
      text(
        level(verdict: {
          $0.decision = .undecided
          $0.obstacles = thin ? [.fewUnits] : []
          $0.needed = Verdict.DataNeeded(unit: "speakers", present: 9, atLeast: least, atMost: most)
        }))
    }
    #expect(
      words(50, 1200).hasSuffix(
        " Between about 50 and 1,200 speakers like these would decide; there are 9."))
    #expect(words(50, nil).hasSuffix(" At least 50 speakers like these are needed; there are 9."))
    #expect(words(10, nil, thin: true).contains("Nothing is decided from fewer than ten utterances."))
    #expect(words(50, 1200).hasPrefix("Whether words are encoded is undecided (they are readable): "))
  }

  @Test("requirements that are not met are named with how they fail")
  func objections() {
    let outcomes: [(Verdict.Requirement.Outcome, String)] = [
      (.open, "the interval of the gain over the joint baseline holds zero"),
      (.negligible, "the gain over the joint baseline is too small to be worth the name"),
      (
        .chance, "the gain over the joint baseline is no more than the best of so many layers has by chance"
      ),
      (.refuted, "the gain over the joint baseline is zero at best"),
    ]
    for (outcome, words) in outcomes {
      let result = level(verdict: {
        $0.reasons = [.init(kind: .overJointBaseline, estimate: estimate(-0.01), outcome: outcome)]
      })
      #expect(text(result).contains(words), "\(text(result))")
    }
  }

  @Test("rules that leave classes out are named with counts")
  func leftOut() {
    let left = ProbeScope.LeftOut(
      rule: .untestable, classes: 12, spans: 83,
      named: [.init(name: "c3", spans: 30), .init(name: "c4", spans: 27)])
    #expect(
      left.words
        == "Left out: 12 classes (83 spans) that are never in both training and test: “c3” 30, “c4” 27, ….")
    let rare = ProbeScope.LeftOut(
      rule: .rare, limit: 10, classes: 1, spans: 4, named: [.init(name: "c9", spans: 4)])
    #expect(rare.words == "Left out: 1 class (4 spans) with fewer than 10 examples: “c9” 4.")
  }
}
