import Tensors

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
    for k in 0..<classes {
      let row = values + k * rows
      for i in 0..<rows { row[i] -= largest[i] }
    }
    Elementwise.exp(UnsafeMutableBufferPointer(start: values, count: classes * rows))
    for i in 0..<rows { sums[i] = 0 }
    for k in 0..<classes {
      let row = values + k * rows
      for i in 0..<rows { sums[i] += row[i] }
    }
    for i in 0..<rows { logSums[i] = Double(largest[i]) + log(Double(sums[i])) }
    for i in 0..<rows { sums[i] = 1 / sums[i] }
    for k in 0..<classes {
      let row = values + k * rows
      for i in 0..<rows { row[i] *= sums[i] }
    }
  }
}
