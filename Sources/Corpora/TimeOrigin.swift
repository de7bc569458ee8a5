/// Finds labels whose clock does not begin with the audio: a TextGrid cut out of a long recording with its times kept.
enum TimeOrigin {
  /// Lengths closer than this, in seconds, are one length.
  static let tolerance = 0.1

  /// The seconds to add to all times, and what to say of it; 0 and nil where the clock is the audio's.
  static func move(of tiers: [Tier], seconds: Double?) -> (seconds: Double, message: String?) {
    let extents = tiers.compactMap(\.extent)
    guard let start = extents.map(\.lowerBound).min(), let end = extents.map(\.upperBound).max(),
      abs(start) > tolerance
    else { return (0, nil) }
    let clock = "its labels' clock runs from \(start) to \(end) s"
    guard let seconds else { return (0, "\(clock); whether the audio's does cannot be told") }
    if abs(end - seconds) <= tolerance { return (0, nil) }
    if abs(end - start - seconds) <= tolerance {
      return (-start, "\(clock), and the audio lasts \(seconds) s: they are moved to begin at 0")
    }
    return (0, "\(clock), and the audio lasts \(seconds) s; they are taken as the audio's own times")
  }
}
