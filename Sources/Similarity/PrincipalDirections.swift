import LinearAlgebra
import Tensors

/// The directions of most variance of centred states, from XᵀX or XXᵀ.
struct PrincipalDirections: Sendable {
  /// The kept eigenvalues, descending.
  let variances: [Double]
  /// Their unit eigenvectors, `[kept × p]` or `[kept × n]`.
  let vectors: Matrix
  /// What the kept ones hold of all variance.
  let share: Double

  var kept: Int { variances.count }

  /// A direction with less than this share of the largest variance is rounding: single precision carries
  /// states to 6e-8 of their size, whose square is a tenth of this.
  static let roundingCutoff = 0x1p-44

  /// Keeps the directions of most variance that hold `share` of it together: all of the rank without one.
  ///
  /// The share is of σ², as in Raghu et al. 2017; a threshold on σ would keep many more directions.
  init(of moment: Matrix, share: Double?) throws {
    let eigen = try SymmetricEigen(of: moment)
    let kept = PrincipalDirections.kept(variances: eigen.values, share: share)
    guard kept > 0 else { throw SimilarityError.noVariance }
    variances = Array(eigen.values.prefix(kept))
    vectors = Matrix(
      rows: kept, columns: moment.columns,
      values: Array(eigen.vectors.values.prefix(kept * moment.columns)))
    self.share = variances.reduce(0, +) / eigen.values.reduce(0) { $0 + max(0, $1) }
  }

  /// How many of the descending `variances` to keep: those above the cutoff, or the fewest that hold `share`
  /// of the total.
  static func kept(variances: [Double], share: Double?) -> Int {
    guard let largest = variances.first, largest > 0 else { return 0 }
    let rank = variances.prefix { $0 > roundingCutoff * largest }.count
    guard let share else { return rank }
    let total = variances.reduce(0) { $0 + max(0, $1) }
    var sum = 0.0
    for (index, variance) in variances.prefix(rank).enumerated() {
      sum += variance
      if sum >= share * total { return index + 1 }
    }
    return rank
  }

  /// W = VΛ^(−½) `[p × kept]`, from eigenvectors of XᵀX: XW has orthonormal columns.
  var whitening: Matrix {
    let p = vectors.columns
    var result = Matrix(rows: p, columns: kept)
    for j in 0..<kept {
      let deviation = variances[j].squareRoot()
      for i in 0..<p { result.values[i * kept + j] = vectors.values[j * p + i] / deviation }
    }
    return result
  }

  /// (XW)ᵀX = Λ^½Vᵀ `[kept × p]`, from eigenvectors of XᵀX.
  var loadings: Matrix {
    let p = vectors.columns
    var result = vectors
    for j in 0..<kept {
      let deviation = variances[j].squareRoot()
      for i in 0..<p { result.values[j * p + i] *= deviation }
    }
    return result
  }
}
