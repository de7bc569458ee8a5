import Activations
import Corpora
import Foundation
import Foundations
import Results
import Synchronization
import Tensors
import Testing

@testable import Probing

@Suite("Fits that are kept")
struct FitCacheTests {
  /// Keeps fits in memory.
  private final class Kept: FitCache {
    let fits = Mutex<[String: Data]>([:])
    let found = Mutex(0)

    func fit(for key: String) -> Data? {
      let fit = fits.withLock { $0[key] }
      if fit != nil { found.withLock { $0 += 1 } }
      return fit
    }

    func keep(_ fit: Data, for key: String) { fits.withLock { $0[key] = fit } }
  }

  private func study(_ kept: Kept?) throws -> ProbeStudy {
    var numbers = RandomNumbers(seed: 4, stream: "labels")
    var items: [PooledSpans.Item] = []
    for row in 0..<240 {
      let start = Double(row % 10)
      items.append(
        PooledSpans.Item(
          label: numbers.index(below: 3), type: numbers.index(below: 20), utterance: row / 10,
          speaker: row / 60, start: start, end: start + 0.5))
    }
    func states(_ stream: String, _ signal: Float) -> Tensor {
      var states = gaussian(items.count, 4, stream)
      states.withUnsafeMutableBuffer { values in
        for (row, item) in items.enumerated() { values[row * 4 + item.label] += signal }
      }
      return states
    }
    func spans(_ stream: String) -> PooledSpans {
      PooledSpans(
        level: .phoneme, isDerived: false, classes: ["a", "b", "c"], types: (0..<20).map { "t\($0)" },
        speakers: (0..<4).map { "s\($0)" }, utterances: (0..<24).map { "u\($0)" }, items: items,
        states: [("mel", states(stream + "mel", 0.5)), ("hidden.1", states(stream + "1", 2))])
    }
    var spec = ProbeSpec(name: "phoneme", level: .phoneme)
    spec.penalties = [100, 1]
    let utterances = (0..<24).map { (speaker: "s\($0 / 6)", sentence: "\($0 % 6)", seconds: 10.0) }
    var study = ProbeStudy(
      spec: spec, examples: spans(""), twins: [spans("twin")],
      splits: try SplitPlan.make(for: utterances, seed: 1), seed: 1, resamples: 50)
    study.fits = kept
    return study
  }

  @Test("an interrupted study makes only the fits that are missing, and finds the same") func resumed()
    throws
  {
    let whole = try study(nil).run().result
    let kept = Kept()
    #expect(throws: ProbeError.interrupted) {
      try study(kept).run(isCancelled: { kept.fits.withLock { $0.count >= 7 } })
    }
    #expect(kept.fits.withLock { $0.count } == 7)
    #expect(try study(kept).run(threads: 2).result == whole)
    #expect(kept.found.withLock { $0 } == 7)
    // Everything is there now, the shuffled labels of the peak too: nothing is asked to be cancelled any more.
    let all = kept.fits.withLock { $0.count }
    #expect(try study(kept).run(isCancelled: { true }).result == whole)
    #expect(kept.found.withLock { $0 } == 7 + all && kept.fits.withLock { $0.count } == all)
  }

  @Test("a regression's numbers and a control task's hits come back bit for bit") func bits() throws {
    let numbers = Matrix(rows: 2, columns: 2, values: [.pi, -.infinity, 1e-308, 0])
    var outcome = StudyRunner.FoldOutcome(
      penalty: 0.1, trials: [.init(penalty: 3, loss: -0.0)], isConverged: false, answers: .numbers(numbers))
    outcome.controlHits = [[nil, true], [false, nil]]
    outcome.refits = [
      .classes([Prediction(label: 1, logProbability: -2), Prediction(label: 0, logProbability: 0)])
    ]
    let read = try #require(StudyRunner.FoldOutcome(kept: outcome.kept, testing: 2))
    #expect(read.penalty == 0.1 && read.trials == outcome.trials && !read.isConverged)
    guard case .numbers(let back) = read.answers, case .classes(let refit) = try #require(read.refits.first)
    else {
      Issue.record("other answers")
      return
    }
    #expect(back == numbers && read.controlHits == [[nil, true], [false, nil]])
    #expect(refit.map(\.label) == [1, 0] && refit.map(\.logProbability) == [-2, 0])
    #expect(StudyRunner.FoldOutcome(kept: outcome.kept, testing: 3) == nil)
  }

  @Test("a damaged fit is made again", arguments: ["cut", "version", "empty", "longer"])
  func damaged(how: String) throws {
    let kept = Kept()
    let whole = try study(kept).run().result
    kept.fits.withLock { fits in
      for (key, fit) in fits {
        var bytes = [UInt8](fit)
        switch how {
        case "cut": bytes.removeLast(8)
        case "version": bytes[0] ^= 1
        case "empty": bytes = []
        default: bytes += [UInt8](repeating: 0, count: 8)
        }
        fits[key] = Data(bytes)
      }
    }
    let damaged = kept.fits.withLock { $0 }
    #expect(try study(kept).run().result == whole)
    #expect(kept.fits.withLock { fits in damaged.allSatisfy { fits[$0] != $1 || how == "count" } })
  }
}
