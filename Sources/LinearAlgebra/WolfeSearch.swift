/// The search for a step that meets the strong Wolfe conditions, one trial at a time
/// (Nocedal & Wright 2006, algorithms 3.5 and 3.6, with cubic interpolation).
struct WolfeSearch {
  private let startValue: Double
  private let startSlope: Double
  private let noise: Double
  /// The best step so far that is too short, and the shortest that is too long.
  private var low: (step: Double, value: Double, slope: Double)
  private var high: (step: Double, value: Double, slope: Double)?
  private var step: Double
  private var trials = 0
  private(set) var isAccepted = false
  /// The value at the accepted step.
  private(set) var value: Double

  init(value: Double, slope: Double, step: Double, noise: Double) {
    startValue = value
    startSlope = slope
    self.step = step
    self.noise = noise
    self.value = value
    low = (0, value, slope)
  }

  /// The next step to try, or nil when the search has ended.
  mutating func next() -> Double? {
    guard !isAccepted, trials < 40 else { return nil }
    trials += 1
    return step
  }

  mutating func report(value: Double, slope: Double) {
    let bound = startValue + 1e-4 * step * startSlope + noise
    if !value.isFinite || !slope.isFinite || value > bound {
      high = (step, value, slope)
    } else if abs(slope) <= -0.9 * startSlope {
      isAccepted = true
      self.value = value
      return
    } else if slope > 0 {
      high = (step, value, slope)
    } else {
      low = (step, value, slope)
    }
    guard let high else {
      step *= 4
      return
    }
    // Where the cubic through both ends is lowest, kept off the ends.
    let width = high.step - low.step
    let fraction = cubicMinimum(low, high) ?? 0.5
    step = low.step + width * min(max(fraction, 0.1), 0.9)
  }

  private func cubicMinimum(
    _ a: (step: Double, value: Double, slope: Double), _ b: (step: Double, value: Double, slope: Double)
  ) -> Double? {
    let width = b.step - a.step
    let d1 = a.slope + b.slope - 3 * (b.value - a.value) / width
    let square = d1 * d1 - a.slope * b.slope
    guard square >= 0 else { return nil }
    let d2 = square.squareRoot()
    let fraction = 1 - (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
    return fraction.isFinite ? fraction : nil
  }
}
