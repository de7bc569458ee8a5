import LinearAlgebra
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a layer's variance is spread over its directions and dimensions.
///
/// ```swift
/// let spectrum = try Spectrum(of: states)
/// spectrum.effectiveRank            // of at most min(n − 1, p)
/// spectrum.topShare(10)             // of the variance in the ten largest directions
/// ```
public struct Spectrum: Sendable {
  /// n: rows of the states.
  public let rows: Int
  /// p: dimensions of the states.
  public let width: Int
  /// λ: sums of squares along the principal directions of the centred states, descending; rounding below the
  /// rank is zero.
  public let variances: [Double]
  /// The same of the states as they are, not centred.
  public let uncentredVariances: [Double]
  /// The sum of squares of each dimension of the centred states, `[p]`.
  public let dimensionVariances: [Double]
  /// The mean cosine of all pairs of different rows, as they are: 0 where directions are spread evenly, 1
  /// where all rows point one way (Ethayarajh 2019). Nil where it was made from moments, or a row is zero.
  public let anisotropy: Double?

  /// Measures states `[n × p]`; O(n · p · min(n, p)) in double precision.
  /// - Throws: `SimilarityError` for fewer than two rows, values that are not finite, and states that do not vary.
  public init(of states: Tensor) throws {
    guard states.rows >= 2 else {
      throw SimilarityError.tooFewRows(rows: states.rows, needed: 2, measure: "a spectrum")
    }
    let centred = try CentredStates(states)
    let (n, p) = (states.rows, states.width)
    let whole = n < p ? centred.rowProducts() : centred.secondMoment()
    // In units of the states again.
    let unit = 1 / (centred.scale * centred.scale)
    variances = try Spectrum.cleaned(SymmetricEigen.values(of: whole), unit: unit)
    let offset = centred.mean.map { $0 * centred.scale }
    let uncentred =
      n < p ? centred.rowProducts(around: offset) : whole.adding(Double(n), timesSquareOf: offset)
    uncentredVariances = try Spectrum.cleaned(SymmetricEigen.values(of: uncentred), unit: unit)
    dimensionVariances = centred.dimensionSquares().map { $0 * unit }
    anisotropy = Spectrum.anisotropy(of: states)
    rows = n
    width = p
  }

  /// From a centred second moment XᵀX `[p × p]`, the mean `[p]` and the number of rows.
  /// - Throws: `SimilarityError.noVariance`, and `LinearAlgebraError` where there is no decomposition.
  public init(secondMoment: Matrix, mean: [Double], rows: Int) throws {
    let p = secondMoment.rows
    precondition(secondMoment.columns == p && mean.count == p, "a second moment of \(p) and its mean")
    variances = try Spectrum.cleaned(SymmetricEigen.values(of: secondMoment), unit: 1)
    guard let largest = variances.first, largest > 0 else { throw SimilarityError.noVariance }
    uncentredVariances = try Spectrum.cleaned(
      SymmetricEigen.values(of: secondMoment.adding(Double(rows), timesSquareOf: mean)), unit: 1)
    dimensionVariances = (0..<p).map { secondMoment[$0, $0] }
    anisotropy = nil
    self.rows = rows
    width = p
  }

  private static func cleaned(_ eigenvalues: [Double], unit: Double) -> [Double] {
    let largest = eigenvalues.first ?? 0
    return eigenvalues.map { $0 > PrincipalDirections.roundingCutoff * largest ? $0 * unit : 0 }
  }

