import Activations
import Corpora
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which examples of a level are probed, with which classes, and in which folds: everything that is decided
/// before any state is looked at, the same for every layer, twin and baseline.
struct StudyDesign: Sendable {
  /// One fold in rows of the examples.
  struct Rows: Sendable {
    let train: [Int]
    let development: [Int]
    /// All that may be learned from.
    let outer: [Int]
    /// Examples whose speaker and sentence are held out here.
    let test: [Int]
    /// Of the classes in `outer`, the commonest, and the logarithm of each one's share.
    let majority: Int
    let logShares: [Double]
  }

  let classes: [String]
  let isRegression: Bool
  /// The class of each example; −1 for one that is not probed.
  let labels: [Int]
  let folds: [Rows]
  /// Examples of the classes that are probed, and how many of each.
  let examples: Int
  let counts: [Int]
  /// How many examples of each class are predicted while held out.
  let testCounts: [Int]
  /// Examples that could not be tested, since their class is nowhere else than in what is held out with them.
  let untrained: Int

  var tested: Int { testCounts.reduce(0, +) }

  /// - Why classes are left out: those with fewer than `minimumCount` examples have nothing to be measured
  ///   on; those that no fold has both in training and in test cannot be recognised by any probe, and would
  ///   only lower every number alike; of the others the `maximumClasses` most frequent are kept.
  /// - An example whose class is missing from its own fold's training part is left out for the same reason.
  /// - A regression has one class, all examples that have a number.
  init(_ targeted: ProbeDataset, plan: SplitPlan, spec: ProbeSpec) {
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
    let kept = testable.filter { $0 >= 0 && all[$0] >= spec.minimumCount }
      .sorted { (all[$1], $0) < (all[$0], $1) }.prefix(spec.maximumClasses).sorted()
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
  }

  /// Whether a control task can tell anything: where types are hardly more than classes (a word's type is the
  /// word), random classes by type only rename the classes, and any reader of the classes reads them as well.
  func hasMoreTypesThanClasses(_ examples: PooledSpans) -> Bool {
    guard !isRegression else { return false }
    let types = Set(labels.indices.filter { labels[$0] >= 0 }.map { examples.items[$0].type })
    return types.count > 2 * classes.count
  }

  /// Why nothing can be measured; nil where something can.
  var reason: String? {
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
  /// "speakers" or "utterances".
  let unit: String
  let count: Int
  /// The cluster of each example; −1 for one that is not tested.
  let ofRow: [Int]
  let speakers: Int
  let utterances: Int

  /// Speakers where ten or more are tested, else utterances (METHODS, Intervals).
  init(_ examples: PooledSpans, design: StudyDesign) {
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
    unit = bySpeaker ? "speakers" : "utterances"
    count = numbers.count
    self.ofRow = ofRow
    self.speakers = speakers.count
    self.utterances = utterances.count
  }
}
