import LinearAlgebra
import Tensors

/// Projection-weighted CCA (Morcos et al. 2018): canonical correlations weighted by how much of one side each
/// canonical variate accounts for, αᵢ = Σⱼ|⟨hᵢ, xⱼ⟩| with hᵢ the unit variates of that side and xⱼ its centred
/// dimensions.
///
/// The value depends on the side that weighs; `symmetrised`, the default, is the mean of both.
public struct PWCCA: SimilarityMeasure {
  /// The side whose dimensions weigh the variates.
  public enum Weights: String, Sendable {
    case x, y, symmetrised
  }

  /// The side whose dimensions weigh the variates.
  public let weights: Weights
  /// The fewest rows, in units of the larger width; fewer are refused.
  public let rowsPerDimension: Double

  public init(weights: Weights = .symmetrised, rowsPerDimension: Double = 5) {
    self.weights = weights
    self.rowsPerDimension = rowsPerDimension
  }

  public var name: String { weights == .symmetrised ? "pwcca" : "pwcca_\(weights.rawValue)_weighted" }
  public var isSymmetric: Bool { weights == .symmetrised }
  public var range: ClosedRange<Double> { 0...1 }
  // The weights are sums of absolute values over dimensions, which a rotation changes.
  public var invariances: Set<Invariance> { [.isotropicScaling, .shift] }
  public var isUnbiased: Bool { false }

  public func caveats(rows: Int, width: Int) -> [String] {
    let side =
      switch weights {
      case .x: "the rows' layers weigh"
      case .y: "the columns' layers weigh"
      case .symmetrised: "the mean of the values that either side weighs"
      }
    return [side] + CanonicalCorrelations.caveats
  }

  public func prepare(_ states: Tensor, space: ComparisonSpace) throws -> CanonicalBasis {
    try CanonicalCorrelations.checkRows(
      states.rows, dimensions: states.width, rowsPerDimension: rowsPerDimension)
    return try CanonicalBasis(states)
  }

  public func compare(_ x: CanonicalBasis, _ y: CanonicalBasis) throws -> Double {
    try value(crossing: CanonicalCorrelations(x, y).crossing, loadings: (x.loadings, y.loadings))
  }

  /// The weighted mean from UₓᵀU_y `[kₓ × k_y]` and what the bases weigh in each side's dimensions.
  func value(crossing: Matrix, loadings: (x: Matrix, y: Matrix)) throws -> Double {
    let svd = try SingularValueDecomposition(of: crossing)
    let correlations = svd.values.map { min(1, $0) }
    // Canonical variates are U·(singular vectors), so that hᵢᵀX is a row of (singular vectors)ᵀ·loadings.
    func mean(_ products: Matrix) -> Double {
      var (weighted, total) = (0.0, 0.0)
      for (i, correlation) in correlations.enumerated() {
        let row = products.values[i * products.columns..<(i + 1) * products.columns]
        let weight = row.reduce(0) { $0 + abs($1) }
        weighted += weight * correlation
        total += weight
      }
      return total > 0 ? weighted / total : 0
    }
    lazy var ofX = mean(matrixProduct(svd.u, .transposed, loadings.x))
    lazy var ofY = mean(matrixProduct(svd.vTransposed, .none, loadings.y))
    switch weights {
    case .x: return ofX
    case .y: return ofY
    case .symmetrised: return (ofX + ofY) / 2
    }
  }
}
