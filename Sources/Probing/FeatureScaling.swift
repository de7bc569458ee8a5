import Tensors

/// The centre and the spread of each feature over training rows, with which every other row is scaled too.
///
/// A feature that does not vary in training has nothing to tell and is left out, so that no division by its
/// spread can blow up what varies elsewhere. One that hardly varies there could still be thousands of deviations away in
/// another row and decide it alone: no value counts as further out than the furthest of training, or ten deviations.
struct FeatureScaling: Sendable, Equatable {
  /// What a feature is divided by.
  struct Units: Sendable, Hashable {
    /// Its standard deviation; without it features are centred only.
    var unitVariance = true
    /// Two blocks of features with penalties of their own.
    var blocks: FeatureBlocks?
  }

  let units: Units
  /// The features of the input rows.
  let width: Int
  /// The features that vary in training, ascending.
  let columns: [Int]
  /// A mean and a divisor for each of `columns`.
  let means: [Double]
  let divisors: [Double]
  /// The largest scaled magnitude of each of `columns`.
  let limits: [Double]

  /// Learns from rows `rows` of `states` `[· × width]`.
  init(of states: Tensor, rows: [Int], units: Units = Units()) {
    self.units = units
    width = states.width
    let (means, deviations, sizes, distances) = FeatureScaling.spread(of: states, rows: rows)
    // What is left of a constant after the mean of floats was taken off is rounding, not variation.
    columns = (0..<states.width).filter { deviations[$0] > 0x1p-22 * sizes[$0] }
    self.means = columns.map { means[$0] }
    divisors = columns.map {
      (units.unitVariance ? deviations[$0] : 1) / (units.blocks?.factor(of: $0) ?? 1)
    }
    limits = zip(columns, divisors).map { max(distances[$0], 10 * deviations[$0]) / $1 }
  }

  /// Mean, population standard deviation, largest magnitude and largest distance from the mean of each column, in two
  /// passes.
  private static func spread(
    of states: Tensor, rows: [Int]
  ) -> (means: [Double], deviations: [Double], sizes: [Double], distances: [Double]) {
    let width = states.width
    let count = Double(max(1, rows.count))
    return states.withUnsafeBuffer { values in
      var means = [Double](repeating: 0, count: width)
      var sizes = [Float](repeating: 0, count: width)
      var squares = means
      var distances = means
      means.withUnsafeMutableBufferPointer { means in
        sizes.withUnsafeMutableBufferPointer { sizes in
          for row in rows {
            for k in 0..<width {
              let value = values[row * width + k]
              means[k] += Double(value)
              sizes[k] = max(sizes[k], abs(value))
            }
          }
          for k in 0..<width { means[k] /= count }
        }
        squares.withUnsafeMutableBufferPointer { squares in
          distances.withUnsafeMutableBufferPointer { distances in
            for row in rows {
              for k in 0..<width {
                let difference = Double(values[row * width + k]) - means[k]
                squares[k] += difference * difference
                distances[k] = max(distances[k], abs(difference))
              }
            }
          }
        }
      }
      return (
        means, squares.map { ($0 / count).squareRoot() }, sizes.map(Double.init), distances
      )
    }
  }

  /// The columns of a design matrix: the features that vary, and a constant for the intercept.
  var designWidth: Int { columns.count + 1 }

  /// Rows `rows` of `states` `[· × width]`, scaled, with a last column of ones: `[rows × designWidth]`.
  func design(of states: Tensor, rows: [Int]) -> Tensor {
    precondition(states.width == width || rows.isEmpty, "\(states.width) features, learned from \(width)")
    let count = columns.count
    let shifts = means
    let factors = divisors.map { 1 / $0 }
    let limits = limits
    return states.withUnsafeBuffer { values in
      Tensor(shape: [rows.count, count + 1]) { out in
        shifts.withUnsafeBufferPointer { shifts in
          factors.withUnsafeBufferPointer { factors in
            columns.withUnsafeBufferPointer { columns in
              limits.withUnsafeBufferPointer { limits in
                for (i, row) in rows.enumerated() {
                  let (from, to) = (row * width, i * (count + 1))
                  for k in 0..<count {
                    let scaled = (Double(values[from + columns[k]]) - shifts[k]) * factors[k]
                    out[to + k] = Float(min(max(scaled, -limits[k]), limits[k]))
                  }
                  out[to + count] = 1
                }
              }
            }
          }
        }
      }
    }
  }
}

/// Two blocks of features with penalties of their own: those of the second are made larger by a factor before they are
/// fitted, which divides their penalty by its square.
struct FeatureBlocks: Sendable, Hashable {
  /// The first feature of the second block.
  let start: Int
  private let scale: Double

  /// The first block is penalised by `first`, which is the fit's own penalty, the second by `second`.
  init(start: Int, first: Double, second: Double) {
    self.start = start
    scale = (first / second).squareRoot()
  }

  func factor(of column: Int) -> Double { column < start ? 1 : scale }
}
