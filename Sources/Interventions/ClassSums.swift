import Probing
import Tensors

/// Sums over labelled rows, around a fixed point so that large means cost no digits; those of several sets of rows are
/// added up. Rows may have several labellings of the same classes, the first one being the true one.
struct ClassSums: Sendable {
  /// `[width]`.
  let centre: [Double]
  let classCount: Int
  private(set) var count = 0
  private var sum: [Double]
  /// Its upper triangle holds.
  private var gram: Matrix
  /// Of each labelling: rows of each class, and their sums `[classes × width]`.
  private var counts: [[Int]]
  private var classSums: [Matrix]

  init(centre: [Double], classCount: Int, labellings: Int) {
    self.centre = centre
    self.classCount = classCount
    sum = [Double](repeating: 0, count: centre.count)
    gram = Matrix(rows: centre.count, columns: centre.count)
    counts = Array(repeating: [Int](repeating: 0, count: classCount), count: labellings)
    classSums = Array(repeating: Matrix(rows: classCount, columns: centre.count), count: labellings)
  }

  /// Bytes that sums of so many values and classes take.
  static func bytes(width: Int, classCount: Int, labellings: Int) -> Int {
    8 * width * (width + labellings * classCount + 2)
  }

  /// Adds the rows of `states` `[rows × width]` whose label is not negative in the first labelling.
  mutating func add(_ states: Tensor, labels: [[Int]]) {
    precondition(labels.count == counts.count && labels.allSatisfy { $0.count == states.rows })
    let width = centre.count
    let rows = labels[0].indices.filter { labels[0][$0] >= 0 }
    CentredRows.forEachBlock(of: states, rows: rows, mean: centre) { first, block, size in
      gram.addProduct(of: block, rows: size, width: width)
      sum.withUnsafeMutableBufferPointer { sum in
        for i in 0..<size { for k in 0..<width { sum[k] += block[i * width + k] } }
      }
      for (set, labels) in labels.enumerated() {
        classSums[set].values.withUnsafeMutableBufferPointer { sums in
          for i in 0..<size where labels[rows[first + i]] >= 0 {
            let label = labels[rows[first + i]]
            counts[set][label] += 1
            for k in 0..<width { sums[label * width + k] += block[i * width + k] }
          }
        }
      }
    }
    count += rows.count
  }

  /// Those of both sets of rows.
  static func += (a: inout ClassSums, b: ClassSums) {
    precondition(a.centre == b.centre && a.classCount == b.classCount && a.counts.count == b.counts.count)
    a.count += b.count
    for k in a.sum.indices { a.sum[k] += b.sum[k] }
    a.gram.values.add(b.gram.values)
    for set in a.counts.indices {
      for c in a.counts[set].indices { a.counts[set][c] += b.counts[set][c] }
      a.classSums[set].values.add(b.classSums[set].values)
    }
  }

  /// Around the rows' own mean; nil where fewer than two classes occur.
  func moments(ofLabelling set: Int = 0) -> LabelMoments? {
    let occurring = counts[set].indices.filter { counts[set][$0] > 0 }
    guard occurring.count > 1 else { return nil }
    let (n, width) = (Double(count), centre.count)
    var centred = gram
    for i in 0..<width {
      for j in i..<width { centred.values[i * width + j] -= sum[i] * sum[j] / n }
    }
    var sums = Matrix(rows: occurring.count, columns: width)
    for (row, label) in occurring.enumerated() {
      let share = Double(counts[set][label]) / n
      for k in 0..<width { sums[row, k] = classSums[set][label, k] - share * sum[k] }
    }
    return LabelMoments(
      count: count, classes: occurring, counts: occurring.map { counts[set][$0] },
      mean: zip(centre, sum).map { $0 + $1 / n }, gram: centred, sums: sums)
  }
}

extension [Double] {
  /// Adds others, place by place.
  fileprivate mutating func add(_ others: [Double]) {
    others.withUnsafeBufferPointer { others in
      withUnsafeMutableBufferPointer { own in for i in own.indices { own[i] += others[i] } }
    }
  }
}
