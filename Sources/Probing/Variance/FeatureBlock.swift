import Tensors

/// Features of spans that share a penalty: the log-mel spectrum, phones, words, a series from elsewhere.
public struct FeatureBlock: Sendable {
  /// What tables and figures call it.
  public let name: String
  /// `[spans × features]`
  public let states: Tensor
  /// Ones and zeros, or counts, whose columns keep their scale; numbers in units of their own are standardised.
  public let isCategorical: Bool

  /// A block of features `[spans × features]`, one row a span.
  public init(_ name: String, _ states: Tensor, isCategorical: Bool = false) {
    (self.name, self.states, self.isCategorical) = (name, states, isCategorical)
  }
}

/// Several blocks beside each other, centred once over all rows: what every fold sums.
struct JoinedBlocks: Sendable {
  let names: [String]
  /// The columns of each block.
  let columns: [Range<Int>]
  private let isStandardised: [Bool]
  /// `[rows × width]`
  let states: Matrix

  /// - Throws: `ProbeError.notFinite` for a value that is none, `.rowMismatch` for blocks of other lengths.
  init(_ blocks: [FeatureBlock]) throws {
    let rows = blocks.first?.states.rows ?? 0
    let width = blocks.reduce(0) { $0 + $1.states.width }
    var states = Matrix(rows: rows, columns: width)
    var columns: [Range<Int>] = []
    for block in blocks {
      guard block.states.rows == rows else {
        throw ProbeError.rowMismatch(states: block.states.rows, labels: rows)
      }
      try block.states.requireFinite()
      let first = columns.last?.upperBound ?? 0
      block.states.withUnsafeBuffer { values in
        for k in 0..<block.states.width {
          var sum = 0.0
          for row in 0..<rows { sum += Double(values[row * block.states.width + k]) }
          let mean = rows > 0 ? sum / Double(rows) : 0
          for row in 0..<rows {
            states.values[row * width + first + k] = Double(values[row * block.states.width + k]) - mean
          }
        }
      }
      columns.append(first..<(first + block.states.width))
    }
    (names, self.columns, self.states) = (blocks.map(\.name), columns, states)
    isStandardised = blocks.map { !$0.isCategorical }
  }

  /// What each column is divided by, given the variances of a training set: a number's own deviation, then the root of
  /// what its block sums to, so that blocks of any width have a variance of 1 and penalties mean the same. Zero for a
  /// column that does not vary.
  func divisors(variances: [Double]) -> [Double] {
    var divisors = [Double](repeating: 0, count: variances.count)
    for (place, range) in columns.enumerated() {
      var total = 0.0
      for k in range where variances[k] > 1e-18 {
        divisors[k] = isStandardised[place] ? variances[k].squareRoot() : 1
        total += isStandardised[place] ? 1 : variances[k]
      }
      for k in range { divisors[k] *= total.squareRoot() }
    }
    return divisors
  }
}

extension Matrix {
  /// These rows, in their order.
  func selecting(rows chosen: [Int]) -> Matrix {
    var result = Matrix(rows: chosen.count, columns: columns)
    result.values.withUnsafeMutableBufferPointer { out in
      values.withUnsafeBufferPointer { source in
        for (place, row) in chosen.enumerated() {
          for k in 0..<columns { out[place * columns + k] = source[row * columns + k] }
        }
      }
    }
    return result
  }
}
