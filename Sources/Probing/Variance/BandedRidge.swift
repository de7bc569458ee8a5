import LinearAlgebra
import Tensors

/// Ridge regression with a penalty for each block of features (banded or group ridge: Nunez-Elizalde, Huth & Gallant
/// 2019; Dupré la Tour et al. 2022), from moments.
///
/// Minimises Σ‖y − Σ_b W_b·x_b‖² + n·Σ_b λ_b‖W_b‖² over rows that are centred on their training means, each block scaled
/// to a variance of 1. A penalty of ∞ leaves a block out.
struct BandedRidge {
  let blocks: JoinedBlocks
  /// Of the training set.
  let moments: FeatureMoments
  private let divisors: [Double]

  init(_ blocks: JoinedBlocks, training moments: FeatureMoments) {
    (self.blocks, self.moments) = (blocks, moments)
    let count = Double(max(moments.count, 1))
    divisors = blocks.divisors(variances: moments.gram.diagonal.map { $0 / count })
  }

  /// The columns that vary and whose block is not left out.
  private func kept(_ penalties: [Double]) -> [Int] {
    zip(blocks.columns, penalties).flatMap { range, penalty in
      penalty.isFinite ? range.filter { divisors[$0] > 0 } : []
    }
  }

  /// The coefficients `[width × outputs]` in the units of the features; zero where a column is left out. `cross` is
  /// Σ(x − x̄)(y − ȳ)ᵀ over the training set, `[width × outputs]`.
  func coefficients(_ penalties: [Double], cross: Matrix) throws -> Matrix {
    let kept = kept(penalties)
    var ridge = [Double](repeating: 0, count: divisors.count)
    for (range, penalty) in zip(blocks.columns, penalties) where penalty.isFinite {
      for k in range { ridge[k] = penalty * Double(moments.count) }
    }
    var result = Matrix(rows: divisors.count, columns: cross.columns)
    guard !kept.isEmpty else { return result }
    var gram = Matrix(rows: kept.count, columns: kept.count)
    var right = Matrix(rows: kept.count, columns: cross.columns)
    for (i, row) in kept.enumerated() {
      for j in i..<kept.count {
        gram.values[i * kept.count + j] =
          moments.gram.values[row * divisors.count + kept[j]] / (divisors[row] * divisors[kept[j]])
      }
      gram.values[i * kept.count + i] += ridge[row]
      for k in 0..<cross.columns {
        right.values[i * cross.columns + k] = cross.values[row * cross.columns + k] / divisors[row]
      }
    }
    let weights = try CholeskyFactor(of: gram).solve(right)
    for (i, row) in kept.enumerated() {
      for k in 0..<cross.columns {
        result.values[row * cross.columns + k] = weights.values[i * cross.columns + k] / divisors[row]
      }
    }
    return result
  }
}

/// Σ(x − m)(x − m)ᵀ and what else is needed of the features of some rows, m being the mean of a training set.
struct FeatureMoments {
  let rows: [Int]
  /// What is taken off: the training set's mean.
  let mean: [Double]
  /// `[width × width]`, both triangles.
  let gram: Matrix
  /// The rows themselves, centred on `mean`, `[rows × width]`.
  let centred: Matrix
  var count: Int { rows.count }

  /// Of a training set: centred on its own mean unless another is given.
  init(_ blocks: JoinedBlocks, rows: [Int], mean: [Double]? = nil) {
    let centre = mean ?? blocks.states.mean(of: rows)
    let centred = blocks.states.selecting(rows: rows).less(centre)
    (self.rows, self.mean, self.centred) = (rows, centre, centred)
    gram = matrixProduct(centred, .transposed, centred)
  }
}

extension Matrix {
  var diagonal: [Double] { (0..<min(rows, columns)).map { values[$0 * columns + $0] } }

  /// The mean of some rows; zeros of none.
  func mean(of chosen: [Int]) -> [Double] {
    var mean = [Double](repeating: 0, count: columns)
    guard !chosen.isEmpty else { return mean }
    values.withUnsafeBufferPointer { source in
      mean.withUnsafeMutableBufferPointer { mean in
        for row in chosen { for k in 0..<columns { mean[k] += source[row * columns + k] } }
      }
    }
    return mean.map { $0 / Double(chosen.count) }
  }

  /// Every row less `centre`.
  func less(_ centre: [Double]) -> Matrix {
    var result = self
    result.values.withUnsafeMutableBufferPointer { out in
      for row in 0..<rows { for k in 0..<columns { out[row * columns + k] -= centre[k] } }
    }
    return result
  }

  /// Every column times its factor.
  func timesColumns(_ factors: [Double]) -> Matrix {
    var result = self
    result.values.withUnsafeMutableBufferPointer { out in
      for row in 0..<rows { for k in 0..<columns { out[row * columns + k] *= factors[k] } }
    }
    return result
  }
}
