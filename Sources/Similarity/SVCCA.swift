import Tensors

/// Singular vector CCA (Raghu et al. 2017): each side's directions that hold `share` of its variance, then
/// their mean canonical correlation.
///
/// ```swift
/// let value = try SVCCA().similarity(x, y).value      // 99 % of the variance
/// ```
/// The share is of σ². Fewer rows than `rowsPerDimension` times the kept directions are refused, because the
/// correlations of so few rows are mostly noise.
public struct SVCCA: SimilarityMeasure {
  /// The share of the variance that kept directions have, above 0 to 1.
  public let share: Double
  /// The fewest rows, in units of the larger number of kept directions; fewer are refused.
  public let rowsPerDimension: Double

  public init(share: Double = 0.99, rowsPerDimension: Double = 5) {
    precondition(share > 0 && share <= 1, "a share of \(share)")
    self.share = share
    self.rowsPerDimension = rowsPerDimension
  }

  public var name: String { "svcca" }
  public var range: ClosedRange<Double> { 0...1 }
  public var invariances: Set<Invariance> { [.orthogonal, .isotropicScaling, .shift] }
  public var isUnbiased: Bool { false }

  public func caveats(rows: Int, width: Int) -> [String] { CanonicalCorrelations.caveats }
  public func remark(on prepared: CanonicalBasis) -> String? {
    "\(prepared.kept) of \(prepared.dimensions.width) directions kept"
  }

  public func prepare(_ states: Tensor, space: ComparisonSpace) throws -> CanonicalBasis {
    try CanonicalBasis(states, share: share)
  }

  public func check(_ x: CanonicalBasis, _ y: CanonicalBasis) throws {
    guard x.rows == y.rows else { throw SimilarityError.rowsDiffer(x: x.rows, y: y.rows) }
    try CanonicalCorrelations.checkRows(
      x.rows, dimensions: max(x.kept, y.kept), rowsPerDimension: rowsPerDimension)
  }

  public func compare(_ x: CanonicalBasis, _ y: CanonicalBasis) throws -> Double {
    try CanonicalCorrelations(x, y).mean()
  }
}
