import LinearAlgebra
import Tensors

/// Second moments of two sides over the same rows, each centred on its own mean there.
public struct PairMoments: Sendable {
  /// Rows that the sums go over.
  public let rows: Int
  /// XᵀX `[p × p]`, YᵀY `[q × q]`, XᵀY `[p × q]`.
  public let xx, yy, xy: Matrix

  public init(rows: Int, xx: Matrix, yy: Matrix, xy: Matrix) {
    precondition(
      xx.rows == xx.columns && yy.rows == yy.columns && xy.rows == xx.rows && xy.columns == yy.rows,
      "moments of \(xx.rows) and \(yy.rows) dimensions with a cross moment of \(xy.rows) × \(xy.columns)")
    self.rows = rows
    self.xx = xx
    self.yy = yy
    self.xy = xy
  }

  /// Of states X `[n × p]` and Y `[n × q]`, in double precision; up to one scale a side.
  /// - Throws: `SimilarityError.rowsDiffer`, and for values that are not finite or do not vary.
  public init(_ x: Tensor, _ y: Tensor) throws {
    guard x.rows == y.rows else { throw SimilarityError.rowsDiffer(x: x.rows, y: y.rows) }
    let (a, b) = (try CentredStates(x), try CentredStates(y))
    var cross = Matrix(rows: x.width, columns: y.width)
    for start in stride(from: 0, to: x.rows, by: 1024) {
      let range = start..<min(start + 1024, x.rows)
      let product = matrixProduct(a.block(range), .transposed, b.block(range))
      for i in cross.values.indices { cross.values[i] += product.values[i] }
    }
    self.init(rows: x.rows, xx: a.secondMoment(), yy: b.secondMoment(), xy: cross)
  }
}

/// CCA that is fitted on training rows, tuned on development rows and read on test rows (Pasad et al. 2021):
/// what is left of a canonical correlation when noise cannot help it.
///
/// ```swift
/// let fitted = try HeldOutCCA().fit(train: train, development: development)
/// let value = try fitted.score(on: test)      // about 0 for independent sides, may be below
/// ```
/// Each side's covariance gets a ridge, chosen on the development rows from `ridges` times its mean variance.
public struct HeldOutCCA: Sendable {
  /// Which side's dimensions weigh the variates (`PWCCA`), or none: the mean correlation.
  public enum Weights: String, Sendable {
    case none, x, y
  }

  /// Which side's dimensions weigh the correlations.
  public let weights: Weights
  /// Times the mean variance of a side's dimensions.
  public let ridges: [Double]

  /// 1e-10 … 1e-1.
  public static let standardRidges = [1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]

  public init(weights: Weights = .none, ridges: [Double] = HeldOutCCA.standardRidges) {
    precondition(!ridges.isEmpty && ridges.allSatisfy { $0 >= 0 }, "ridges of \(ridges)")
    self.weights = weights
    self.ridges = ridges
  }

  /// Fits on `train` with the pair of ridges of the best score on `development`; without development rows,
  /// with the largest.
  ///
  /// O(p³ + q³) once and a singular value decomposition `[p × q]` for each pair of ridges.
  /// - Throws: `LinearAlgebraError` where a covariance has no decomposition.
  public func fit(train: PairMoments, development: PairMoments?) throws -> FittedCCA {
    let (x, y) = (try Side(train.xx), try Side(train.yy))
    let crossing = x.turned(train.xy, y)
    guard let development else {
      let strongest = ridges.reduce(0, max)
      return try fitted(x, y, crossing, strongest, strongest)
    }
    // Everything in the coordinates of the training eigenvectors, where a ridge is a scale.
    let turned = PairMoments(
      rows: development.rows, xx: x.turned(development.xx, x), yy: y.turned(development.yy, y),
      xy: x.turned(development.xy, y))
    var best: (score: Double, fit: FittedCCA)?
    for ridgeX in ridges {
      for ridgeY in ridges {
        let candidate = try fitted(x, y, crossing, ridgeX, ridgeY)
        let score = candidate.score(onTurned: turned)
        if score > best?.score ?? -.infinity { best = (score, candidate) }
      }
    }
    guard let best else { throw SimilarityError.noVariance }
    return best.fit
  }

