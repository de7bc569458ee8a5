import Activations
import Results
import Tensors
import Testing

@testable import Corpora
@testable import Probing

@Suite("What is probed, in which folds") struct StudyDesignTests {
  /// One utterance for each string, one span for each letter, the letter its class and its type.
  private func examples(_ utterances: [String]) -> PooledSpans {
    let letters = Set(utterances.joined()).sorted()
    var items: [PooledSpans.Item] = []
    for (utterance, text) in utterances.enumerated() {
      for (place, letter) in text.enumerated() {
        let label = letters.firstIndex(of: letter) ?? 0
        items.append(
          PooledSpans.Item(
            label: label, type: label, utterance: utterance, speaker: utterance, start: Double(place),
            end: Double(place) + 1))
      }
    }
    return PooledSpans(
      level: .word, isDerived: false, classes: letters.map(String.init), types: letters.map(String.init),
      speakers: utterances.indices.map { "s\($0)" }, utterances: utterances, items: items,
      states: [("hidden.0", Tensor(shape: [items.count, 1]))])
  }

  private func plan(_ folds: [Fold]) -> SplitPlan {
    SplitPlan(folds: folds, description: "by hand", leaks: false, warnings: [])
  }

  private func spec(minimum: Int = 2, maximum: Int = 10) -> ProbeSpec {
    var spec = ProbeSpec(name: "letters", level: .word)
    spec.minimumCount = minimum
    spec.maximumClasses = maximum
    return spec
  }

  /// Utterance 0 is tested by what 1 and 2 teach, and so on round.
  private let round = [
    Fold(train: [1], development: [2], test: [0]), Fold(train: [2], development: [0], test: [1]),
    Fold(train: [0], development: [1], test: [2]),
  ]

  @Test("classes that are rare, or in one utterance only, are left out")
  func classes() {
    // c is in one utterance only; d is there once.
    let design = StudyDesign(
      ProbeDataset(examples(["aabbcccc", "aab", "abbd"])), plan: plan(round), spec: spec())
    #expect(design.classes == ["a", "b"])
    #expect(design.counts == [5, 5] && design.testCounts == [5, 5])
    #expect(design.examples == 10 && design.tested == 10 && design.untrained == 0)
    #expect(design.labels == [0, 0, 1, 1, -1, -1, -1, -1, 0, 0, 1, 0, 1, 1, -1])
    #expect(design.folds.map(\.test) == [[0, 1, 2, 3], [8, 9, 10], [11, 12, 13]])
    #expect(design.folds[0].train == [8, 9, 10] && design.folds[0].outer == [8, 9, 10, 11, 12, 13])
    #expect(design.reason == nil)
  }

  @Test("of many classes the most frequent are kept")
  func mostFrequent() {
    let design = StudyDesign(
      ProbeDataset(examples(["abbccc", "abbccc", "abbccc"])), plan: plan(round), spec: spec(maximum: 2))
    #expect(design.classes == ["b", "c"] && design.counts == [6, 9])
  }

  @Test("an example whose class its own fold does not teach is left out and counted")
  func untrained() {
    // c is in 0 and 1; what is tested on 0 is taught by 2 alone.
    let folds = [
      Fold(train: [2], development: [], test: [0]), Fold(train: [0], development: [2], test: [1]),
    ]
    let design = StudyDesign(
      ProbeDataset(examples(["abcc", "abcc", "ab"])), plan: plan(folds), spec: spec())
    #expect(design.classes == ["a", "b", "c"])
    #expect(design.testCounts == [2, 2, 2])
    #expect(design.untrained == 4, "two of utterance 0's c, and utterance 2, which no fold tests")
  }

  @Test("each example is tested once, however often folds overlap")
  func once() {
    let folds = round + [Fold(train: [1, 2], development: [], test: [0])]
    let design = StudyDesign(
      ProbeDataset(examples(["aabb", "aabb", "aabb"])), plan: plan(folds), spec: spec())
    #expect(design.tested == 12 && design.folds.count == 3)
  }

  @Test("why there is nothing to probe is said")
  func reasons() {
    let one = StudyDesign(
      ProbeDataset(examples(["aa", "aa", "aa"])), plan: plan(round), spec: spec())
    #expect(one.reason?.contains("nothing to tell apart") == true)
    let none = StudyDesign(
      ProbeDataset(examples(["ab", "cd", "ef"])), plan: plan(round), spec: spec())
    #expect(none.reason?.contains("no class") == true)
  }

  @Test("the bootstrap draws utterances below ten speakers, and speakers from ten on")
  func clusters() {
    for (count, unit) in [(9, "utterances"), (10, "speakers")] {
      let all = Array(0..<count)
      let folds = all.map { test in
        Fold(train: all.filter { $0 != test }, development: [], test: [test])
      }
      let examples = examples(Array(repeating: "ab", count: count))
      let design = StudyDesign(ProbeDataset(examples), plan: plan(folds), spec: spec())
      let clusters = ResamplingUnits(examples, design: design)
      #expect(clusters.unit == unit && clusters.count == count)
      #expect(clusters.ofRow == all.flatMap { [$0, $0] })
    }
  }

  @Test("a control task has the classes' frequencies, and the same class for a type whenever it is made")
  func control() {
    let task = ControlTask(types: 20_000, counts: [600, 300, 100], seed: 3, stream: "x")
    for (label, share) in [0.6, 0.3, 0.1].enumerated() {
      let found = Double(task.classOfType.count { $0 == label }) / 20_000
      #expect(abs(found - share) < 4 * (share * (1 - share) / 20_000).squareRoot())
    }
    #expect(task == ControlTask(types: 20_000, counts: [600, 300, 100], seed: 3, stream: "x"))
    #expect(task != ControlTask(types: 20_000, counts: [600, 300, 100], seed: 4, stream: "x"))
  }
}
