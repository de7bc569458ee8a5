extension AttributionResult.Map {
  /// The share of all that speaks for the target (the positive part of the profile) in frames whose middle lies within
  /// `span`, start and end in seconds, and those frames' share of all; nil where nothing speaks for it, or no frame
  /// lies there.
  public func share(inside span: [Double]) -> (share: Double, ofTime: Double)? {
    guard span.count == 2 else { return nil }
    let positive = profile.map { $0.isFinite ? max(0, $0) : 0 }
    let total = positive.reduce(0, +)
    let own = positive.indices.filter {
      let middle = start + Double($0) * step
      return middle >= span[0] && middle < span[1]
    }
    guard total > 0, !own.isEmpty else { return nil }
    return (
      own.reduce(0) { $0 + positive[$1] } / total, Double(own.count) / Double(profile.count)
    )
  }
}
