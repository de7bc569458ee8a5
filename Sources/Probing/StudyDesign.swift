import Activations
import Corpora
import Results
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which examples of a level are probed, with which classes, and in which folds: everything that is decided
/// before any state is looked at, the same for every layer, twin and baseline.
package struct StudyDesign: Sendable {
  /// One fold in rows of the examples.
  package struct Rows: Sendable {
    let train: [Int]
    let development: [Int]
    /// All that may be learned from.
    package let outer: [Int]
    /// Examples whose speaker and sentence are held out here.
    package let test: [Int]
    /// Of the classes in `outer`, the commonest, and the logarithm of each one's share.
    let majority: Int
    let logShares: [Double]
  }

  package let classes: [String]
  let isRegression: Bool
  /// The class of each example; −1 for one that is not probed.
  package let labels: [Int]
  package let folds: [Rows]
  /// Examples of the classes that are probed, and how many of each.
  let examples: Int
  let counts: [Int]
  /// How many examples of each class are predicted while held out.
  let testCounts: [Int]
  /// Examples that could not be tested, since their class is nowhere else than in what is held out with them.
  let untrained: Int

  /// What the numbers are about.
  let scope: ProbeScope

  var tested: Int { testCounts.reduce(0, +) }
  /// Rows with a class that is probed.
  var probedRows: [Int] { labels.indices.filter { labels[$0] >= 0 } }

  /// - Why classes are left out: those with fewer than `minimumCount` examples have nothing to be measured
  ///   on; those that no fold has both in training and in test cannot be recognised by any probe, and would
  ///   only lower every number alike; of the others the `maximumClasses` most frequent are kept. Limits that the
  ///   definition leaves open adapt (`ClassLimits`).
  /// - An example whose class is missing from its own fold's training part is left out for the same reason.
  /// - A regression has one class, all examples that have a number.
  package init(_ targeted: ProbeDataset, plan: SplitPlan, spec: ProbeSpec) {
    let examples = targeted.examples
    let numbers = targeted.numbers
    let isRegression = numbers != nil
    let given = examples.items.indices.map { row in
      numbers.map { numbers in
        (0..<numbers.columns).allSatisfy { numbers[row, $0].isFinite } ? 0 : -1
      } ?? examples.items[row].label
    }
    let names = isRegression ? [spec.target.rawValue] : examples.classes
    let items = examples.items
    var rowsOfUtterance = [[Int]](repeating: [], count: examples.utterances.count)
    for (row, item) in items.enumerated() { rowsOfUtterance[item.utterance].append(row) }
    func rows(_ utterances: [Int]) -> [Int] {
      utterances.filter(rowsOfUtterance.indices.contains).flatMap { rowsOfUtterance[$0] }.sorted()
    }

    var all = [Int](repeating: 0, count: names.count)
    for label in given where label >= 0 { all[label] += 1 }
    var testable = Set<Int>()
    for fold in plan.folds {
      let learned = Set(rows(fold.outer).map { given[$0] })
      testable.formUnion(learned.intersection(rows(fold.test).map { given[$0] }))
    }
    testable.remove(-1)
    let limits = ClassLimits(
      spec, counts: testable.map { all[$0] }, labelled: all.reduce(0, +))
    let frequent = testable.filter { all[$0] >= limits.minimumCount }
      .sorted { (all[$1], $0) < (all[$0], $1) }
    let kept = frequent.prefix(limits.maximumClasses).sorted()
    var places = [Int](repeating: -1, count: names.count)
    for (place, label) in kept.enumerated() { places[label] = place }
    let labels = given.map { $0 < 0 ? -1 : places[$0] }

    var isTested = [Bool](repeating: false, count: items.count)
    var testCounts = [Int](repeating: 0, count: kept.count)
    folds = plan.folds.compactMap { fold in
      func probed(_ utterances: [Int]) -> [Int] { rows(utterances).filter { labels[$0] >= 0 } }
      let outer = probed(fold.outer)
      var learned = [Int](repeating: 0, count: kept.count)
      for row in outer { learned[labels[row]] += 1 }
      let test = probed(fold.test).filter { learned[labels[$0]] > 0 && !isTested[$0] }
      guard learned.count(where: { $0 > 0 }) > (isRegression ? 0 : 1), !test.isEmpty else { return nil }
      for row in test {
        isTested[row] = true
        testCounts[labels[row]] += 1
      }
      return Rows(
        train: probed(fold.train), development: probed(fold.development), outer: outer, test: test,
        majority: learned.indices.max { (learned[$0], $1) < (learned[$1], $0) } ?? 0,
        logShares: learned.map { log(Double($0) / Double(outer.count)) })
    }
    self.isRegression = isRegression
    classes = kept.map { names[$0] }
    self.labels = labels
    self.testCounts = testCounts
    counts = kept.map { all[$0] }
    self.examples = counts.reduce(0, +)
    untrained = labels.indices.count { labels[$0] >= 0 && !isTested[$0] }

    let occurring = all.indices.filter { all[$0] > 0 }
    func leftOut(_ rule: ProbeScope.Rule, limit: Int? = nil, _ classes: [Int]) -> ProbeScope.LeftOut? {
      classes.isEmpty
        ? nil
        : ProbeScope.LeftOut(
          rule: rule, limit: limit, classes: classes.count, spans: classes.reduce(0) { $0 + all[$1] },
          named: classes.sorted { (all[$1], $0) < (all[$0], $1) }.prefix(10).map {
            ProbeScope.LeftOut.Class(name: names[$0], spans: all[$0])
          })
    }
    func spansOnly(_ rule: ProbeScope.Rule, _ spans: Int) -> ProbeScope.LeftOut? {
      spans == 0 ? nil : ProbeScope.LeftOut(rule: rule, classes: 0, spans: spans, named: [])
    }
    scope = ProbeScope(
      spans: testCounts.reduce(0, +), ofSpans: items.count, classes: testCounts.count { $0 > 0 },
      ofClasses: occurring.count,
      leftOut: [
        // What too few examples keep out of training or test is rare first of all.
        leftOut(
          .rare, limit: limits.minimumCount, occurring.filter { all[$0] < limits.minimumCount }),
        leftOut(
          .untestable, occurring.filter { all[$0] >= limits.minimumCount && !testable.contains($0) }),
        leftOut(
          .beyondLimit, limit: limits.maximumClasses, Array(frequent.dropFirst(limits.maximumClasses))),
        spansOnly(.heldOutAlone, untrained), spansOnly(.unlabelled, given.count { $0 < 0 }),
      ].compactMap(\.self))
  }

  /// Whether a control task can tell anything: where types are hardly more than classes (a word's type is the
  /// word), random classes by type only rename the classes, and any reader of the classes reads them as well.
  package func hasMoreTypesThanClasses(_ examples: PooledSpans) -> Bool {
    guard !isRegression else { return false }
    let types = Set(labels.indices.filter { labels[$0] >= 0 }.map { examples.items[$0].type })
    return types.count > 2 * classes.count
  }

  /// Why nothing can be measured; nil where something can.
  package var reason: String? {
    if isRegression { return tested > 1 ? nil : "no span has the number in both training and test" }
    let occurring = testCounts.count { $0 > 0 }
    if occurring > 1 { return nil }
    if classes.count == 1 {
      return "there is one class only that can be probed (“\(classes[0])”): nothing to tell apart"
    }
    return "no class has enough examples in both training and test to be probed"
  }
}

