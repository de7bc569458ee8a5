/// Reads the Bavarian Archive's Partitur files (`.par`): `KEY:` and fields, times in samples of the rate that `SAM:` says.
///
/// `MAU` and `PHO` are phones and `SAP` too: start, duration, the number of the word, label; `WOR` are words in time. Words
/// without times of their own last as long as the phones that name them, and are spelt as `ORT` says.
public struct PartiturReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    var rate: Double?
    var spelling: [Int: String] = [:]
    var tiers = TierList()
    var words: [(index: Int, interval: Interval)] = []
    var hasWords = false
    for line in text.labelLines {
      let key = line.text.prefix { $0 != ":" }
      let fields = line.text.dropFirst(key.count + 1).split(maxSplits: 3, whereSeparator: \.isWhitespace)
      switch key {
      case "SAM":
        let value = try line.number(fields.first ?? "", "the samples per second")
        guard (1...10_000_000).contains(value) else { throw line.wrong("the samples per second") }
        rate = value
      case "ORT":
        guard fields.count >= 2, let index = Int(fields[0]) else {
          throw line.wrong("ORT:, a number and a word")
        }
        spelling[index] = fields.dropFirst().joined(separator: " ")
      case "MAU", "PHO", "SAP", "WOR":
        guard let rate else { throw line.wrong("SAM: with the samples per second before any label") }
        guard fields.count == 4 else {
          throw line.wrong("\(key):, start, duration, a word's number and a label")
        }
        let start = try line.number(fields[0], "a start in samples") / rate
        // The end is the sample before the next label's start.
        let end = start + (try line.number(fields[1], "a duration in samples") + 1) / rate
        let interval = Interval(start: start, end: end, label: fields[3].trimmed)
        hasWords = hasWords || key == "WOR"
        tiers.append(
          interval, line: line.number, to: key == "WOR" ? "words" : key == "MAU" ? "MAU" : "phones")
        guard key != "WOR", let index = Int(fields[2].split(separator: ",").first ?? ""), index >= 0 else {
          continue
        }
        if let last = words.last, last.index == index {
          words[words.count - 1].interval.end = max(last.interval.end, end)
        } else {
          words.append((index, Interval(start: start, end: end, label: "")))
        }
      default: continue
      }
    }
    var found = tiers.tiers.map(Self.withoutRounding)
    if !hasWords, !spelling.isEmpty {
      let intervals = words.compactMap { word in
        spelling[word.index].map { Interval(start: word.interval.start, end: word.interval.end, label: $0) }
      }
      found.append(Self.withoutRounding(Tier(name: "words", intervals: intervals)))
    }
    return [LabelledRecording(tiers: found)]
  }

  /// Durations are a sample short by the format's definition, but not in every program's files: ends that pass the next
  /// start by a sample or two are that start.
  private static func withoutRounding(_ tier: Tier) -> Tier {
    var tier = tier
    for index in tier.intervals.indices.dropLast() {
      let next = tier.intervals[index + 1].start
      if abs(tier.intervals[index].end - next) < 0.0005 { tier.intervals[index].end = next }
    }
    return tier
  }
}
