import Corpora
import Foundation
import Results
import Testing

@testable import Strata

@Suite("Studies as replicates") struct ReplicatesTests {
  private func table(_ estimate: Estimate) -> MetricTable {
    MetricTable(
      accuracy: estimate, balancedAccuracy: estimate, macroF1: estimate, logLoss: estimate, bits: estimate)
  }

  /// A study of two layers whose accuracies have standard errors of 0.02.
  private func study(_ accuracies: [Double], corpus: String, seed: UInt64 = 0, probe: String = "phoneme")
    -> StudyResult
  {
    func estimate(_ value: Double) -> Estimate {
      Estimate(value: value, low: value - 0.02 * 1.959_964, high: value + 0.02 * 1.959_964)
    }
    let layers = accuracies.enumerated().map { place, value in
      LayerResult(
        layer: Layer(name: "hidden.\(place)", depth: place), metrics: table(estimate(value)),
        gainOverMel: place == 0 ? estimate(value - 0.4) : nil)
    }
    let best = layers[accuracies.firstIndex(of: accuracies.max() ?? 0) ?? 0].layer
    var level = LevelResult(
      level: .phoneme, probe: probe, isDerived: false, metric: .accuracy, classes: ["a", "b"],
      examples: 100,
      tested: 100, speakers: 12, split: "", leaks: false, intervalUnit: "speakers", labelEntropy: 1,
      majorityClass: "a", majority: table(estimate(0.3)), shuffled: nil, mel: nil, layers: layers,
      peak: Peak(layer: best, estimate: estimate(0.8), peakSet: [best]), verdict: nil)
    level.verdict = Verdict(decision: .encoded)
    return StudyResult(
      model: ModelSummary(
        name: "m", family: "f", parameters: 1, samplingRate: 16_000, inputNormalisation: "none",
        tapPoints: [], fingerprint: "m"),
      corpus: CorpusSummary(
        name: corpus, utterances: 10, speakers: 5, sentences: 10, seconds: 100, silenceLabels: [],
        fingerprint: corpus),
      settings: Settings(
        seed: seed, levels: [.phoneme], layers: [], twinSeeds: [], bootstrapResamples: 1000, version: "1"),
      levels: [level], similarity: [], warnings: [])
  }

  @Test("layers' numbers have a mean and what differs between studies; peaks and verdicts are counted")
  func together() throws {
    let result = try Replicates([
      ("a", study([0.7, 0.8], corpus: "A")), ("b", study([0.6, 0.9], corpus: "B")),
      ("c", study([0.8, 0.7], corpus: "C")),
    ]).result()
    let level = try #require(result.levels.first)
    #expect(level.decisions == [.encoded, .encoded, .encoded])
    #expect(level.peaks == ["hidden.1", "hidden.1", "hidden.0"])
    #expect(level.layers.map(\.inPeakSets) == [1, 2])
    let own = level.layers[0].value
    // Equal errors: the plain mean; variance 0.01 between the values, less 0.0004 of sampling.
    #expect(abs(own.mean.value - 0.7) < 1e-9 && abs(own.between * own.between - 0.0096) < 1e-6)
    #expect(abs(own.inconsistency - 0.96) < 1e-6)
    // t with two degrees of freedom, 4.3027, times √(0.01 / 3).
    #expect(abs(own.mean.high - own.mean.value - 4.302_653 * 0.057_735) < 1e-4)
    let prediction = try #require(own.prediction)
    #expect(prediction.low < own.mean.low)
    #expect(level.layers[0].gainOverMel != nil && level.layers[1].gainOverMel == nil)
    #expect(result.warnings.count == 1)
    let text = result.summary
    #expect(text.contains("encoded in 3 of 3 studies; no layer is in every peak set"))
  }

  @Test(
    "seeds of one corpus are said to be that; one study, the same one twice, and others' levels are refused"
  )
  func refused() throws {
    let first = study([0.7, 0.8], corpus: "A")
    let seeds = try Replicates([("a", first), ("b", study([0.7, 0.8], corpus: "A", seed: 1))]).result()
    #expect(seeds.warnings.contains { $0.contains("of the same corpus") })
    #expect(throws: ReplicatesError.tooFew(1)) { try Replicates([("a", first)]) }
    #expect(throws: ReplicatesError.same("a", "b")) { try Replicates([("a", first), ("b", first)]) }
    #expect(throws: ReplicatesError.nothingShared(["a", "b"])) {
      try Replicates([("a", first), ("b", study([0.7, 0.8], corpus: "B", probe: "manner"))]).result()
    }
  }
}
