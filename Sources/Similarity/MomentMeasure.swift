import Tensors

/// A measure that follows exactly from sums over rows, without the rows: from `Moments`, of any amount of
/// data.
public protocol MomentMeasure: SimilarityMeasure {
  associatedtype Summary: Sendable

  /// The part of the work that belongs to one layer.
  /// - Throws: `SimilarityError` for states that cannot be compared, such as ones that are not finite.
  func summarise(_ sums: LayerSums) throws -> Summary
  /// Throws where the two cannot be compared, before any work.
  func check(_ x: Summary, _ y: Summary) throws
  /// The part that belongs to the pair, of layers that `check` lets through.
  /// - Throws: `SimilarityError` for states that cannot be compared, such as ones that are not finite.
  func compare(_ x: Summary, _ y: Summary, _ pair: PairSums) throws -> Double
  /// What a reader of a layer matrix must know of a layer's half; nil where nothing.
  func remark(on summary: Summary) -> String?
}

/// Sums over the rows of one layer's centred states X `[n × p]`.
public struct LayerSums: Sendable {
  /// n: rows that the sums go over.
  public let rows: Int
  /// XᵀX `[p × p]`.
  public let secondMoment: Matrix
  /// Σ‖xᵢ‖².
  public let squaredNorms: Double
  /// Σ‖xᵢ‖⁴.
  public let fourthPowers: Double

  public init(rows: Int, secondMoment: Matrix, squaredNorms: Double, fourthPowers: Double) {
    precondition(secondMoment.rows == secondMoment.columns, "a second moment is square")
    self.rows = rows
    self.secondMoment = secondMoment
    self.squaredNorms = squaredNorms
    self.fourthPowers = fourthPowers
  }
}

/// Sums over the rows of two layers' centred states.
public struct PairSums: Sendable {
  /// XᵀY `[p × q]`.
  public let crossMoment: Matrix
  /// Σ‖xᵢ‖²‖yᵢ‖².
  public let normProducts: Double

  public init(crossMoment: Matrix, normProducts: Double) {
    self.crossMoment = crossMoment
    self.normProducts = normProducts
  }
}

extension MomentMeasure {
  public func check(_ x: Summary, _ y: Summary) throws {}
  public func remark(on summary: Summary) -> String? { nil }

  /// The similarity of two layers from their sums.
  /// - Throws: `SimilarityError` for states that cannot be compared, such as ones that are not finite.
  public func similarity(_ x: LayerSums, _ y: LayerSums, _ pair: PairSums) throws -> Double {
    guard x.rows == y.rows else { throw SimilarityError.rowsDiffer(x: x.rows, y: y.rows) }
    precondition(
      pair.crossMoment.rows == x.secondMoment.rows && pair.crossMoment.columns == y.secondMoment.rows,
      "a cross moment of \(pair.crossMoment.rows) × \(pair.crossMoment.columns) between layers of "
        + "\(x.secondMoment.rows) and \(y.secondMoment.rows)")
    let (a, b) = (try summarise(x), try summarise(y))
    try check(a, b)
    return try compare(a, b, pair)
  }
}

extension LinearCKA: MomentMeasure {
  /// A layer's norms and its HSIC with itself.
  public struct Summary: Sendable {
    let rows: Int
    let squaredNorms: Double
    let ownProduct: Double
  }

  public func summarise(_ sums: LayerSums) throws -> Summary {
    try checkRows(sums.rows)
    let own = product(
      ofSquares: sums.secondMoment.sumOfSquares,
      NormSums(x: sums.squaredNorms, y: sums.squaredNorms, products: sums.fourthPowers), rows: sums.rows)
    guard own > 0 else { throw SimilarityError.noVariance }
    return Summary(rows: sums.rows, squaredNorms: sums.squaredNorms, ownProduct: own)
  }

  public func compare(_ x: Summary, _ y: Summary, _ pair: PairSums) throws -> Double {
    let cross = product(
      ofSquares: pair.crossMoment.sumOfSquares,
      NormSums(x: x.squaredNorms, y: y.squaredNorms, products: pair.normProducts), rows: x.rows)
    return cross / (x.ownProduct.squareRoot() * y.ownProduct.squareRoot())
  }
}

extension MeanCCA: MomentMeasure {
  public func summarise(_ sums: LayerSums) throws -> CanonicalMoments {
    try CanonicalCorrelations.checkRows(
      sums.rows, dimensions: sums.secondMoment.rows, rowsPerDimension: rowsPerDimension)
    return try CanonicalMoments(sums)
  }

  public func compare(_ x: CanonicalMoments, _ y: CanonicalMoments, _ pair: PairSums) throws -> Double {
    try CanonicalCorrelations(x, y, pair).mean()
  }
}

extension SVCCA: MomentMeasure {
  public func summarise(_ sums: LayerSums) throws -> CanonicalMoments {
    try CanonicalMoments(sums, share: share)
  }

  public func check(_ x: CanonicalMoments, _ y: CanonicalMoments) throws {
    try CanonicalCorrelations.checkRows(
      x.rows, dimensions: max(x.kept, y.kept), rowsPerDimension: rowsPerDimension)
  }

  public func compare(_ x: CanonicalMoments, _ y: CanonicalMoments, _ pair: PairSums) throws -> Double {
    try CanonicalCorrelations(x, y, pair).mean()
  }

  public func remark(on summary: CanonicalMoments) -> String? {
    "\(summary.kept) of \(summary.width) directions kept"
  }
}

extension PWCCA: MomentMeasure {
  public func summarise(_ sums: LayerSums) throws -> CanonicalMoments {
    try CanonicalCorrelations.checkRows(
      sums.rows, dimensions: sums.secondMoment.rows, rowsPerDimension: rowsPerDimension)
    return try CanonicalMoments(sums)
  }

  public func compare(_ x: CanonicalMoments, _ y: CanonicalMoments, _ pair: PairSums) throws -> Double {
    try value(
      crossing: CanonicalCorrelations(x, y, pair).crossing, loadings: (x.loadings, y.loadings))
  }
}

extension Procrustes: MomentMeasure {
  /// A layer's Frobenius norm.
  public func summarise(_ sums: LayerSums) throws -> Double {
    guard sums.squaredNorms > 0 else { throw SimilarityError.noVariance }
    return sums.squaredNorms.squareRoot()
  }

  public func compare(_ x: Double, _ y: Double, _ pair: PairSums) throws -> Double {
    try value(crossing: pair.crossMoment, norms: (x, y))
  }
}
