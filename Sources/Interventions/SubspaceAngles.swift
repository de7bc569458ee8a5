import LinearAlgebra
import Tensors

/// How far two erased subspaces of one layer share directions.
struct SubspaceAngles: Sendable, Codable, Equatable {
  /// The cosines of the principal angles, descending: 1 for a direction that both have.
  let cosines: [Double]
  /// The mean of their squares: 1 where the smaller subspace lies in the larger one.
  let overlap: Double
  /// What the overlap of random subspaces of these ranks would be.
  let chance: Double

  /// Between what each erasure takes away, in dimensions over their standard deviations (`units`), so that a loud
  /// dimension does not decide.
  init(_ a: LinearErasure, _ b: LinearErasure, units: [Double]) throws {
    func basis(_ erasure: LinearErasure) throws -> Matrix {
      var left = erasure.left
      for k in units.indices {
        for c in 0..<left.columns { left[k, c] *= units[k] > 0 ? 1 / units[k] : 0 }
      }
      return try QRDecomposition(of: left).q
    }
    let product = matrixProduct(try basis(a), .transposed, try basis(b))
    cosines = try SingularValueDecomposition.values(of: product).map { min(1, $0) }
    overlap = cosines.reduce(0) { $0 + $1 * $1 } / Double(max(1, cosines.count))
    let width = units.count { $0 > 0 }
    chance = Double(max(a.rank, b.rank)) / Double(max(1, width))
  }
}
