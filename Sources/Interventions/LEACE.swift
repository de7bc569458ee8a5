import LinearAlgebra
import Probing
import Tensors

/// Least-squares concept erasure (Belrose et al. 2023): the smallest change of a layer after which no linear reader of a
/// concept beats the majority class on the data it was fitted to.
///
/// With W = Σxx^(−½) and P the orthogonal projection onto the columns of W·Σxz, z the labels one-hot:
/// x ↦ x − W⁺·P·W·(x − μ). All in double precision, from moments.
public enum LEACE {
  /// Singular values of W·Σxz below this share of the largest are none: as a share, so that the unit of the labels does
  /// not decide what is erased.
  public static let tolerance = 1e-8
  /// Eigenvalues of Σxx below this share of the largest are the rounding of single precision: such directions are left.
  public static let cutoff = 0x1p-44

  /// The erasure of the labels that `moments` are of; `concept` and `layer` are for messages.
  ///
  /// - Throws: `InterventionError.deadLayer` where the layer does not vary, `.nothingToErase` where no direction goes with
  ///   the labels, and `LinearAlgebraError`.
  public static func erasure(
    of moments: LabelMoments, concept: String = "the labels", layer: String = "the layer",
    tolerance: Double = LEACE.tolerance
  ) throws -> LinearErasure {
    let whitening = try Whitening(moments, layer: layer, standardises: true)
    let svd = try SingularValueDecomposition(of: whitening.whitened(moments))
    let largest = svd.values.first ?? 0
    // A correlation this small is the rounding of the sums: no label goes with anything.
    let rank = largest > 1e-10 ? svd.values.count { $0 > tolerance * largest } : 0
    guard rank > 0 else { throw InterventionError.nothingToErase(concept: concept, layer: layer, rank: 0) }
    return whitening.erasure(of: svd.u.columns(0..<rank))
  }
}

/// The coordinates in which a layer's variance is the same in all directions: its principal directions, each divided by
/// its standard deviation.
///
/// Dimensions of very different units cost digits; an erasure, which is the same whatever the units, is made of
/// standardised ones.
struct Whitening: Sendable {
  let mean: [Double]
  /// Of the principal directions that are kept, descending.
  let variances: [Double]
  /// `[kept × width]`: orthonormal rows, of standardised dimensions where they are.
  let directions: Matrix
  /// The unit of each dimension; 0 for one that does not vary.
  let units: [Double]
  /// The trace of the covariance, in the layer's own units.
  let total: Double

  init(
    _ moments: LabelMoments, layer: String, standardises: Bool = false, cutoff: Double = LEACE.cutoff
  ) throws {
    let (n, width) = (Double(moments.count), moments.width)
    let deviations = (0..<width).map { k in
      let deviation = (max(0, moments.gram[k, k]) / n).squareRoot()
      return deviation > 0x1p-22 * abs(moments.mean[k]) ? deviation : 0
    }
    units = standardises ? deviations : deviations.map { $0 > 0 ? 1 : 0 }
    var covariance = Matrix(rows: width, columns: width)
    for i in 0..<width where units[i] > 0 {
      for j in i..<width where units[j] > 0 {
        covariance[i, j] = moments.gram[i, j] / (n * units[i] * units[j])
      }
    }
    let eigen = try SymmetricEigen(of: covariance)
    let kept = eigen.rank(cutoff: cutoff)
    guard kept > 0 else { throw InterventionError.deadLayer(layer: layer) }
    mean = moments.mean
    variances = Array(eigen.values.prefix(kept))
    directions = Matrix(
      rows: kept, columns: width, values: Array(eigen.vectors.values.prefix(kept * width)))
    total = deviations.reduce(0) { $0 + $1 * $1 }
  }

  /// W·Σxz with one-hot labels, each class over the deviation of its indicator, `[kept × classes]`: which columns are
  /// spanned does not depend on that, and classes that are rare count as directions like others.
  func whitened(_ moments: LabelMoments) -> Matrix {
    let n = Double(moments.count)
    var scaled = moments.sums
    for c in 0..<scaled.rows { for k in units.indices { scaled[c, k] *= units[k] > 0 ? 1 / units[k] : 0 } }
    var cross = matrixProduct(directions, .none, scaled, .transposed)  // [kept × classes]
    for k in 0..<cross.rows {
      let scale = 1 / (n * variances[k].squareRoot())
      for (c, count) in moments.counts.enumerated() {
        let share = Double(count) / n
        let deviation = (share * (1 - share)).squareRoot()
        cross[k, c] *= deviation > 0 ? scale / deviation : 0
      }
    }
    return cross
  }

  /// The erasure of the subspace that `basis` `[kept × rank]`, orthonormal columns, spans in these coordinates.
  func erasure(of basis: Matrix) -> LinearErasure {
    let rank = basis.columns
    var (up, down) = (basis, basis)
    for k in variances.indices {
      let deviation = variances[k].squareRoot()
      for c in 0..<rank {
        up[k, c] *= deviation
        down[k, c] /= deviation
      }
    }
    var left = matrixProduct(directions, .transposed, up)
    var right = matrixProduct(down, .transposed, directions)
    // What is taken away has the covariance L·Lᵀ.
    var removed = 0.0
    for k in units.indices {
      for c in 0..<rank {
        left[k, c] *= units[k]
        right[c, k] *= units[k] > 0 ? 1 / units[k] : 0
        removed += left[k, c] * left[k, c]
      }
    }
    return LinearErasure(mean: mean, left: left, right: right, share: removed / total)
  }
}

extension Matrix {
  /// Some columns, copied.
  func columns(_ range: Range<Int>) -> Matrix {
    var result = Matrix(rows: rows, columns: range.count)
    for i in 0..<rows {
      for j in range { result[i, j - range.lowerBound] = self[i, j] }
    }
    return result
  }
}
