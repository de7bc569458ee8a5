/// Whether words begin and end where phones do.
struct TierAgreement {
  /// A word's edge and a phone's this near, in seconds, are one.
  static let tolerance = 0.03
  /// More than this share of words must disagree to be told: single slips are an annotator's.
  static let share = 0.1

  private var words = 0
  /// Words whose beginning or end is no phone's.
  private var apart = 0
  /// How much later than their phones words lie, in seconds, where one delay makes most of them fit.
  private var delays: [Double] = []
  /// How much later than the last phone each word ends that begins with a phone.
  private var silences: [Double] = []

  mutating func add(words tier: Tier, phones: Tier, labelling: Labelling) {
    let spoken = phones.intervals.filter { !labelling.isSilence($0.label, at: .phoneme) }
    let starts = spoken.map(\.start).sorted()
    let ends = spoken.map(\.end).sorted()
    guard !spoken.isEmpty else { return }
    let own = tier.intervals.filter { !labelling.isSilence($0.label, at: tier.level) }
    words += own.count
    let edges = own.map { word in
      (
        lead: word.start - Self.nearest(word.start, starts), trail: word.end - Self.nearest(word.end, ends),
        end: word.end
      )
    }
    let misfits = edges.filter { abs($0.lead) > Self.tolerance || abs($0.trail) > Self.tolerance }
    guard !misfits.isEmpty else { return }
    apart += misfits.count
    let delay = Self.delay(own, starts, ends)
    guard delay == 0 else {
      delays += misfits.map { _ in delay }
      return
    }
    // A word that begins with a phone and ends well after the last one in it.
    silences += misfits.filter { abs($0.lead) <= Self.tolerance }.compactMap { edge in
      ends.last { $0 <= edge.end }.map { edge.end - $0 }.flatMap { $0 > Self.tolerance ? $0 : nil }
    }
  }

  /// What to say; nil where words and phones fit.
  var message: String? {
    guard words > 0, Double(apart) > Self.share * Double(words) else { return nil }
    let text =
      "words and phones do not fit each other: \(apart) of \(words) words begin or end where no phone does"
    if delays.count * 2 > apart, let delay = Self.median(delays) {
      let how = delay > 0 ? "after" : "before"
      return text + "; the words lie about \(Self.milliseconds(delay)) ms \(how) their phones"
    }
    if silences.count * 2 > apart, let silence = Self.median(silences) {
      return text
        + "; \(silences.count) hold the silence that follows them, of about \(Self.milliseconds(silence)) ms"
    }
    return text
  }

  /// The delay of words against phones with which the most of their edges meet; 0 unless it is clearly better.
  private static func delay(_ words: [Interval], _ starts: [Double], _ ends: [Double]) -> Double {
    func fitting(_ delay: Double) -> Int {
      words.count {
        abs($0.start - delay - nearest($0.start - delay, starts)) <= tolerance / 2
          && abs($0.end - delay - nearest($0.end - delay, ends)) <= tolerance / 2
      }
    }
    let now = fitting(0)
    let best = stride(from: -0.5, through: 0.5, by: 0.01).map { ($0, fitting($0)) }
      .max { ($0.1, -abs($0.0)) < ($1.1, -abs($1.0)) }
    guard let best, best.1 > max(2 * now, words.count / 2) else { return 0 }
    let rest = words.map { $0.start - best.0 - nearest($0.start - best.0, starts) }
    return best.0 + (median(rest.filter { abs($0) <= tolerance }) ?? 0)
  }

  private static func nearest(_ time: Double, _ times: [Double]) -> Double {
    var (low, high) = (0, times.count)
    while low < high {
      let middle = (low + high) / 2
      if times[middle] < time { low = middle + 1 } else { high = middle }
    }
    let near = [low - 1, low].filter(times.indices.contains).map { times[$0] }
    return near.min { abs($0 - time) < abs($1 - time) } ?? time
  }

  private static func median(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.sorted()[values.count / 2]
  }

  private static func milliseconds(_ seconds: Double) -> Int { Int((abs(seconds) * 1000).rounded()) }
}
