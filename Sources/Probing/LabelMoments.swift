import Activations
import LinearAlgebra
import Tensors

/// The sums that ridge and LDA probes, and erasures of a concept, are made of: counts, means, the centred second moment
/// and each class's sum.
public struct LabelMoments: Sendable {
  /// Rows that the sums go over.
  public let count: Int
  /// The classes that occur, as the caller numbers them, ascending.
  public let classes: [Int]
  /// Rows of each of them.
  public let counts: [Int]
  /// The mean of all rows, one value a feature.
  public let mean: [Double]
  /// Σ (x − mean)(x − mean)ᵀ, of which the upper triangle holds.
  public let gram: Matrix
  /// Σ over each class of (x − mean), `[classes × width]`.
  public let sums: Matrix

  /// Where features have penalties of their own.
  var blocks: FeatureBlocks?

  /// Features of a row.
  public var width: Int { mean.count }

  /// Of all rows of a tensor, each with its class, of which two at least must occur.
  /// - Throws: `ProbeError` for rows and labels that do not fit together, and for values that are not finite.
  public init(states: Tensor, labels: [Int], classCount: Int) throws {
    try states.requireFinite()
    self.init(
      try TrainingRows(
        states: states, rows: Array(0..<states.rows), labels: labels, classCount: classCount))
  }

  /// Of rows of a tensor, in blocks of double precision around their mean.
  init(_ training: TrainingRows) {
    let (states, rows, width) = (training.states, training.rows, training.states.width)
    let mean = CentredRows.mean(of: states, rows: rows)
    var gram = Matrix(rows: width, columns: width)
    var sums = Matrix(rows: training.classes.count, columns: width)
    var counts = [Int](repeating: 0, count: training.classes.count)
    for label in training.labels { counts[label] += 1 }
    CentredRows.forEachBlock(of: states, rows: rows, mean: mean) { first, block, blockRows in
      gram.addProduct(of: block, rows: blockRows, width: width)
      for i in 0..<blockRows {
        let label = training.labels[first + i]
        for k in 0..<width { sums.values[label * width + k] += block[i * width + k] }
      }
    }
    self.init(
      count: rows.count, classes: training.classes, counts: counts, mean: mean, gram: gram, sums: sums)
  }

  /// Of one layer's moments, whose every row must have a class: sums over all spans, however many they were.
  init(_ moments: Moments, layer: String) throws {
    let labelled = moments.classCounts.reduce(0, +)
    guard labelled == moments.count else {
      throw ProbeError.rowMismatch(states: moments.count, labels: labelled)
    }
    guard labelled > 0 else { throw ProbeError.noRows }
    let all = try moments.classSums(of: layer)
    let occurring = moments.classCounts.indices.filter { moments.classCounts[$0] > 0 }
    guard occurring.count > 1 else { throw ProbeError.oneClass(label: occurring.first ?? 0) }
    var sums = Matrix(rows: occurring.count, columns: all.columns)
    for (row, label) in occurring.enumerated() {
      for k in 0..<all.columns { sums[row, k] = all[label, k] }
    }
    self.init(
      count: moments.count, classes: occurring, counts: occurring.map { moments.classCounts[$0] },
      mean: try moments.mean(of: layer), gram: try moments.secondMoment(of: layer), sums: sums)
  }

  /// Sums that were made elsewhere, in the shapes that the properties tell.
  public init(
    count: Int, classes: [Int], counts: [Int], mean: [Double], gram: Matrix, sums: Matrix
  ) {
    precondition(
      gram.rows == mean.count && gram.columns == mean.count && sums.rows == classes.count
        && sums.columns == mean.count && counts.count == classes.count,
      "a gram of \(gram.rows) × \(gram.columns), sums of \(sums.rows) × \(sums.columns), \(classes.count) classes"
    )
    self.count = count
    self.classes = classes
    self.counts = counts
    self.mean = mean
    self.gram = gram
    self.sums = sums
  }

  /// Each feature's divisor; 1 for all where features keep their units. A feature that does not vary has 0: it is
  /// left out.
  func divisors(standardises: Bool) -> [Double] {
    (0..<width).map { k in
      let variance = gram[k, k] / Double(count)
      guard variance.squareRoot() > 0x1p-22 * abs(mean[k]), variance > 0 else { return 0 }
      return (standardises ? variance.squareRoot() : 1) / (blocks?.factor(of: k) ?? 1)
    }
  }
}

extension Matrix {
  /// Its upper triangle += AᵀA with A `[rows × width]`.
  package mutating func addProduct(of block: [Double], rows: Int, width: Int) {
    values.withUnsafeMutableBufferPointer { out in
      block.withUnsafeBufferPointer { a in
        guard let out = out.baseAddress, let a = a.baseAddress else { return }
        BLAS.syrk(n: width, k: rows, a, lda: width, beta: 1, out, ldc: width)
      }
    }
  }

  /// A symmetric matrix with row and column k divided by `divisors[k]`, zero where that is zero, and `ridge` on its
  /// diagonal (1 for a feature that is left out, which decouples it).
  func scaled(by divisors: [Double], ridge: Double) -> Matrix {
    var result = self
    for i in 0..<rows {
      for j in i..<columns {
        let divisor = divisors[i] * divisors[j]
        result.values[i * columns + j] = divisor > 0 ? values[i * columns + j] / divisor : 0
      }
      result.values[i * columns + i] += divisors[i] > 0 ? ridge : 1
    }
    return result
  }
}

/// Rows of a tensor around a mean, in double precision, block by block.
package enum CentredRows {
  static let block = 512

  static func mean(of states: Tensor, rows: [Int]) -> [Double] {
    let width = states.width
    var mean = [Double](repeating: 0, count: width)
    states.withUnsafeBuffer { values in
      mean.withUnsafeMutableBufferPointer { mean in
        for row in rows { for k in 0..<width { mean[k] += Double(values[row * width + k]) } }
        for k in 0..<width { mean[k] /= Double(max(1, rows.count)) }
      }
    }
    return mean
  }

  /// Calls `body(place of the block's first row in rows, [block × width], rows in it)`.
  package static func forEachBlock(
    of states: Tensor, rows: [Int], mean: [Double], _ body: (Int, [Double], Int) -> Void
  ) {
    let width = states.width
    var block = [Double](repeating: 0, count: min(Self.block, max(1, rows.count)) * width)
    for first in stride(from: 0, to: rows.count, by: Self.block) {
      let count = min(Self.block, rows.count - first)
      states.withUnsafeBuffer { values in
        block.withUnsafeMutableBufferPointer { block in
          for i in 0..<count {
            let row = rows[first + i]
            for k in 0..<width { block[i * width + k] = Double(values[row * width + k]) - mean[k] }
          }
        }
      }
      body(first, block, count)
    }
  }
}
