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

  @Test("95 % intervals of a probe's accuracy hold the truth about as often as they say")
  func coverage() throws {
    let found = try (0..<40).map { run in
      try CoverageSimulation.study(signals: [("hidden.1", 1.5)], seed: UInt64(run))
        .layers[0].metrics?.accuracy ?? .missing
    }
    let truth = found.reduce(0) { $0 + $1.value } / Double(found.count)
    let held = found.count { $0.low <= truth && truth <= $0.high }
    // 38 expected, ± 1.4.
    #expect(held >= 33, "\(held) of 40 hold \(truth)")
  }
}
