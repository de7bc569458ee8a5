import Tensors

/// What stands out among a layer's dimensions.
public struct DimensionCheck: Sendable, Equatable {
  /// Dimensions that do not vary; they take no part in a similarity.
  public let dead: [Int]
  /// The dimension of most variance and its share of all.
  public let largest: Int
  /// The share of that dimension in all variance, 0 to 1.
  public let largestShare: Double
  /// Dimensions of the layer.
  public let width: Int

  init(dead: [Int], variances: [Double]) {
    self.dead = dead
    width = variances.count
    let total = variances.reduce(0, +)
    largest = variances.indices.max { variances[$0] < variances[$1] } ?? 0
    largestShare = total > 0 ? variances[largest] / total : 0
  }
}

/// States `[n × p]` ready to be centred, with what the checks found.
///
/// Means are taken and subtracted in double precision, so that a large offset loses no digits. The centred
/// values are scaled by a power of two, exactly, to at most 1: no measure here notices a scale, and squares
/// of any finite input then stay in range.
struct CentredStates: Sendable {
  let states: Tensor
  let mean: [Double]
  let scale: Double
  let dimensions: DimensionCheck

  var rows: Int { states.rows }
  var width: Int { states.width }

  /// Refuses values that are not finite, and states that do not vary.
  init(_ states: Tensor) throws(SimilarityError) {
    let (n, p) = (states.rows, states.width)
    // Around the first row, so that squares of a large offset do not drown the variance.
    let first = n > 0 ? states[row: 0].map(Double.init) : []
    var sums = [Double](repeating: 0, count: p)
    var squares = [Double](repeating: 0, count: p)
    var lowest = [Float](repeating: .infinity, count: p)
    var highest = [Float](repeating: -.infinity, count: p)
    states.withUnsafeBuffer { values in
      first.withUnsafeBufferPointer { first in
        sums.withUnsafeMutableBufferPointer { sums in
          squares.withUnsafeMutableBufferPointer { squares in
            lowest.withUnsafeMutableBufferPointer { lowest in
              highest.withUnsafeMutableBufferPointer { highest in
                for i in 0..<n {
                  for j in 0..<p {
                    let value = values[i * p + j]
                    let shifted = Double(value) - first[j]
                    sums[j] += shifted
                    squares[j] += shifted * shifted
                    lowest[j] = value < lowest[j] ? value : lowest[j]
                    highest[j] = value > highest[j] ? value : highest[j]
                  }
                }
              }
            }
          }
        }
      }
    }
    // A NaN or an infinity is in its column's sum for good.
    if !sums.allSatisfy(\.isFinite), let index = states.firstNonFinite() {
      throw .notFinite(row: index / p, column: index % p)
    }
    let dead = (0..<p).filter { n == 0 || lowest[$0] == highest[$0] }
    guard dead.count < p else { throw .noVariance }
    let mean = zip(first, sums).map { $0 + $1 / Double(n) }
    let extent = (0..<p).reduce(0.0) {
      max($0, Double(highest[$1]) - mean[$1], mean[$1] - Double(lowest[$1]))
    }
    dimensions = DimensionCheck(
      dead: dead, variances: zip(sums, squares).map { max(0, $1 - $0 * $0 / Double(n)) })
    self.states = states
    self.mean = mean
    scale = Double(sign: .plus, exponent: -extent.exponent - 1, significand: 1)
  }

  /// Rows `range` of the centred, scaled states in double precision.
  func block(_ range: Range<Int>) -> Matrix {
    var result = Matrix(rows: range.count, columns: width)
    result.values.withUnsafeMutableBufferPointer { target in
      if let target = target.baseAddress { write(range, to: target) }
    }
    return result
  }

  /// The same into memory for `range.count · p` values.
  func write(_ range: Range<Int>, to target: UnsafeMutablePointer<Double>) {
    let (p, scale) = (width, self.scale)
    states.rows(range).withUnsafeBuffer { values in
      mean.withUnsafeBufferPointer { mean in
        for i in 0..<range.count {
          for j in 0..<p { target[i * p + j] = (Double(values[i * p + j]) - mean[j]) * scale }
        }
      }
    }
  }

