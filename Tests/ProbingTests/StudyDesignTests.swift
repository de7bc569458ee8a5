import Activations
import Foundations
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
    SplitPlan(folds: folds, description: "by hand", leaks: false)
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

  @Test("a control task exchanges the classes of types as frequent as each other; classes keep their sizes")
  func control() {
    // Type t has 40/(t + 1) examples, the first one half of all in a stratum of its own.
    var labels: [Int] = []
    var types: [Int] = []
    for type in 0..<40 {
      for _ in 0..<max(1, 40 / (type + 1)) {
        labels.append(type % 3 == 0 ? 0 : type % 5 == 0 ? 2 : 1)
        types.append(type)
      }
    }
    let sizes = (0..<40).map { type in types.count { $0 == type } }
    let counts = (0..<3).map { label in labels.count { $0 == label } }
    let task = ControlTask(labels: labels, types: types, typeCount: 41, classCount: 3)
    var numbers = RandomNumbers(seed: 3)
    var changed = [Bool](repeating: false, count: 40)
    for _ in 0..<50 {
      let drawn = task.classOfType(using: &numbers)
      #expect(drawn[40] == -1, "a type without examples has no class")
      for label in 0..<3 {
        let found = (0..<40).reduce(0) { $0 + (drawn[$1] == label ? sizes[$1] : 0) }
        #expect(abs(found - counts[label]) <= 1, "class \(label): \(found) of \(counts[label])")
      }
      for type in 0..<40 where drawn[type] != labels[types.firstIndex(of: type) ?? 0] {
        changed[type] = true
      }
    }
    #expect(changed.count { $0 } > 35)
    #expect(ControlTask.draws(inEachOf: 1) == 5 && ControlTask.draws(inEachOf: 3) == 2)
    #expect(ControlTask.draws(inEachOf: 25) == 2)
  }

  @Test("what is left out is said by rule, with counts and at most ten names")
  func scope() {
    let letters = "abcdefghijklmnopqrstuvwxyz"
    // a, b and y everywhere, z in one utterance alone, each other letter once.
    let examples = examples([
      "aaabbbyyzzz" + letters.dropFirst(2).prefix(8), "aabby" + letters.dropFirst(10).prefix(8), "aaby",
    ])
    let scope = StudyDesign(ProbeDataset(examples), plan: plan(round), spec: spec(maximum: 2)).scope
    #expect(scope.spans == 13 && scope.ofSpans == examples.items.count)
    #expect(scope.classes == 2 && scope.ofClasses == 20)
    #expect(scope.leftOut.map(\.rule) == [.rare, .untestable, .beyondLimit])
    #expect(scope.leftOut.map(\.classes) == [16, 1, 1] && scope.leftOut.map(\.spans) == [16, 3, 4])
    #expect(scope.leftOut[0].named.count == 10 && scope.leftOut[0].limit == 2)
    #expect(scope.leftOut[1].named == [.init(name: "z", spans: 3)])
    #expect(scope.isNarrow)
  }

  @Test("limits that are left open take as many classes as cover half of the spans")
  func limits() {
    var spec = ProbeSpec(name: "x", level: .word)
    func limits(_ counts: [Int]) -> [Int] {
      let limits = ClassLimits(spec, counts: counts, labelled: counts.reduce(0, +))
      return [limits.minimumCount, limits.maximumClasses]
    }
    #expect(limits(Array(repeating: 20, count: 30)) == [10, 100])
    #expect(limits(Array(repeating: 12, count: 500)) == [10, 250])
    #expect(limits(Array(repeating: 7, count: 30) + [10]) == [7, 100])
    #expect(limits(Array(repeating: 2, count: 30)) == [5, 500])
    (spec.minimumCount, spec.maximumClasses) = (10, 100)
    #expect(limits(Array(repeating: 7, count: 300)) == [10, 100])
  }
}