  private func fitted(
    _ x: Side, _ y: Side, _ crossing: Matrix, _ ridgeX: Double, _ ridgeY: Double
  ) throws -> FittedCCA {
    let (scaleX, scaleY) = (x.whitening(ridgeX), y.whitening(ridgeY))
    var whitened = crossing
    for i in 0..<whitened.rows {
      for j in 0..<whitened.columns { whitened.values[i * whitened.columns + j] *= scaleX[i] * scaleY[j] }
    }
    let svd = try SingularValueDecomposition(of: whitened)
    let (a, b) = (svd.u.transposed.scalingColumns(scaleX), svd.vTransposed.scalingColumns(scaleY))
    let alpha: [Double]
    switch weights {
    case .none: alpha = Array(repeating: 1, count: svd.values.count)
    case .x: alpha = x.weights(a)
    case .y: alpha = y.weights(b)
    }
    return FittedCCA(
      a: a, b: b, x: x.vectors, y: y.vectors, weights: alpha, ridges: (ridgeX, ridgeY),
      trainCorrelations: svd.values)
  }
}

/// Canonical directions of training rows.
public struct FittedCCA: Sendable {
  /// Directions `[components × kept]` in the coordinates of each side's eigenvectors.
  let a, b: Matrix
  /// Those eigenvectors, `[kept × p]` and `[kept × q]`.
  let x, y: Matrix
  /// What each component counts.
  public let weights: [Double]
  /// The chosen ridges over the mean variance.
  public let ridges: (x: Double, y: Double)
  /// What the training rows gave: descending, and mostly noise where dimensions are many.
  public let trainCorrelations: [Double]

  /// The correlation of each component over other rows, in the order of the training correlations.
  public func correlations(on moments: PairMoments) -> [Double] {
    correlations(
      onTurned: PairMoments(
        rows: moments.rows, xx: turn(moments.xx, x, x), yy: turn(moments.yy, y, y),
        xy: turn(moments.xy, x, y)))
  }

  /// Their weighted mean.
  public func score(on moments: PairMoments) -> Double { mean(correlations(on: moments)) }

  func score(onTurned moments: PairMoments) -> Double { mean(correlations(onTurned: moments)) }

  private func correlations(onTurned moments: PairMoments) -> [Double] {
    let xx = forms(a, moments.xx, a)
    let yy = forms(b, moments.yy, b)
    let xy = forms(a, moments.xy, b)
    return xy.indices.map { i in
      let norm = (max(0, xx[i]) * max(0, yy[i])).squareRoot()
      return norm > 0 ? xy[i] / norm : 0
    }
  }

  private func mean(_ values: [Double]) -> Double {
    let total = weights.reduce(0, +)
    return total > 0 ? zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 } / total : 0
  }
}

/// uᵢ M vᵢᵀ of every row of u and v.
private func forms(_ u: Matrix, _ m: Matrix, _ v: Matrix) -> [Double] {
  let product = matrixProduct(u, .none, m)
  let width = v.columns
  return (0..<u.rows).map { i in
    (0..<width).reduce(0) { $0 + product.values[i * width + $1] * v.values[i * width + $1] }
  }
}

/// Rows of u and v as new coordinates: u M vᵀ.
private func turn(_ m: Matrix, _ u: Matrix, _ v: Matrix) -> Matrix {
  matrixProduct(matrixProduct(u, .none, m), .none, v, .transposed)
}

/// One side's training covariance.
private struct Side {
  /// `[kept × p]`, with the variances of those directions.
  let vectors: Matrix
  let variances: [Double]
  /// Over all p dimensions.
  let meanVariance: Double

  init(_ moment: Matrix) throws {
    let directions = try PrincipalDirections(of: moment, share: nil)
    vectors = directions.vectors
    variances = directions.variances
    meanVariance = variances.reduce(0, +) / Double(moment.rows)
  }

  func turned(_ moment: Matrix, _ other: Side) -> Matrix { turn(moment, vectors, other.vectors) }

  /// 1/√(λ + ε) of each direction.
  func whitening(_ ridge: Double) -> [Double] {
    variances.map { 1 / ($0 + ridge * meanVariance).squareRoot() }
  }

  /// αᵢ = Σⱼ|⟨hᵢ, xⱼ⟩| of directions `[components × kept]`: (aᵢΛ)V in the dimensions.
  func weights(_ directions: Matrix) -> [Double] {
    let loadings = matrixProduct(directions.scalingColumns(variances), .none, vectors)
    return (0..<loadings.rows).map { i in
      loadings.values[i * loadings.columns..<(i + 1) * loadings.columns].reduce(0) { $0 + abs($1) }
    }
  }
}

extension Matrix {
  /// Column j times `scales[j]`.
  fileprivate func scalingColumns(_ scales: [Double]) -> Matrix {
    var result = self
    for i in 0..<rows {
      for j in 0..<columns { result.values[i * columns + j] *= scales[j] }
    }
    return result
  }
}
