import Foundations
import Probing
import Tensors

/// From the mean of one class to that of another, and directions between means of other classes, as long.
struct SteeringDirections: Sendable {
  /// `[width]`.
  let own: [Double]
  let others: [[Double]]

  /// Nil where one of the two classes is not in training.
  init?(_ moments: LabelMoments, from: Int, to: Int, draws: Int, using numbers: inout RandomNumbers) {
    func mean(_ row: Int) -> [Double] {
      (0..<moments.width).map { moments.sums[row, $0] / Double(moments.counts[row]) }
    }
    func difference(_ a: Int, _ b: Int) -> [Double] { zip(mean(b), mean(a)).map(-) }
    func length(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    guard let first = moments.classes.firstIndex(of: from), let last = moments.classes.firstIndex(of: to)
    else { return nil }
    let own = difference(first, last)
    let rest = moments.classes.indices.filter { $0 != first && $0 != last }
    var others: [[Double]] = []
    for _ in 0..<draws where rest.count > 1 {
      let a = numbers.index(below: rest.count)
      let b = (a + 1 + numbers.index(below: rest.count - 1)) % rest.count
      let other = difference(rest[a], rest[b])
      let scale = length(other) > 0 ? length(own) / length(other) : 0
      others.append(other.map { $0 * scale })
    }
    (self.own, self.others) = (own, others)
  }
}
