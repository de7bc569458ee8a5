/// Spearman's rank correlation; ties have the mean of their ranks. Nil where one side does not vary.
func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double? {
  precondition(a.count == b.count, "\(a.count) and \(b.count) values")
  let (x, y) = (ranks(a), ranks(b))
  let mean = Double(a.count - 1) / 2
  var (xy, xx, yy) = (0.0, 0.0, 0.0)
  for index in x.indices {
    xy += (x[index] - mean) * (y[index] - mean)
    xx += (x[index] - mean) * (x[index] - mean)
    yy += (y[index] - mean) * (y[index] - mean)
  }
  guard xx > 0, yy > 0 else { return nil }
  return xy / (xx * yy).squareRoot()
}

private func ranks(_ values: [Double]) -> [Double] {
  let order = values.indices.sorted { values[$0] < values[$1] }
  var ranks = [Double](repeating: 0, count: values.count)
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
    for place in start..<end { ranks[order[place]] = Double(start + end - 1) / 2 }
    start = end
  }
  return ranks
}

extension AttributionMap {
  /// The profile at every 20 ms of `seconds`: the mean of its frames there, or its nearest frame. Maps of layers
  /// with other frames compare so.
  func resampled(seconds: Double) -> [Double] {
    guard let first = centres.first, !profile.isEmpty else { return [] }
    return (0..<max(1, Int(seconds / 0.02))).map { cell in
      let range = (Double(cell) * 0.02)..<(Double(cell + 1) * 0.02)
      let low = max(0, Int(((range.lowerBound - first) / step).rounded(.up)))
      let high = min(profile.count, Int(((range.upperBound - first) / step).rounded(.up)))
      if low < high { return profile[low..<high].reduce(0, +) / Double(high - low) }
      let middle = Int((((range.lowerBound + range.upperBound) / 2 - first) / step).rounded())
      return profile[min(max(middle, 0), profile.count - 1)]
    }
  }
}
