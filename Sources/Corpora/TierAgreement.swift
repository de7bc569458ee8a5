/// Whether words begin and end where phones do.
struct TierAgreement {
  /// A word's edge and a phone's this near, in seconds, are one.
  static let tolerance = 0.03
  /// More than this share of words must disagree to be told: single slips are an annotator's.
  static let share = 0.1

  /// What words may be late by, in seconds.
  private static let delays = stride(from: -50, through: 50, by: 1).map { Double($0) / 100 }

  private var words = 0
  /// Words whose beginning or end is no phone's.
  private var apart = 0
  /// Of utterances that have such words: all their words, and how many would fit after each delay.
  private var judged = 0
  private var fitting = [Int](repeating: 0, count: delays.count)
  /// How much silence each word holds at one of its edges, in seconds.
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
        word: word
      )
    }
    let misfits = edges.filter { abs($0.lead) > Self.tolerance || abs($0.trail) > Self.tolerance }
    guard !misfits.isEmpty else { return }
    apart += misfits.count
    judged += own.count
    for (place, delay) in Self.delays.enumerated() {
      fitting[place] += own.count {
        abs($0.start - delay - Self.nearest($0.start - delay, starts)) <= Self.tolerance / 2
          && abs($0.end - delay - Self.nearest($0.end - delay, ends)) <= Self.tolerance / 2
      }
    }
    // A word one edge of which is a phone's, with silence between the other and the next phone inside.
    for edge in misfits {
      let held: Double? =
        abs(edge.lead) <= Self.tolerance
        ? ends.last { $0 <= edge.word.end }.map { edge.word.end - $0 }
        : abs(edge.trail) <= Self.tolerance
          ? starts.first { $0 >= edge.word.start }.map { $0 - edge.word.start } : nil
      if let held, held > Self.tolerance { silences.append(held) }
    }
  }

  /// What to say; nil where words and phones fit.
  var message: String? {
    guard words > 0, Double(apart) > Self.share * Double(words) else { return nil }
    let text =
      "words and phones do not fit each other: \(apart) of \(words) words begin or end where no phone does"
    if let delay {
      let how = delay > 0 ? "after" : "before"
      return text + "; the words lie about \(Self.milliseconds(delay)) ms \(how) their phones"
    }
    if silences.count * 2 > apart, let silence = Self.median(silences) {
      return text
        + "; \(silences.count) hold the silence beside them, of about \(Self.milliseconds(silence)) ms"
    }
    return text
  }

  /// The delay with which clearly more words fit than as they are, and most do: the middle of the best ones.
  private var delay: Double? {
    guard let most = fitting.max(), let now = Self.delays.firstIndex(of: 0),
      Double(most) > 1.5 * Double(fitting[now]), most * 2 > judged
    else { return nil }
    let best = fitting.indices.filter { fitting[$0] == most }
    return Self.delays[best[best.count / 2]]
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
