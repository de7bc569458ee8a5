#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Student's t distribution.
package enum StudentT {
  /// P(|T| > t) with `degreesOfFreedom` degrees of freedom, t ≥ 0.
  package static func twoSided(_ t: Double, degreesOfFreedom: Double) -> Double {
    guard t.isFinite else { return t.isNaN ? .nan : 0 }
    return incompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5)
  }

  /// The t with P(|T| > t) = `tail`, by bisection.
  package static func quantile(twoSidedTail tail: Double, degreesOfFreedom: Double) -> Double {
    var (low, high) = (0.0, 1.0)
    while twoSided(high, degreesOfFreedom: degreesOfFreedom) > tail, high < 1e9 { high *= 2 }
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if twoSided(middle, degreesOfFreedom: degreesOfFreedom) > tail { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// I_x(a, b), by Lentz's method for its continued fraction (Abramowitz & Stegun 26.5.8).
  package static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    // The fraction converges fast on this side of the mean.
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let scale: Double = lgamma(a + b) - lgamma(a) - lgamma(b)
    let front: Double = exp(scale + a * log(x) + b * log(1 - x)) / a
    let tiny = 1e-300
    var (c, d) = (1.0, 1 - (a + b) * x / (a + 1))
    d = 1 / (abs(d) < tiny ? tiny : d)
    var result = d
    for m in 1...500 {
      let m = Double(m)
      let even = a + 2 * m
      let first = m * (b - m) * x / ((even - 1) * even)
      let second = -(a + m) * (a + b + m) * x / (even * (even + 1))
      for term in [first, second] {
        d = 1 + term * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + term / c
        if abs(c) < tiny { c = tiny }
        result *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    return front * result
  }
}
