import Activations
import Results
import Tensors
import Testing

@testable import Probing

/// The small form of `Benchmarks/coverage.sh`, which does the same 400 times.
@Suite("What a study claims, over many studies")
struct CoverageTests {
  @Test("a level that no layer has more of than mel is hardly ever called encoded")
  func absent() throws {
    var called = 0
    for run in 0..<24 {
      // Every second time both have it: then a layer adds nothing either.
      let signal: Float = run.isMultiple(of: 2) ? 0 : 1.5
      let outcome = try CoverageSimulation.study(
        signals: [("mel", signal), ("hidden.1", signal), ("hidden.2", signal)], seed: UInt64(run))
      if outcome.verdict?.decision == .encoded { called += 1 }
    }
    #expect(called <= 3, "\(called) of 24")
  }

  /// 576 spans each, of many speakers and of few.
  @Test(
    "95 % intervals of a probe's accuracy and of its gain hold the truth about as often as they say",
    arguments: [(12, 4), (4, 12)])
  func coverage(speakers: Int, sentences: Int) throws {
    let runs = 40
    let found = try (0..<runs).map { run in
      try CoverageSimulation.study(
        signals: [("mel", 0.5), ("hidden.1", 1.5)], seed: UInt64(run), speakers: speakers,
        sentences: sentences
      ).layers[0]
    }
    for estimates in [found.map { $0.metrics?.accuracy ?? .missing }, found.compactMap(\.gainOverMel)] {
      let truth = estimates.reduce(0) { $0 + $1.value } / Double(runs)
      let held = estimates.count { $0.low <= truth && truth <= $0.high }
      // 38 expected, ± 1.4.
      #expect(held >= 34, "\(held) of \(runs) hold \(truth)")
    }
  }

  @Test("of eight equal layers none is left out of the peak set, but in about one of twenty studies")
  func equalLayers() throws {
    let runs = 24
    let wrong = try (0..<runs).count { run in
      let result = try CoverageSimulation.study(
        signals: (1...8).map { ("hidden.\($0)", 1.2) }, seed: UInt64(run))
      return result.peak?.peakSet.count != 8
    }
    // 1.2 expected, ± 1.1.
    #expect(wrong <= 4, "\(wrong) of \(runs)")
  }

  @Test(
    "of two equal models of eight layers none gains or loses anywhere, but in about one of twenty pairs")
  func equalModels() throws {
    let (runs, layers) = (24, (1...8).map { (layer: "hidden.\($0)", signal: Float(1.2)) })
    let wrong = try (0..<runs).count { run in
      try CoverageSimulation.changes(from: layers, to: layers, seed: UInt64(run)) > 0
    }
    // 1.2 expected, ± 1.1.
    #expect(wrong <= 4, "\(wrong) of \(runs)")
    // What the second model holds more of is a gain, and there only.
    let taught = layers.map { ($0.layer, $0.layer == "hidden.3" ? 2.4 : $0.signal) }
    #expect(try CoverageSimulation.changes(from: layers, to: taught, seed: 1) == 1)
  }
}
