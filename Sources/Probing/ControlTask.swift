import Foundations
import Tensors

/// Random labels that a probe could only learn by heart (Hewitt & Liang 2019): every type, such as a
/// triphone, has one random class, drawn with the frequencies of the true classes and the same in every fold.
///
/// How much better a probe does on the true labels than on these, its selectivity, tells reading from
/// memorising. It needs more types than classes: see `StudyDesign.hasMoreTypesThanClasses`.
struct ControlTask: Sendable, Equatable {
  /// The random class of each type.
  let classOfType: [Int]

  /// - Parameters:
  ///   - counts: how many examples each true class has.
  ///   - types: how many types there are.
  init(types: Int, counts: [Int], seed: UInt64, stream: String) {
    var numbers = RandomNumbers(seed: seed, stream: "control task " + stream)
    let total = counts.reduce(0, +)
    precondition(total > 0, "a control task without examples")
    var ends: [Int] = []
    for count in counts { ends.append((ends.last ?? 0) + count) }
    classOfType = (0..<types).map { _ in
      let drawn = numbers.index(below: total)
      return ends.firstIndex { drawn < $0 } ?? 0
    }
  }
}
