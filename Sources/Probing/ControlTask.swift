import Foundations
import Tensors

/// Labels that a probe could only learn by heart (Hewitt & Liang 2019): the classes of the types, such as triphones,
/// exchanged among types that are about as frequent, so that the control's classes are as large as the task's.
///
/// How much better a probe does on the true labels than on these, its selectivity, tells reading from memorising. It
/// needs more types than classes: see `StudyDesign.hasMoreTypesThanClasses`. One draw says little (with five classes
/// and pure noise single ones gave −0.12 to 0.17), so that each fold has draws of its own.
package struct ControlTask: Sendable {
  /// Of a whole study.
  static let leastDraws = 5

  /// Draws in each of so many folds: two at least, since their spread has to be known.
  static func draws(inEachOf folds: Int) -> Int {
    max(2, (leastDraws + folds - 1) / max(1, folds))
  }

  /// Types that are at most this many times as frequent as each other exchange their classes.
  private static let frequencyRatio = 2
  private let classes: Int
  private let rows: [(label: Int, type: Int)]
  /// Types from the most frequent down, in strata.
  private let strata: [[Int]]
  private let sizes: [Int]

  /// `labels` and `types` have an entry for each example; those with a negative label are left out.
  package init(labels: [Int], types: [Int], typeCount: Int, classCount: Int) {
    precondition(labels.count == types.count, "\(labels.count) labels of \(types.count) types")
    classes = classCount
    rows = zip(labels, types).filter { $0.0 >= 0 }.map { (label: $0, type: $1) }
    var sizes = [Int](repeating: 0, count: typeCount)
    for row in rows { sizes[row.type] += 1 }
    self.sizes = sizes
    let order = sizes.indices.filter { sizes[$0] > 0 }.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
    var strata: [[Int]] = []
    for type in order {
      if let first = strata.last?.first, sizes[type] * Self.frequencyRatio > sizes[first] {
        strata[strata.count - 1].append(type)
      } else {
        strata.append([type])
      }
    }
    self.strata = strata
  }

  /// The class of each type in one draw; −1 for a type without examples.
  ///
  /// A stratum's types are given as many classes of each kind as its examples ask for, in random order; what whole
  /// types could not give goes over to the next stratum, so that in the end a class is off by less than a type.
  package func classOfType(using numbers: inout RandomNumbers) -> [Int] {
    var counts = [[Int]](repeating: Array(repeating: 0, count: classes), count: strata.count)
    var stratumOf = [Int](repeating: 0, count: sizes.count)
    for (place, stratum) in strata.enumerated() { for type in stratum { stratumOf[type] = place } }
    for row in rows { counts[stratumOf[row.type]][row.label] += 1 }

    var given = [Int](repeating: -1, count: sizes.count)
    var owed = [Double](repeating: 0, count: classes)
    for (place, stratum) in strata.enumerated() {
      for k in 0..<classes { owed[k] += Double(counts[place][k]) }
      let quota = quotas(owed, stratum, using: &numbers)
      for (type, at) in zip(stratum, numbers.permutation(stratum.count)) {
        given[type] = quota[at]
        owed[quota[at]] -= Double(sizes[type])
      }
    }
    return given
  }

  /// As many classes as the stratum has types: whole shares first, then the largest remainders, ties at random.
  private func quotas(_ owed: [Double], _ stratum: [Int], using numbers: inout RandomNumbers) -> [Int] {
    let size = Double(stratum.reduce(0) { $0 + sizes[$1] }) / Double(stratum.count)
    let shares = owed.map { max(0, $0 / size) }
    var quota = shares.enumerated().flatMap { Array(repeating: $0.offset, count: Int($0.element)) }
    let order = numbers.permutation(classes).sorted {
      shares[$0] - shares[$0].rounded(.down) > shares[$1] - shares[$1].rounded(.down)
    }
    var next = 0
    while quota.count < stratum.count {
      quota.append(order[next % classes])
      next += 1
    }
    // Carried shares may ask for a type or two more than there are: which go without is drawn too.
    let kept = numbers.permutation(quota.count).prefix(stratum.count)
    return kept.map { quota[$0] }
  }
}

/// What a control task's draws gave: each fold has draws of its own, all on the fold's examples whose type was seen in
/// training.
struct ControlCounts: Sendable {
  let draws: Int
  /// `[clusters × folds]`: examples, and those that the true task's probe got right.
  var seen: Matrix
  var right: Matrix
  /// `[clusters × folds · draws]`: those that each draw's probe got right.
  var hits: Matrix

  init(clusters: Int, folds: Int, draws: Int) {
    self.draws = draws
    seen = Matrix(rows: clusters, columns: folds)
    right = seen
    hits = Matrix(rows: clusters, columns: folds * draws)
  }
}
