import LinearAlgebra
import Tensors

/// Orthogonal Procrustes similarity: ‖XᵀY‖_* of the centred states with ‖X‖_F = ‖Y‖_F = 1, the best match
/// of X to Y that a rotation reaches (Williams et al. 2021).
///
/// The squared distance after the rotation is 2 − 2 · similarity; `Procrustes.distance(ofSimilarity:)`.
public struct Procrustes: SimilarityMeasure {
  public init() {}

  public var name: String { "procrustes" }
  public var range: ClosedRange<Double> { 0...1 }
  public var invariances: Set<Invariance> { [.orthogonal, .isotropicScaling, .shift] }
  public var isUnbiased: Bool { false }

  /// ‖X − YQ‖²_F at the best rotation Q, of states of norm 1 each: 0…2.
  public static func squaredDistance(ofSimilarity similarity: Double) -> Double { 2 - 2 * similarity }

  /// A layer's centred states, or as many principal scores as there are rows: a rotation of them.
  public struct Prepared: PreparedStates {
    public var rows: Int { states.rows }
    public let dimensions: DimensionCheck
    public let space: ComparisonSpace
    /// `[rows × k]`
    let states: Tensor
    let norm: Double
  }

  public func prepare(_ states: Tensor, space: ComparisonSpace) throws -> Prepared {
    guard states.rows >= 2 else {
      throw SimilarityError.tooFewRows(rows: states.rows, needed: 2, measure: name)
    }
    let centred = try CentredStates(states)
    let n = states.rows
    let space: ComparisonSpace = n < states.width ? .gram : .features
    let reduced: Tensor
    switch space {
    case .features: reduced = centred.tensor()
    case .gram:
      let eigen = try SymmetricEigen(of: centred.rowProducts())
      reduced = Tensor(shape: [n, n]) { target in
        for j in 0..<n {
          let deviation = max(0, eigen.values[j]).squareRoot()
          for i in 0..<n { target[i * n + j] = Float(eigen.vectors.values[j * n + i] * deviation) }
        }
      }
    }
    let norm = reduced.withUnsafeBuffer { innerProduct($0, $0) }.squareRoot()
    return Prepared(dimensions: centred.dimensions, space: space, states: reduced, norm: norm)
  }

  public func compare(_ x: Prepared, _ y: Prepared) throws -> Double {
    return try value(crossing: CrossProducts.between(x.states, y.states), norms: (x.norm, y.norm))
  }

  /// From XᵀY `[p × q]` and the Frobenius norms of both sides.
  func value(crossing: Matrix, norms: (x: Double, y: Double)) throws -> Double {
    let nuclear = try SingularValueDecomposition.values(of: crossing).reduce(0, +)
    return min(1, nuclear / (norms.x * norms.y))
  }
}
