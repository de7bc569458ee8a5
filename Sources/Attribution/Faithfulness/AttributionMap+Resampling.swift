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
