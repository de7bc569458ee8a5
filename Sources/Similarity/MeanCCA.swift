import Tensors

/// The mean canonical correlation of all directions of X and Y.
///
/// In the sample that it is fitted on it is mostly noise unless the rows are many times the dimensions: fewer
/// than `rowsPerDimension` times the larger width are refused.
public struct MeanCCA: SimilarityMeasure {
  /// The fewest rows, in units of the larger width; fewer are refused.
  public let rowsPerDimension: Double

  public init(rowsPerDimension: Double = 5) { self.rowsPerDimension = rowsPerDimension }

  public var name: String { "mean_cca" }
  public var range: ClosedRange<Double> { 0...1 }
  public var invariances: Set<Invariance> { Set(Invariance.allCases) }
  public var isUnbiased: Bool { false }

  public func caveats(rows: Int, width: Int) -> [String] { CanonicalCorrelations.caveats }

  public func prepare(_ states: Tensor, space: ComparisonSpace) throws -> CanonicalBasis {
    try CanonicalCorrelations.checkRows(
      states.rows, dimensions: states.width, rowsPerDimension: rowsPerDimension)
    return try CanonicalBasis(states)
  }

  public func compare(_ x: CanonicalBasis, _ y: CanonicalBasis) throws -> Double {
    try CanonicalCorrelations(x, y).mean()
  }
}
