/// Compares how long labels are with how long their audio is, over a whole corpus.
struct LengthCheck {
  /// Lengths may differ by this many seconds: frames are rounded, compressed audio is padded.
  static let tolerance = 0.1

  private struct Row {
    let shown: String
    /// Where the labels end, in seconds.
    let labels: Double
    let audio: Double
    /// Whether the label file says how long it is; else the end of its last label counts.
    let isSaid: Bool

    var ratio: Double { labels / audio }
    var difference: Double { audio - labels }
  }

  private var rows: [Row] = []

  mutating func add(_ tiers: [Tier], seconds: Double?, shown: String) {
    guard let seconds, seconds > 0 else { return }
    let said = tiers.compactMap { $0.extent?.upperBound }.max()
    guard let end = said ?? tiers.compactMap({ $0.intervals.map(\.end).max() }).max(), end > 0 else {
      return
    }
    rows.append(Row(shown: shown, labels: end, audio: seconds, isSaid: said != nil))
  }

  /// One issue for all that is of another length, with what they have in common.
  func report(path: String, _ issues: inout IssueList) {
    let said = Self.differing(rows.filter(\.isSaid))
    let unsaid = rows.filter { !$0.isSaid }
    if let first = said.max(by: { abs($0.difference) < abs($1.difference) }) {
      let many = said.count == 1 ? "" : "; the most differs \(first.shown)"
      issues.add(
        .length, said.count == 1 ? first.shown : path,
        "labels and audio are of different length in \(said.count) of \(rows.count) files: \(Self.cause(said))\(many), "
          + "\(Self.words(first.labels)) against \(Self.words(first.audio)) s")
    }
    // Labels that nobody says the end of may stop before a silence, but not all at one share of the audio.
    let spread = Self.spread(unsaid.map(\.audio))
    let ratio = Self.spread(unsaid.map(\.ratio))
    if unsaid.count > 2, spread.relative > 0.05, ratio.relative < 0.02, abs(ratio.mean - 1) > 0.05,
      Self.spread(unsaid.map { $0.ratio - 1 }).relative < Self.spread(unsaid.map(\.difference)).relative,
      let first = unsaid.first
    {
      issues.add(
        .length, path,
        "the last labels of \(unsaid.count) files all end at \(Self.words(ratio.mean)) of their audio, such as "
          + "\(first.shown), \(Self.words(first.labels)) against \(Self.words(first.audio)) s: "
          + Self.cause(ofRatio: ratio.mean))
    }
  }

  /// Those that are off by more than the tolerance; of short recordings all, where all are off by one factor.
  private static func differing(_ rows: [Row]) -> [Row] {
    let ratio = spread(rows.map(\.ratio))
    if rows.count > 2, abs(ratio.mean - 1) > 0.02, ratio.relative < 0.002 { return rows }
    return rows.filter { abs($0.difference) > tolerance }
  }

  /// What differences have in common.
  private static func cause(_ rows: [Row]) -> String {
    let ratio = spread(rows.map(\.ratio))
    let difference = spread(rows.map(\.difference))
    let ofRatio = spread(rows.map { $0.ratio - 1 })
    if rows.count > 1, ofRatio.relative < 0.15, ofRatio.relative < difference.relative {
      return "labels are \(words(ratio.mean)) times as long as the audio; " + cause(ofRatio: ratio.mean)
    }
    if rows.count > 1, difference.relative < 0.15 {
      return difference.mean > 0
        ? "the audio is \(words(difference.mean)) s longer; something was added to it or cut from the labels"
        : "the audio is \(words(-difference.mean)) s shorter; something was cut from it"
    }
    guard rows.count > 1 else { return "the audio is \(words(rows[0].difference)) s longer" }
    return "by \(words(rows.map { abs($0.difference) }.min() ?? 0)) to "
      + "\(words(rows.map { abs($0.difference) }.max() ?? 0)) s"
  }

  private static func cause(ofRatio ratio: Double) -> String {
    let rates = [8000.0, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]
    for labels in rates {
      for audio in rates where audio != labels && abs(ratio * labels / audio - 1) < 0.005 {
        return "the audio was changed in speed, or times were counted at another rate "
          + "(such as \(Int(labels)) Hz for \(Int(audio)) Hz)"
      }
    }
    return "the audio was changed in speed, or its header has a wrong sampling rate"
  }

  /// The mean, and the standard deviation as a share of it.
  private static func spread(_ values: [Double]) -> (mean: Double, relative: Double) {
    guard !values.isEmpty else { return (0, .infinity) }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return (mean, mean == 0 ? .infinity : variance.squareRoot() / abs(mean))
  }

  private static func words(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
}
