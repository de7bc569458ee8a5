import Testing

@testable import Corpora

@Suite("Divisions that a probe asks for")
struct SplitDivisionTests {
  private let utterances = (0..<24).map {
    (speaker: "s\($0 / 6)", sentence: "\($0 % 6)", seconds: 5.0)
  }

  private func plan(_ division: SplitPlan.Division) throws -> SplitPlan {
    try SplitPlan.make(for: utterances, by: division, seed: 2)
  }

  private func everythingOnce(_ plan: SplitPlan) -> Bool {
    plan.folds.flatMap(\.test).sorted() == Array(utterances.indices)
      && plan.folds.allSatisfy { Set($0.outer).isDisjoint(with: $0.test) }
      && plan.folds.allSatisfy { Set($0.train).isDisjoint(with: $0.development) }
  }

  @Test("leave one speaker out")
  func speakers() throws {
    let plan = try plan(.speakers)
    #expect(plan.folds.count == 4 && everythingOnce(plan))
    for fold in plan.folds {
      let tested = Set(fold.test.map { utterances[$0].speaker })
      #expect(tested.count == 1)
      #expect(!fold.outer.contains { tested.contains(utterances[$0].speaker) })
    }
  }

  @Test("folds of sentences have every speaker on both sides, and no sentence")
  func sentences() throws {
    let plan = try plan(.sentences)
    #expect(everythingOnce(plan) && !plan.leaks)
    for fold in plan.folds {
      #expect(Set(fold.test.map { utterances[$0].speaker }).count == 4)
      #expect(
        Set(fold.test.map { utterances[$0].sentence })
          .isDisjoint(with: fold.outer.map { utterances[$0].sentence }))
    }
  }

  @Test("plain folds of utterances leak speakers, and say so")
  func plain() throws {
    let plan = try plan(.utterances)
    #expect(everythingOnce(plan) && plan.leaks && !plan.warnings.isEmpty)
  }

  @Test("auto is what a corpus has by itself; what cannot be divided is refused")
  func others() throws {
    #expect(try plan(.auto) == SplitPlan.make(for: utterances, seed: 2))
    #expect(throws: CorpusError.self) {
      try SplitPlan.make(for: Array(utterances.prefix(6)), by: .speakers, seed: 1)
    }
  }
}