  /// The mean over pairs i ≠ j of xᵢ·xⱼ/(‖xᵢ‖‖xⱼ‖) of states `[n × p]`, from the sum of the unit rows; nil where a
  /// row is zero.
  public static func anisotropy(of states: Tensor) -> Double? {
    let (n, p) = (states.rows, states.width)
    var sum = [Double](repeating: 0, count: p)
    let allUnit = states.withUnsafeBuffer { values in
      for i in 0..<n {
        // Scaled by its largest value first, so that squares stay in range.
        let row = values[i * p..<(i + 1) * p]
        let largest = Double(row.reduce(0) { max($0, abs($1)) })
        guard largest > 0 else { return false }
        let norm = row.reduce(0.0) { $0 + (Double($1) / largest) * (Double($1) / largest) }.squareRoot()
        for j in 0..<p { sum[j] += Double(values[i * p + j]) / largest / norm }
      }
      return true
    }
    guard allUnit else { return nil }
    let square = sum.reduce(0) { $0 + $1 * $1 }
    return (square - Double(n)) / (Double(n) * Double(n - 1))
  }
}

// MARK: - Figures

extension Spectrum {
  /// exp of the entropy of σ/Σσ, σ = √λ (Roy & Vetterli 2007).
  public var effectiveRank: Double { Spectrum.effectiveRank(variances, floor: 0) }

  /// The same on the states as they are, with 1e-7 added to each share (RankMe, Garrido et al. 2023).
  public var rankMe: Double { Spectrum.effectiveRank(uncentredVariances, floor: 1e-7) }

  /// (Σλ)²/Σλ²: the number of equal directions that would be as concentrated.
  public var participationRatio: Double {
    let sum = variances.reduce(0, +)
    let squares = variances.reduce(0) { $0 + $1 * $1 }
    return squares > 0 ? sum / squares * sum : 0
  }

  /// The share of the variance in the `count` largest directions.
  public func topShare(_ count: Int) -> Double {
    let total = variances.reduce(0, +)
    return total > 0 ? variances.prefix(max(0, count)).reduce(0, +) / total : 0
  }

  /// How many directions hold `share` of the variance.
  public func directions(holding share: Double) -> Int {
    PrincipalDirections.kept(variances: variances, share: share)
  }

  /// Dimensions whose variance exceeds the mean over dimensions by more than `deviations` standard
  /// deviations, with their share of all variance, the largest first: a few of them can own a similarity.
  public func outlierDimensions(deviations: Double = 3) -> [(dimension: Int, share: Double)] {
    let total = dimensionVariances.reduce(0, +)
    let mean = total / Double(max(1, width))
    let spread =
      (dimensionVariances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, width)))
      .squareRoot()
    return dimensionVariances.indices
      .filter { dimensionVariances[$0] > mean + deviations * spread }
      .map { ($0, dimensionVariances[$0] / total) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }

  private static func effectiveRank(_ variances: [Double], floor: Double) -> Double {
    let deviations = variances.map { $0.squareRoot() }
    let total = deviations.reduce(0, +)
    let entropy = deviations.reduce(0.0) { sum, deviation in
      let share = deviation / total + floor
      return share > 0 ? sum - share * log(share) : sum
    }
    return exp(entropy)
  }
}

extension CentredStates {
  /// The products `[n × n]` of the rows with `offset` added to each.
  fileprivate func rowProducts(around offset: [Double]) -> Matrix {
    var x = matrix
    for i in 0..<rows {
      for j in 0..<width { x.values[i * width + j] += offset[j] }
    }
    return matrixProduct(x, .none, x, .transposed)
  }

  /// Σ over rows of the squares of each dimension.
  fileprivate func dimensionSquares() -> [Double] {
    var sums = [Double](repeating: 0, count: width)
    let p = width
    forEachBlock { range, block in
      for i in 0..<range.count {
        for j in 0..<p { sums[j] += block[i * p + j] * block[i * p + j] }
      }
    }
    return sums
  }
}

extension Matrix {
  /// A square matrix plus `factor`·vvᵀ.
  fileprivate func adding(_ factor: Double, timesSquareOf v: [Double]) -> Matrix {
    var result = self
    for i in v.indices {
      for j in v.indices { result.values[i * v.count + j] += factor * v[i] * v[j] }
    }
    return result
  }
}
