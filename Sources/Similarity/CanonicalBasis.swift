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
  public let dimensions: DimensionCheck
  public let space: ComparisonSpace
  /// U, `[rows × kept]`: orthonormal columns, the largest variance first.
  public private(set) var scores: Tensor
  /// UᵀX of the centred, scaled states, `[kept × p]`: what each basis vector weighs in each dimension.
  let loadings: Matrix
  /// The kept directions: the rank of the states, or fewer for a share of their variance.
  public var kept: Int { loadings.rows }
  /// The variance of the states in the kept directions, over all.
  public let keptShare: Double

  /// Keeps the directions of most variance that hold `share` of it together: all of the rank without one.
  init(_ states: Tensor, share: Double? = nil) throws {
    guard states.rows >= 2 else {
      throw SimilarityError.tooFewRows(rows: states.rows, needed: 2, measure: "a canonical correlation")
    }
    let centred = try CentredStates(states)
    dimensions = centred.dimensions
    let n = states.rows
    space = n < states.width ? .gram : .features
    switch space {
    case .gram:
      let directions = try PrincipalDirections(of: centred.rowProducts(), share: share)
      let (kept, vectors) = (directions.kept, directions.vectors)
      keptShare = directions.share
      loadings = matrixProduct(vectors, .none, centred.matrix)
      scores = Tensor(shape: [n, kept]) { target in
        for i in 0..<n {
          for j in 0..<kept { target[i * kept + j] = Float(vectors.values[j * n + i]) }
        }
      }
    case .features:
      let directions = try PrincipalDirections(of: centred.secondMoment(), share: share)
      keptShare = directions.share
      loadings = directions.loadings
      scores = centred.projected(by: directions.whitening)
    }
  }

  public func reordered(_ rows: [Int]) -> CanonicalBasis? {
    var result = self
    result.scores = scores.selectingRows(rows)
    return result
  }
}

extension CentredStates {
  /// The centred, scaled states times `matrix` `[p × k]`, in double precision, kept in single.
  fileprivate func projected(by matrix: Matrix) -> Tensor {
    let (p, k) = (width, matrix.columns)
    var product = [Double](repeating: 0, count: min(1024, rows) * k)
    return Tensor(shape: [rows, k]) { target in
      forEachBlock { range, block in
        product.withUnsafeMutableBufferPointer { product in
          guard let c = product.baseAddress else { return }
          BLAS.gemm(
            m: range.count, n: k, k: p, block, lda: p, .none, matrix.values, ldb: k, .none, c, ldc: k)
          let start = range.lowerBound * k
          for i in 0..<range.count * k { target[start + i] = Float(c[i]) }
        }
      }
    }
  }
}

extension Matrix {
  fileprivate var tensor: Tensor {
    Tensor(shape: [rows, columns]) { target in
      for i in 0..<values.count { target[i] = Float(values[i]) }
    }
  }

  /// The upper triangle of AᵀA; zero below it.
  fileprivate var columnProducts: Matrix {
    var result = Matrix(rows: columns, columns: columns)
    result.values.withUnsafeMutableBufferPointer { target in
      values.withUnsafeBufferPointer { a in
        guard let a = a.baseAddress, let target = target.baseAddress else { return }
        BLAS.syrk(n: columns, k: rows, a, lda: columns, target, ldc: columns)
      }
    }
    return result
  }
}

/// What canonical correlations need of a layer's moments.
public struct CanonicalMoments: Sendable {
  let rows: Int
  let width: Int
  /// W `[p × kept]`: XW has orthonormal columns.
  let whitening: Matrix
  /// (XW)ᵀX `[kept × p]`.
  let loadings: Matrix
  let keptShare: Double

  var kept: Int { whitening.columns }

  init(_ sums: LayerSums, share: Double? = nil) throws {
    let directions = try PrincipalDirections(of: sums.secondMoment, share: share)
    rows = sums.rows
    width = sums.secondMoment.rows
    whitening = directions.whitening
    loadings = directions.loadings
    keptShare = directions.share
  }
}

/// The canonical correlations of two layers.
struct CanonicalCorrelations {
  /// UₓᵀU_y `[kept of x × kept of y]`: its singular values are the correlations.
  let crossing: Matrix

  init(_ x: CanonicalBasis, _ y: CanonicalBasis) {
    crossing = CrossProducts.between(x.scores, y.scores)
  }

  /// The same from a cross moment XᵀY `[p × q]`.
  init(_ x: CanonicalMoments, _ y: CanonicalMoments, _ pair: PairSums) {
    crossing = matrixProduct(
      matrixProduct(x.whitening, .transposed, pair.crossMoment), .none, y.whitening)
  }

  static let caveats = [
    "correlations in the sample that they were fitted on, which noise raises"
  ]

  /// Refuses fewer rows than `rowsPerDimension` times the larger side.
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
    let tall = crossing.rows < crossing.columns ? crossing.transposed : crossing
    return try SymmetricEigen.values(of: tall.columnProducts).map { min(1, max(0, $0).squareRoot()) }
  }

  /// The mean of the correlations.
  func mean() throws(LinearAlgebraError) -> Double {
    let values = try values()
    return values.reduce(0, +) / Double(max(1, values.count))
  }
}