/// The units that a bootstrap draws, and which of them each tested example belongs to.
struct ResamplingUnits: Sendable {
  /// "speakers" or "utterances", of a text "sources" or "sentences".
  let unit: String
  let count: Int
  /// The cluster of each example; −1 for one that is not tested.
  let ofRow: [Int]
  /// The group of each example, tested or not, of `Bootstrap.groups` that refits leave out by turns: whole clusters,
  /// shared out evenly over speakers.
  let groupOfRow: [Int]
  let speakers: Int
  let utterances: Int

  /// Speakers where ten or more are tested, else utterances (docs/Methods.md, Intervals).
  init(_ examples: PooledSpans, design: StudyDesign, terms: CorpusTerms = .speech) {
    let tested = design.folds.flatMap(\.test)
    let speakers = Set(tested.map { examples.items[$0].speaker }).sorted()
    let utterances = Set(tested.map { examples.items[$0].utterance }).sorted()
    let bySpeaker = speakers.count >= 10
    var numbers: [Int: Int] = [:]
    for (number, id) in (bySpeaker ? speakers : utterances).enumerated() { numbers[id] = number }
    var ofRow = [Int](repeating: -1, count: examples.items.count)
    for row in tested {
      let item = examples.items[row]
      ofRow[row] = numbers[bySpeaker ? item.speaker : item.utterance] ?? -1
    }
    unit = bySpeaker ? terms.speakers : terms.utterances
    count = numbers.count
    self.ofRow = ofRow
    func cluster(_ row: Int) -> Int {
      bySpeaker ? examples.items[row].speaker : examples.items[row].utterance
    }
    let all = Set(examples.items.indices.map(cluster)).sorted()
    let places = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1, $0) })
    groupOfRow = examples.items.indices.map { (places[cluster($0)] ?? 0) % Bootstrap.groups }
    self.speakers = speakers.count
    self.utterances = utterances.count
  }
}

/// The least examples of a class and the most classes; where the definition leaves them open, as many classes as have
/// enough examples to cover half of what there is.
struct ClassLimits: Sendable, Equatable {
  /// Enough to be measured on, and the least that will do.
  static let (enoughExamples, fewestExamples) = (10, 5)
  /// So many classes whatever they cover; more than the second cost too much.
  static let (usualClasses, mostClasses) = (100, 500)
  /// Of the labelled spans.
  static let share = 0.5

  let minimumCount: Int
  let maximumClasses: Int

  /// `counts` are those of the classes that can be tested, `labelled` is how many spans have a label.
  init(_ spec: ProbeSpec, counts: [Int], labelled: Int) {
    let counts = counts.sorted(by: >)
    func covers(_ least: Int, _ most: Int) -> Bool {
      let covered = counts.prefix(most).filter { $0 >= least }.reduce(0, +)
      return Double(covered) >= Self.share * Double(labelled)
    }
    let most = spec.maximumClasses ?? Self.mostClasses
    let least =
      spec.minimumCount
      ?? stride(from: Self.enoughExamples, through: Self.fewestExamples, by: -1).first { covers($0, most) }
      ?? Self.fewestExamples
    minimumCount = least
    maximumClasses =
      spec.maximumClasses
      ?? (Self.usualClasses...Self.mostClasses).first { covers(least, $0) } ?? Self.mostClasses
  }
}
