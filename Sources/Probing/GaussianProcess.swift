import LinearAlgebra
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a smooth function of one number in 0…1 may be, given a few of its values: a Gaussian process with a Matérn 5/2
/// covariance (Rasmussen & Williams 2006, equations 2.23 to 2.26 and 4.17), whose length scale is the likeliest of a few.
struct GaussianProcess {
  private let places: [Double]
  private let best: Double
  private let fit: Fit?
  /// Values are taken less their mean, in units of their deviation.
  private let mean, deviation: Double
  private let varies: Bool

  private struct Fit {
    let scale: Double
    let factor: CholeskyFactor
    /// K⁻¹y
    let weights: Matrix
    let logLikelihood: Double
  }

  /// Of the standardised values: what two looks at one place may differ by.
  private static let noise = 1e-4
  private static let scales = [0.1, 0.15, 0.2, 0.3, 0.5, 0.8]
  /// An improvement of this many deviations is next to nothing.
  private static let negligible = 5e-3

  init(places: [Double], values: [Double]) {
    self.places = places
    let count = Double(max(1, values.count))
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let deviation = variance > 0 ? variance.squareRoot() : 1
    let standardised = values.map { ($0 - mean) / deviation }
    (self.mean, self.deviation, varies) = (mean, deviation, variance > 0)
    best = standardised.min() ?? 0
    fit = Self.scales.compactMap { Self.fit(places, standardised, scale: $0) }
      .max { $0.logLikelihood < $1.logLikelihood }
  }

  private static func covariance(_ a: Double, _ b: Double, _ scale: Double) -> Double {
    let distance = 5.0.squareRoot() * abs(a - b) / scale
    return (1 + distance + distance * distance / 3) * exp(-distance)
  }

  /// Nil where the covariance is singular.
  private static func fit(_ places: [Double], _ values: [Double], scale: Double) -> Fit? {
    let count = places.count
    var matrix = Matrix(rows: count, columns: count)
    for i in 0..<count {
      for j in 0..<count { matrix[i, j] = covariance(places[i], places[j], scale) + (i == j ? noise : 0) }
    }
    guard let factor = try? CholeskyFactor(of: matrix) else { return nil }
    let weights = factor.solve(Matrix(rows: count, columns: 1, values: values))
    let fitted = zip(values, weights.values).reduce(0) { $0 + $1.0 * $1.1 }
    return Fit(
      scale: scale, factor: factor, weights: weights,
      logLikelihood: -0.5 * (fitted + factor.logDeterminant))
  }

  /// The expected value at a place and its deviation, in the values' own unit.
  func prediction(at place: Double) -> (mean: Double, deviation: Double) {
    let standardised = self.standardised(at: place)
    return (mean + deviation * standardised.mean, deviation * standardised.deviation)
  }

  private func standardised(at place: Double) -> (mean: Double, deviation: Double) {
    guard let fit else { return (0, 1) }
    let row = places.map { Self.covariance(place, $0, fit.scale) }
    let solved = fit.factor.solve(Matrix(rows: row.count, columns: 1, values: row))
    let expected = zip(row, fit.weights.values).reduce(0) { $0 + $1.0 * $1.1 }
    let explained = zip(row, solved.values).reduce(0) { $0 + $1.0 * $1.1 }
    return (expected, max(0, 1 - explained).squareRoot())
  }

  /// The place where the most improvement on the least value so far is expected: (b − μ)·Φ(z) + σ·φ(z) with
  /// z = (b − μ)/σ. Nil where that is next to nothing everywhere, and where all values so far are one.
  func mostPromising(among candidates: [Double]) -> Double? {
    guard varies else { return nil }
    var found: (place: Double, improvement: Double)?
    for place in candidates where !places.contains(where: { abs($0 - place) < 1e-9 }) {
      let (mean, deviation) = standardised(at: place)
      guard deviation > 0 else { continue }
      let z = (best - mean) / deviation
      let below = 0.5 * erfc(-z / 2.0.squareRoot())
      let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
      let improvement = (best - mean) * below + deviation * density
      if improvement > (found?.improvement ?? Self.negligible) { found = (place, improvement) }
    }
    return found?.place
  }
}
