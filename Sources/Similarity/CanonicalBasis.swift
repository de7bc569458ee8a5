import LinearAlgebra
import Tensors

/// An orthonormal basis of what a layer's centred states span: what every measure of the CCA family reads.
///
/// Canonical correlations of X and Y are the singular values of UₓᵀU_y (Björck & Golub 1973), so that all of
/// a layer's own work is done once. U comes from eigenvectors in double precision, of XᵀX where there are
/// more rows than dimensions and of XXᵀ where there are fewer, which costs half of a singular value
/// decomposition of X.
public struct CanonicalBasis: PreparedStates {
  public var rows: Int { scores.rows }
  public let deadColumns: [Int]
  public let space: ComparisonSpace
  /// Columns of the states: p.
  public let width: Int
  /// U, `[rows × kept]`: orthonormal columns, the largest variance first.
  public let scores: Tensor
  /// UᵀX of the centred, scaled states, `[kept × p]`: what each basis vector weighs in each dimension.
  let loadings: Matrix
  /// The kept directions: the rank of the states, or fewer for a share of their variance.
  public var kept: Int { loadings.rows }
  /// The variance of the states in the kept directions, over all.
  public let keptShare: Double

  /// A direction with less than this share of the largest variance is rounding: single precision carries
  /// states to 6e-8 of their size, whose square is a tenth of this.
  static let roundingCutoff = 0x1p-44

  /// Keeps the directions of most variance that hold `share` of it together: all of the rank without one.
  ///
  /// The share is of σ², as in Raghu et al. 2017; a threshold on σ would keep many more directions.
  init(_ states: Tensor, share: Double? = nil) throws {
    guard states.rows >= 2 else {
      throw SimilarityError.tooFewRows(rows: states.rows, needed: 2, measure: "a canonical correlation")
    }
    let centred = try CentredStates(states)
    let (n, p) = (states.rows, states.width)
    let space: ComparisonSpace = n < p ? .gram : .features
    let eigen = try SymmetricEigen(of: space == .gram ? centred.rowProducts() : centred.secondMoment())
    let kept = CanonicalBasis.kept(variances: eigen.values, share: share)
    guard kept > 0 else { throw SimilarityError.noVariance }
    let total = eigen.values.reduce(0) { $0 + max(0, $1) }
    self.space = space
    width = p
    deadColumns = centred.deadColumns
    keptShare = eigen.values.prefix(kept).reduce(0, +) / total

    switch space {
    case .gram:
      let vectors = Matrix(rows: kept, columns: n, values: Array(eigen.vectors.values.prefix(kept * n)))
      loadings = matrixProduct(vectors, .none, centred.matrix)
      scores = Tensor(shape: [n, kept]) { target in
        for i in 0..<n {
          for j in 0..<kept { target[i * kept + j] = Float(vectors.values[j * n + i]) }
        }
      }
    case .features:
      var loadings = Matrix(rows: kept, columns: p, values: Array(eigen.vectors.values.prefix(kept * p)))
      var whitening = Matrix(rows: p, columns: kept)
      for j in 0..<kept {
        let deviation = eigen.values[j].squareRoot()
        for i in 0..<p {
          whitening.values[i * kept + j] = loadings.values[j * p + i] / deviation
          loadings.values[j * p + i] *= deviation
        }
      }
      self.loadings = loadings
      scores = centred.projected(by: whitening)
    }
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
}

extension CentredStates {
  /// The centred, scaled states times `matrix` `[p × k]`, in double precision, kept in single.
  fileprivate func projected(by matrix: Matrix) -> Tensor {
    let k = matrix.columns
    return Tensor(shape: [rows, k]) { target in
      for start in stride(from: 0, to: rows, by: 1024) {
        let block = matrixProduct(block(start..<min(start + 1024, rows)), .none, matrix)
        for i in 0..<block.values.count { target[start * k + i] = Float(block.values[i]) }
      }
    }
  }
}

/// The canonical correlations of two layers.
struct CanonicalCorrelations {
  /// UₓᵀU_y `[kept of x × kept of y]`: its singular values are the correlations.
  let crossing: Matrix

  /// Refuses bases of different rows, and fewer rows than `rowsPerDimension` times the larger side.
  init(
    _ x: CanonicalBasis, _ y: CanonicalBasis, dimensions: Int, rowsPerDimension: Double
  ) throws(SimilarityError) {
    guard x.rows == y.rows else { throw .rowsDiffer(x: x.rows, y: y.rows) }
    try CanonicalCorrelations.checkRows(
      x.rows, dimensions: dimensions, rowsPerDimension: rowsPerDimension)
    crossing = CrossProducts.between(x.scores, y.scores)
  }

  init(crossing: Matrix) { self.crossing = crossing }

  static func checkRows(
    _ rows: Int, dimensions: Int, rowsPerDimension: Double
  ) throws(SimilarityError) {
    let needed = Int((rowsPerDimension * Double(dimensions)).rounded(.up))
    guard rows >= needed else {
      throw .tooFewRowsForCCA(rows: rows, dimensions: dimensions, needed: needed)
    }
  }

  /// All min(kₓ, k_y) of them, descending, at most 1.
  ///
  /// Through the eigenvalues of the smaller Gram matrix, a third of a singular value decomposition: a
  /// correlation is right to 1e-8 absolute.
  func values() throws(LinearAlgebraError) -> [Double] {
    let wide = crossing.rows < crossing.columns
    let gram =
      wide
      ? matrixProduct(crossing, .none, crossing, .transposed)
      : matrixProduct(crossing, .transposed, crossing)
    return try SymmetricEigen.values(of: gram).map { min(1, max(0, $0).squareRoot()) }
  }

  /// The mean of the correlations.
  func mean() throws(LinearAlgebraError) -> Double {
    let values = try values()
    return values.reduce(0, +) / Double(max(1, values.count))
  }
}
