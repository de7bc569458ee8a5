#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The standard normal distribution.
package enum Normal {
  /// The z with P(|Z| > z) = `tail`, by bisection.
  package static func quantile(twoSidedTail tail: Double) -> Double {
    var (low, high) = (0.0, 40.0)
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if erfc(middle / 2.0.squareRoot()) > tail { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
