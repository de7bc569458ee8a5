/// A key whose unsigned order is the order of the finite numbers.
private func sortKey(_ value: Double) -> UInt64 {
  let bits = (value + 0).bitPattern  // −0 becomes 0
  return bits >> 63 == 1 ? ~bits : bits | (1 << 63)
}

/// `sortKey` undone.
private func value(ofKey key: UInt64) -> Double {
  Double(bitPattern: key >> 63 == 1 ? key & ~(1 << 63) : ~key)
}

/// The keys of all values.
private func sortKeys(_ values: [Double]) -> [UInt64] {
  [UInt64](unsafeUninitializedCapacity: values.count) { target, count in
    values.withUnsafeBufferPointer { values in
      for i in 0..<values.count { target.initializeElement(at: i, to: sortKey(values[i])) }
    }
    count = values.count
  }
}

/// How many keys have each value of the 16 bits from `shift`.
private func digitCounts(_ keys: [UInt64], _ shift: UInt64) -> [Int] {
  var counts = [Int](repeating: 0, count: 1 << 16)
  counts.withUnsafeMutableBufferPointer { counts in
    keys.withUnsafeBufferPointer { keys in
      for i in 0..<keys.count { counts[Int(keys[i] >> shift & 0xffff)] += 1 }
    }
  }
  return counts
}

/// The `index`-th smallest of finite `values`, by narrowing one 16-bit digit of the key after another: O(n)
/// whatever the order.
package func orderStatistic(_ index: Int, of values: [Double]) -> Double {
  precondition(values.indices.contains(index), "place \(index) of \(values.count) values")
  var keys = sortKeys(values)
  var remaining = index
  for shift in stride(from: UInt64(48), through: 0, by: -16) {
    let counts = digitCounts(keys, shift)
    var digit = 0
    while remaining >= counts[digit] {
      remaining -= counts[digit]
      digit += 1
    }
    var kept: [UInt64] = []
    kept.reserveCapacity(counts[digit])
    keys.withUnsafeBufferPointer { keys in
      for i in 0..<keys.count where Int(keys[i] >> shift & 0xffff) == digit { kept.append(keys[i]) }
    }
    keys = kept
  }
  return value(ofKey: keys[0])  // all that remain are equal
}

/// The ranks of finite `values` from 1, equal values sharing the mean of theirs (Spearman's).
///
/// A radix sort over four 16-bit digits: a comparison sort of all pairs of two thousand rows is several
/// times slower.
package func averageRanks(_ values: [Double]) -> [Double] {
  let n = values.count
  precondition(n <= Int(Int32.max), "\(n) values to rank")
  var keys = sortKeys(values)
  var order = (0..<n).map { Int32(truncatingIfNeeded: $0) }
  var nextKeys = [UInt64](repeating: 0, count: n)
  var nextOrder = [Int32](repeating: 0, count: n)
  for shift in stride(from: UInt64(0), to: 64, by: 16) {
    var starts = digitCounts(keys, shift)
    var sum = 0
    for digit in starts.indices { (starts[digit], sum) = (sum, sum + starts[digit]) }
    keys.withUnsafeBufferPointer { keys in
      order.withUnsafeBufferPointer { order in
        starts.withUnsafeMutableBufferPointer { starts in
          nextKeys.withUnsafeMutableBufferPointer { nextKeys in
            nextOrder.withUnsafeMutableBufferPointer { nextOrder in
              for i in 0..<n {
                let digit = Int(keys[i] >> shift & 0xffff)
                nextKeys[starts[digit]] = keys[i]
                nextOrder[starts[digit]] = order[i]
                starts[digit] += 1
              }
            }
          }
        }
      }
    }
    swap(&keys, &nextKeys)
    swap(&order, &nextOrder)
  }
  return [Double](unsafeUninitializedCapacity: n) { ranks, count in
    keys.withUnsafeBufferPointer { keys in
      order.withUnsafeBufferPointer { order in
        var start = 0
        while start < n {
          var end = start + 1
          while end < n, keys[end] == keys[start] { end += 1 }
          let rank = Double(start + 1 + end) / 2  // the mean of start + 1 … end
          for i in start..<end { ranks.initializeElement(at: Int(order[i]), to: rank) }
          start = end
        }
      }
    }
    count = n
  }
}

/// Spearman's rank correlation of finite values, equal ones sharing the mean of their ranks; nil where one side does not
/// vary.
package func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double? {
  precondition(a.count == b.count, "\(a.count) and \(b.count) values")
  let (x, y) = (averageRanks(a), averageRanks(b))
  let mean = Double(a.count + 1) / 2
  var (xy, xx, yy) = (0.0, 0.0, 0.0)
  for index in x.indices {
    xy += (x[index] - mean) * (y[index] - mean)
    xx += (x[index] - mean) * (x[index] - mean)
    yy += (y[index] - mean) * (y[index] - mean)
  }
  guard xx > 0, yy > 0 else { return nil }
  return xy / (xx * yy).squareRoot()
}
