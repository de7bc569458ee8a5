/// Looks a tier over and puts right what can be put right, saying so.
enum TierCheck {
  /// Labels may end this much after the audio, in seconds: alignments are rounded and audio is trimmed.
  static let tolerance = 0.05
  /// No recording is longer than this, in seconds (115 days), whatever its labels say.
  static let longest = 1e7
  /// Times closer than this, in seconds, are the same time rounded twice.
  static let rounding = 0.001

  /// The tier in the order of time, without labels that have no duration or lie outside the audio. Labels that were moved
  /// by a user's shift may lie outside by as much more; they are cut at the audio's ends.
  static func repaired(
    _ tier: Tier, seconds: Double?, shift: Double = 0, labelling: Labelling, issues: inout IssueList
  ) -> Tier {
    let tier = sorted(tier, &issues)
    reportOverlaps(tier, &issues)
    return clipped(tier, seconds, tolerance + abs(shift), labelling, &issues)
  }

  private static func line(_ tier: Tier, _ index: Int) -> Int? {
    tier.lines.indices.contains(index) ? tier.lines[index] : nil
  }

  private static func sorted(_ tier: Tier, _ issues: inout IssueList) -> Tier {
    let intervals = tier.intervals
    let back = intervals.indices.dropFirst().first { intervals[$0].start < intervals[$0 - 1].start }
    guard let back else { return tier }
    issues.add(
      .unsorted, tier.path, line: line(tier, back),
      "tier “\(tier.name)”: “\(intervals[back].label)” at \(intervals[back].start) s comes after "
        + "\(intervals[back - 1].start) s; the tier was sorted")
    let order = intervals.indices.sorted {
      (intervals[$0].start, intervals[$0].end, $0) < (intervals[$1].start, intervals[$1].end, $1)
    }
    var result = tier
    result.intervals = order.map { intervals[$0] }
    if tier.lines.count == intervals.count { result.lines = order.map { tier.lines[$0] } }
    return result
  }

  /// One issue of each kind a tier: where it happens first, and how often.
  private static func reportOverlaps(_ tier: Tier, _ issues: inout IssueList) {
    var overlaps: (count: Int, first: Int) = (0, 0)
    var gaps: (count: Int, first: Int) = (0, 0)
    var outside: (count: Int, first: Int) = (0, 0)
    let extent = tier.extent ?? -Double.infinity...Double.infinity
    var end = tier.intervals.first?.start ?? 0
    for (index, interval) in tier.intervals.enumerated() {
      if interval.start < end - rounding {
        overlaps = (overlaps.count + 1, overlaps.count == 0 ? index : overlaps.first)
      } else if interval.start > end + rounding, tier.extent != nil {
        gaps = (gaps.count + 1, gaps.count == 0 ? index : gaps.first)
      }
      if interval.start < extent.lowerBound - rounding || interval.end > extent.upperBound + rounding {
        outside = (outside.count + 1, outside.count == 0 ? index : outside.first)
      }
      end = max(end, interval.end)
    }
    func report(_ kind: IssueList.Kind, _ found: (count: Int, first: Int), _ words: (Interval) -> String) {
      guard found.count > 0 else { return }
      let more = found.count > 1 ? " (\(found.count) such places)" : ""
      issues.add(
        kind, tier.path, line: line(tier, found.first),
        "tier “\(tier.name)”: \(words(tier.intervals[found.first]))\(more)")
    }
    report(.overlap, overlaps) {
      "“\($0.label)” begins at \($0.start) s, before the label ahead of it has ended"
    }
    report(.gap, gaps) { "nothing is labelled just before “\($0.label)” at \($0.start) s" }
    report(.outsideExtent, outside) {
      "“\($0.label)” at \($0.start) … \($0.end) s is outside the tier's own \(extent.lowerBound) … "
        + "\(extent.upperBound) s"
    }
  }

  private static func clipped(
    _ tier: Tier, _ seconds: Double?, _ tolerance: Double, _ labelling: Labelling, _ issues: inout IssueList
  ) -> Tier {
    let limit = seconds ?? longest
    var kept = tier
    kept.intervals = []
    kept.lines = []
    var empty: [Int] = []
    var outside: [Int] = []
    for (index, interval) in tier.intervals.enumerated() {
      let isSilence = labelling.isSilence(interval.label, at: tier.level)
      if !(interval.start < interval.end) {
        if !isSilence { empty.append(index) }
      } else if !isSilence, interval.end > limit + tolerance || interval.start < -tolerance {
        outside.append(index)
      } else {
        let inside = Interval(
          start: max(0, interval.start), end: min(limit, interval.end), label: interval.label)
        guard inside.start < inside.end else {
          if !isSilence { outside.append(index) }
          continue
        }
        kept.intervals.append(inside)
        if let line = line(tier, index) { kept.lines.append(line) }
      }
    }
    if let first = empty.first {
      let interval = tier.intervals[first]
      issues.add(
        .emptyInterval, tier.path, line: line(tier, first),
        "tier “\(tier.name)”: “\(interval.label)” lasts from \(interval.start) to \(interval.end) s, which is no "
          + "time; \(dropped(empty.count))")
    }
    if let first = outside.first {
      let interval = tier.intervals[first]
      issues.add(
        .beyondAudio, tier.path, line: line(tier, first),
        "tier “\(tier.name)”: “\(interval.label)” at \(interval.start) … \(interval.end) s is outside the audio of "
          + "\(seconds.map { "\($0)" } ?? "unknown") s; \(dropped(outside.count))")
    }
    return kept
  }

  private static func dropped(_ count: Int) -> String {
    count == 1 ? "the label was dropped" : "\(count) labels were dropped"
  }
}
