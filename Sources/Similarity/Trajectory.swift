import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How states move in time (Hénaff et al. 2019; Hosseini & Fedorenko 2023).
public enum Trajectory {
  /// The angles, in degrees, between one step x(t+1) − x(t) and the next, of states `[frames × dim]`: their sum and how
  /// many there are. A step of no length has no angle.
  ///
  /// A straight line has 0°, a random walk 90°, independent draws 120°.
  public static func angles(of states: Tensor) -> (sum: Double, count: Int) {
    let (frames, width) = (states.rows, states.width)
    guard frames > 2 else { return (0, 0) }
    return states.withUnsafeBuffer { x in
      var (sum, count) = (0.0, 0)
      for frame in 1..<(frames - 1) {
        var (product, before, after) = (0.0, 0.0, 0.0)
        for k in 0..<width {
          let middle = Double(x[frame * width + k])
          let step = middle - Double(x[(frame - 1) * width + k])
          let next = Double(x[(frame + 1) * width + k]) - middle
          product += step * next
          before += step * step
          after += next * next
        }
        guard before > 0, after > 0 else { continue }
        let cosine = product / (before.squareRoot() * after.squareRoot())
        sum += acos(max(-1, min(1, cosine))) * 180 / .pi
        count += 1
      }
      return (sum, count)
    }
  }
}

extension Spectrum {
  /// −Σ p·log p of the shares p = λ/Σλ of the variance, over its largest value, log min(n − 1, p): 0 where all variance
  /// lies in one direction, 1 where every direction has as much (matrix-based entropy of order 1: Giraldo et al. 2015;
  /// of layers, Skean et al. 2025). Nil of one direction.
  public var entropy: Double? {
    let directions = min(rows - 1, width)
    let total = variances.reduce(0, +)
    guard directions > 1, total > 0 else { return nil }
    let entropy = variances.reduce(0.0) { sum, variance in
      let share = variance / total
      return share > 0 ? sum - share * log(share) : sum
    }
    return entropy / log(Double(directions))
  }
}
