#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The middle of a softmax regression's pass over one block of rows: from logits to residuals and loss, in
/// place and in cache.
///
/// Logits lie class by class, `[classes × rows]`, so that every loop runs over rows and vectorises without
/// any sum across lanes.
struct SoftmaxBlock {
  /// `[classes × capacity]`: logits in, probabilities or weighted residuals out.
  let values: UnsafeMutablePointer<Float>
  /// A row's largest logit, and the sum of its exponentials.
  private let largest: UnsafeMutablePointer<Float>
  private let sums: UnsafeMutablePointer<Float>
  let classes: Int
  let capacity: Int

  /// Memory for `capacity` rows; the owner must `deallocate` it.
  init(classes: Int, capacity: Int) {
    self.classes = classes
    self.capacity = capacity
    values = .allocate(capacity: classes * capacity)
    largest = .allocate(capacity: capacity)
    sums = .allocate(capacity: capacity)
  }

  func deallocate() {
    values.deallocate()
    largest.deallocate()
    sums.deallocate()
  }

  /// Turns the logits of `rows` rows into probabilities, and `logSums[i]` into the logarithm of the sum of
  /// row i's exponentials, so that a row's log-probabilities are its logits less that.
  func normalise(rows: Int, logSums: UnsafeMutablePointer<Double>) {
    let (values, largest, sums) = (self.values, self.largest, self.sums)
    for i in 0..<rows { largest[i] = values[i] }
    for k in 1..<max(1, classes) {
      let row = values + k * rows
      for i in 0..<rows { largest[i] = row[i] > largest[i] ? row[i] : largest[i] }
    }
    for i in 0..<rows { sums[i] = 0 }
    for k in 0..<classes {
      let row = values + k * rows
      for i in 0..<rows {
        let value = exponential(row[i] - largest[i])
        row[i] = value
        sums[i] += value
      }
    }
    for i in 0..<rows { logSums[i] = Double(largest[i]) + log(Double(sums[i])) }
    for i in 0..<rows { sums[i] = 1 / sums[i] }
    for k in 0..<classes {
      let row = values + k * rows
      for i in 0..<rows { row[i] *= sums[i] }
    }
  }
}

/// eˣ for x ≤ 0 in single precision, relative error below 2e-7; 0 below −87.
///
/// A polynomial in x − n·ln 2 (ln 2 in two parts, the first of few bits), scaled by 2ⁿ through the exponent's
/// bits; the polynomial's relative error is 3e-9. No calls and no branches, so that a loop over it vectorises.
@inline(__always)
func exponential(_ x: Float) -> Float {
  let clamped = x > -87 ? x : -87
  // Adding 1.5·2²³ rounds to an integer, which is then in the low bits.
  let shifted = clamped * 1.442695041 + 12_582_912
  let n = shifted - 12_582_912
  let r = (clamped - n * 0.693359375) - n * -2.12194440e-4
  var p: Float = 0.001381454
  p = p * r + 0.008368745
  p = p * r + 0.041668389
  p = p * r + 0.166665211
  p = p * r + 0.49999994
  p = p * r * r + r + 1
  let power = Float(bitPattern: shifted.bitPattern << 23 &+ 0x3f80_0000)
  return x > -87 ? p * power : 0
}