  /// Blocks of rows in double precision, one after another in the same memory: fresh pages for each would
  /// cost as much as filling them.
  func forEachBlock(_ body: (Range<Int>, UnsafePointer<Double>) -> Void) {
    let height = min(1024, rows)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: height * width) { block in
      guard let block = block.baseAddress else { return }
      for start in stride(from: 0, to: rows, by: 1024) {
        let range = start..<min(start + height, rows)
        write(range, to: block)
        body(range, block)
      }
    }
  }

  /// All of them in double precision: for few rows.
  var matrix: Matrix { block(0..<rows) }

  /// The centred, scaled states rounded to single precision.
  func tensor() -> Tensor {
    let (n, p) = (rows, width)
    let scale = self.scale
    return states.withUnsafeBuffer { values in
      mean.withUnsafeBufferPointer { mean in
        Tensor(shape: [n, p]) { target in
          for i in 0..<n {
            for j in 0..<p { target[i * p + j] = Float((Double(values[i * p + j]) - mean[j]) * scale) }
          }
        }
      }
    }
  }

  /// XᵀX `[p × p]` of the centred, scaled states, in double precision throughout.
  func secondMoment() -> Matrix {
    let p = width
    var result = Matrix(rows: p, columns: p)
    result.values.withUnsafeMutableBufferPointer { target in
      guard let target = target.baseAddress else { return }
      forEachBlock { range, block in
        BLAS.syrk(n: p, k: range.count, block, lda: p, beta: 1, target, ldc: p)
      }
    }
    result.mirrorUpperTriangle()
    return result
  }
}

extension Matrix {
  /// Copies what is above the diagonal below it.
  mutating func mirrorUpperTriangle() {
    let n = columns
    values.withUnsafeMutableBufferPointer { values in
      for i in 0..<n {
        for j in 0..<i { values[i * n + j] = values[j * n + i] }
      }
    }
  }

  mutating func scale(by factor: Double) {
    values.withUnsafeMutableBufferPointer { values in
      for i in 0..<values.count { values[i] *= factor }
    }
  }

  mutating func add(_ constant: Double) {
    values.withUnsafeMutableBufferPointer { values in
      for i in 0..<values.count { values[i] += constant }
    }
  }

  /// The sum of the squares of all values.
  var sumOfSquares: Double {
    values.withUnsafeBufferPointer { innerProduct($0, $0) }
  }
}

/// Σ aᵢbᵢ in double precision, with sums of their own for every fourth place so that the loop need not wait
/// for itself; always the same order.
func innerProduct(_ a: UnsafeBufferPointer<Double>, _ b: UnsafeBufferPointer<Double>) -> Double {
  let whole = a.count & ~3
  var (s0, s1, s2, s3) = (0.0, 0.0, 0.0, 0.0)
  var i = 0
  while i < whole {
    s0 += a[i] * b[i]
    s1 += a[i + 1] * b[i + 1]
    s2 += a[i + 2] * b[i + 2]
    s3 += a[i + 3] * b[i + 3]
    i += 4
  }
  while i < a.count {
    s0 += a[i] * b[i]
    i += 1
  }
  return (s0 + s1) + (s2 + s3)
}

/// The same of single-precision values.
func innerProduct(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Double {
  let whole = a.count & ~3
  var (s0, s1, s2, s3) = (0.0, 0.0, 0.0, 0.0)
  var i = 0
  while i < whole {
    s0 += Double(a[i]) * Double(b[i])
    s1 += Double(a[i + 1]) * Double(b[i + 1])
    s2 += Double(a[i + 2]) * Double(b[i + 2])
    s3 += Double(a[i + 3]) * Double(b[i + 3])
    i += 4
  }
  while i < a.count {
    s0 += Double(a[i]) * Double(b[i])
    i += 1
  }
  return (s0 + s1) + (s2 + s3)
}
