import Testing

@testable import Probing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("A search for a penalty") struct PenaltySearchTests {
  /// Least at a penalty of 3, which is in no list.
  private func loss(_ penalty: Double) -> Double {
    let distance = log10(penalty) - log10(3)
    return 1 + 0.2 * distance * distance / (1 + 0.3 * abs(distance))
  }

  private func trials(_ method: PenaltySearch.Method, count: Int = 10, seed: UInt64 = 0) throws
    -> [PenaltySearch.Trial]
  {
    try PenaltySearch(method, penalties: ProbeSpec.defaultPenalties, trials: count, seed: seed)
      .trials { loss($0) }
  }

  @Test("by grid tries the list from the strongest down, or those around the best alone")
  func grid() throws {
    let all = try trials(.grid)
    #expect(all.map(\.penalty) == ProbeSpec.defaultPenalties && all.best?.penalty == 1)
    let search = PenaltySearch(.grid, penalties: ProbeSpec.defaultPenalties)
    let some = try search.trials(isUnimodal: true) { loss($0) }
    #expect(some.map(\.penalty) == [100, 10, 1, 0.1])
    #expect(some.best == all.best)
    // The best at each place of the list, and how many losses are asked for.
    for (best, calls) in [(10_000.0, 4), (1000, 4), (100, 3), (10, 3), (1, 4), (0.1, 5), (0.01, 5)] {
      var asked: [Double] = []
      let found = try search.trials(isUnimodal: true) { penalty in
        asked.append(penalty)
        return abs(log10(penalty / best))
      }
      #expect(found.best?.penalty == best && asked.count == calls)
      #expect(found.map(\.penalty) == asked.sorted(by: >))
    }
    let two = PenaltySearch(.grid, penalties: [100, 10])
    #expect(try two.trials(isUnimodal: true) { -$0 }.best?.penalty == 100)
  }

  @Test("by chance draws between the ends, evenly over the decades, the same for a seed")
  func random() throws {
    let found = try trials(.random, count: 600)
    #expect(found.count == 600 && found.allSatisfy { (0.01...10_000).contains($0.penalty) })
    #expect(found.map(\.penalty) == found.map(\.penalty).sorted(by: >))
    // Half of them in the lower three of six decades: 300 ± 12.
    #expect(abs(found.count { $0.penalty < 10 } - 300) < 50)
    #expect(try trials(.random) == trials(.random) && trials(.random) != trials(.random, seed: 1))
  }

  @Test("by a Gaussian process comes nearer to the least than a list of as many")
  func bayesian() throws {
    let found = try trials(.bayesian)
    let best = try #require(found.best)
    #expect(found.count <= 10 && found.allSatisfy { (0.0099...10_001).contains($0.penalty) })
    #expect(abs(log10(best.penalty) - log10(3)) < 0.15, "\(best)")
    let grid = try #require(try trials(.grid).best)
    #expect(best.loss < grid.loss)
    #expect(try trials(.bayesian, count: 2).count == 2)
  }

  @Test("ends where nothing more is expected, and passes over losses that are no numbers")
  func ends() throws {
    var calls = 0
    let flat = try PenaltySearch(.bayesian, penalties: [100, 0.01], trials: 50).trials { _ in
      calls += 1
      return 0.5
    }
    #expect(calls == 3 && flat.count == 3)
    #expect(try trials(.bayesian, count: 50).count < 50)
    let search = PenaltySearch(.grid, penalties: [100, 10, 1])
    let odd = try search.trials { $0 == 10 ? .nan : $0 }
    #expect(odd.best?.penalty == 1)
  }

  /// With three values of a line in the middle of the range, the process must go through them, be surest there, and not
  /// look where it has looked.
  @Test("rests on a process that goes through what it saw")
  func process() throws {
    let (places, values) = ([0.1, 0.5, 0.9], [3.0, 2.0, 1.0])
    let process = GaussianProcess(places: places, values: values)
    for (place, value) in zip(places, values) {
      let found = process.prediction(at: place)
      #expect(abs(found.mean - value) < 1e-2 && found.deviation < 0.05)
      #expect(process.prediction(at: place + 0.2).deviation > found.deviation)
    }
    #expect(process.mostPromising(among: places) == nil)
    #expect(try #require(process.mostPromising(among: (0...20).map { Double($0) / 20 })) > 0.7)
  }
}
