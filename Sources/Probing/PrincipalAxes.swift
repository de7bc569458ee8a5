import LinearAlgebra
import Synchronization
import Tensors

/// The principal axes of a set of features: a basis for softmax fits in which their curvature is nearly diagonal.
///
/// A penalty on the sum of squared weights is the same in every orthonormal basis, so that a fit in this one has the
/// minimum that it has in the features' own. The axes are those of all rows that a study probes, found once and shared by
/// its folds: which rows they were found with moves no result, only how soon a fit is there.
final class PrincipalAxes: Sendable {
  /// Of eigenvalues, beside the largest: what lies below is rounding.
  private static let cutoff = 1e-12
  private let states: Tensor
  private let rows: [Int]
  private let found = Mutex<[FeatureScaling.Units: Axes]>([:])

  private struct Axes {
    /// The features that vary.
    let columns: [Int]
    /// `[features that vary × as many]`, the axis of the largest variance first.
    let vectors: Matrix
  }

  /// Of rows `rows` of `states` `[· × width]`; nothing is computed before it is asked for.
  init(of states: Tensor, rows: [Int]) { (self.states, self.rows) = (states, rows) }

  /// The axes for the features of `scaling`, `[scaling.columns × axes]`, the axis of the largest variance first.
  ///
  /// - Parameter design: the rows to be fitted, `[rows × (columns + 1)]`. Where they are clearly fewer than their features,
  ///   the axes are those of their own span, no more than there are rows: weights outside it are zero at the minimum.
  func rotation(for scaling: FeatureScaling, design: Tensor) throws -> Matrix {
    let count = scaling.columns.count
    guard count > 0 else { return Matrix(rows: 0, columns: 0) }
    if 4 * design.rows < 3 * count { return try Self.span(of: design) }
    let axes = try found.withLock { found -> Axes in
      if let known = found[scaling.units] { return known }
      let axes = try decomposed(in: scaling.units)
      found[scaling.units] = axes
      return axes
    }
    if axes.columns == scaling.columns { return axes.vectors }
    var places = [Int](repeating: -1, count: scaling.width)
    for (place, column) in axes.columns.enumerated() { places[column] = place }
    // What varies in these rows by little more than rounding may vary by less in all of them.
    guard scaling.columns.allSatisfy({ places[$0] >= 0 }) else {
      var gram = Matrix(rows: count, columns: count)
      for first in stride(from: 0, to: design.rows, by: Self.chunkRows) {
        Self.add(design, first..<min(first + Self.chunkRows, design.rows), to: &gram)
      }
      return try SymmetricEigen(of: gram).vectors.transposed
    }
    // Rows of an orthonormal matrix are orthonormal: a feature that does not vary in some of the rows is left out.
    var result = Matrix(rows: count, columns: axes.vectors.columns)
    for (j, column) in scaling.columns.enumerated() {
      for axis in 0..<result.columns { result[j, axis] = axes.vectors[places[column], axis] }
    }
    return result
  }

  private func decomposed(in units: FeatureScaling.Units) throws -> Axes {
    let scaling = FeatureScaling(of: states, rows: rows, units: units)
    var gram = Matrix(rows: scaling.columns.count, columns: scaling.columns.count)
    for first in stride(from: 0, to: rows.count, by: Self.chunkRows) {
      let own = Array(rows[first..<min(first + Self.chunkRows, rows.count)])
      Self.add(scaling.design(of: states, rows: own), 0..<own.count, to: &gram)
    }
    return Axes(columns: scaling.columns, vectors: try SymmetricEigen(of: gram).vectors.transposed)
  }

  private static let chunkRows = 2048

  /// Adds the products of the features of some rows of `design`, `[rows × (features + 1)]`, to the upper triangle of
  /// `gram`: in single precision, folded in double.
  private static func add(_ design: Tensor, _ rows: Range<Int>, to gram: inout Matrix) {
    let (count, width) = (gram.columns, design.width)
    guard count > 0 else { return }
    design.withUnsafeBuffer { values in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: count * count) { partial in
        guard let base = values.baseAddress, let out = partial.baseAddress else { return }
        partial.initialize(repeating: 0)
        BLAS.syrk(n: count, k: rows.count, base + rows.lowerBound * width, lda: width, out, ldc: count)
        for i in gram.values.indices { gram.values[i] += Double(out[i]) }
      }
    }
  }

  /// An orthonormal basis of the rows' span, `[features × rank]`, from the products of rows with each other.
  private static func span(of design: Tensor) throws -> Matrix {
    let (rows, count) = (design.rows, design.width - 1)
    var features = Matrix(rows: rows, columns: count)
    design.withUnsafeBuffer { values in
      for row in 0..<rows {
        for j in 0..<count { features.values[row * count + j] = Double(values[row * design.width + j]) }
      }
    }
    let eigen = try SymmetricEigen(of: matrixProduct(features, .none, features, .transposed))
    let rank = max(1, eigen.rank(cutoff: cutoff))
    var basis = Matrix(rows: rank, columns: rows)
    for axis in 0..<rank {
      let scale = 1 / max(eigen.values[axis], .leastNormalMagnitude).squareRoot()
      for row in 0..<rows { basis[axis, row] = eigen.vectors[axis, row] * scale }
    }
    return matrixProduct(features, .transposed, basis, .transposed)
  }
}
