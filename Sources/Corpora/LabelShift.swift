/// Seconds that are added to the times of labels whose clock is not the audio's: `shift:` of a `corpus.yaml`.
public enum LabelShift: Sendable, Equatable {
  case all(Double)
  case ofSpeaker([String: Double])

  /// A day; more is no shift.
  public static let limit = 86_400.0

  /// For messages.
  var words: String {
    switch self {
    case .all(let seconds): "\(seconds) s"
    case .ofSpeaker(let seconds):
      seconds.sorted { $0.key < $1.key }.map { "\($0.value) s (\($0.key))" }.joined(separator: ", ")
    }
  }

  /// What is added to a speaker's times.
  public func seconds(of speaker: String) -> Double {
    switch self {
    case .all(let seconds): seconds
    case .ofSpeaker(let seconds): seconds[speaker] ?? 0
    }
  }
}

extension Tier {
  /// All times later by so many seconds, rounded to the microsecond.
  func moved(by seconds: Double) -> Tier {
    guard seconds != 0 else { return self }
    func moved(_ time: Double) -> Double { ((time + seconds) * 1e6).rounded() / 1e6 }
    var tier = self
    tier.intervals = intervals.map {
      Interval(start: moved($0.start), end: moved($0.end), label: $0.label)
    }
    tier.extent = extent.map { moved($0.lowerBound)...max(moved($0.lowerBound), moved($0.upperBound)) }
    return tier
  }
}
