import Results

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A score that rises with the number of examples to a limit: s(n) = limit − b·n^(−c), b ≥ 0 (Figueroa et al. 2012;
/// Viering & Loog 2023).
public struct SampleSizeCurve: Sendable, Equatable {
  /// The limit, in the unit of the score; b, what is missing at n = 1; and c, the rate.
  public let limit, b, c: Double

  /// Rates that are tried: slower ones have no limit that a few points could tell.
  static let rates = 0.1...2.0

  /// Least squares over points (n, score) of at least three different n; nil of fewer, and where the score does not rise.
  /// The limit is at most `most`.
  public init?(_ points: [(n: Double, score: Double)], most: Double = 1) {
    guard Set(points.map(\.n)).count >= 3, points.allSatisfy({ $0.n > 0 && $0.score.isFinite }) else {
      return nil
    }
    // In units of the largest n, so that powers stay near 1.
    let scale = points.map(\.n).max() ?? 1
    let relative = points.map { (n: $0.n / scale, score: $0.score) }
    func fit(_ c: Double) -> (error: Double, limit: Double, b: Double) {
      let x = relative.map { pow($0.n, -c) }
      let count = Double(x.count)
      let (mx, my) = (x.reduce(0, +) / count, relative.reduce(0) { $0 + $1.score } / count)
      let sxx = x.reduce(0) { $0 + ($1 - mx) * ($1 - mx) }
      let sxy = zip(x, relative).reduce(0) { $0 + ($1.0 - mx) * ($1.1.score - my) }
      var b = max(0, -sxy / sxx)
      var limit = my + b * mx
      if limit > most {
        // On the edge the slope alone is free.
        limit = most
        let xx = x.reduce(0) { $0 + $1 * $1 }
        b = max(0, zip(x, relative).reduce(0) { $0 + $1.0 * (most - $1.1.score) } / xx)
      }
      let error = zip(x, relative).reduce(0.0) {
        let rest = limit - b * $1.0 - $1.1.score
        return $0 + rest * rest
      }
      return (error, limit, b)
    }
    let steps = 40
    let (low, high) = (log(Self.rates.lowerBound), log(Self.rates.upperBound))
    func rate(_ place: Double) -> Double { exp(low + (high - low) * place / Double(steps)) }
    let best = (0...steps).min { fit(rate(Double($0))).error < fit(rate(Double($1))).error } ?? 0
    // Golden section between the neighbours of the best.
    var (left, right) = (Double(max(0, best - 1)), Double(min(steps, best + 1)))
    let golden = (5.0.squareRoot() - 1) / 2
    for _ in 0..<40 {
      let (a, z) = (right - golden * (right - left), left + golden * (right - left))
      if fit(rate(a)).error <= fit(rate(z)).error { right = z } else { left = a }
    }
    let found = fit(rate((left + right) / 2))
    // Less is rounding.
    guard found.b > 1e-9 else { return nil }
    c = rate((left + right) / 2)
    limit = found.limit
    b = found.b * pow(scale, c)
  }

  /// The limit of the scores at each n, and its interval over the resamples that they share; nil where the scores
  /// themselves do not rise. A resample in which they do not has its highest score.
  package static func limit(of scores: [Draws], at n: [Double]) -> Estimate? {
    guard let first = scores.first,
      SampleSizeCurve(zip(n, scores).map { ($0, $1.values[0]) }) != nil
    else { return nil }
    return Draws(
      values: first.values.indices.map { row in
        let own = scores.map { $0.values[row] }
        return SampleSizeCurve(Array(zip(n, own)).map { (n: $0, score: $1) })?.limit ?? own.max() ?? .nan
      }, clusters: first.clusters
    ).estimate(within: 0...1)
  }
}
