/// Reads TIMIT's `.PHN`, `.WRD` and `.TXT`: lines of start, end and label, with times in samples at 16 kHz.
public struct TimitReader: LabelReader {
  /// The rate that the times count in, whatever the audio's is now.
  static let samplingRate = 16_000.0

  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    let path = text.path.lowercased()
    let name = path.hasSuffix(".phn") ? "phones" : path.hasSuffix(".wrd") ? "words" : "utterance"
    var tier = Tier(name: name, intervals: [])
    for line in text.labelLines {
      let words = line.words
      guard words.count > 2 else {
        throw line.wrong("start, end (samples at 16 kHz) and label")
      }
      let start = try line.number(words[0], "a start in samples")
      let end = try line.number(words[1], "an end in samples")
      let label = words.dropFirst(2).joined(separator: " ")
      tier.intervals.append(
        Interval(start: start / Self.samplingRate, end: end / Self.samplingRate, label: label))
      tier.lines.append(line.number)
    }
    return [LabelledRecording(tiers: [tier])]
  }
}
