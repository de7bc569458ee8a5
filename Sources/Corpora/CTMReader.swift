/// Reads NIST's CTM: lines of recording, channel, start, duration, label and maybe a confidence; `;;` begins a
/// comment. The tier is named after the file (`a.phones.ctm`), else `words`.
public struct CTMReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    let name = text.tierName(default: "words")
    var recordings: [LabelledRecording] = []
    var places: [String: Int] = [:]
    var channels: [String: Substring] = [:]
    for line in text.labelLines where !line.text.hasPrefix(";;") {
      let words = line.words
      guard words.count >= 5 else {
        throw line.wrong("recording, channel, start, duration and label")
      }
      let recording = CorpusFolder.withoutAudioExtension(String(words[0]))
      let channel = channels[recording] ?? words[1]
      guard channel == words[1] else {
        throw line.wrong(
          "channel \(channel) as before: one speaker a recording", found: "channel \(words[1])")
      }
      channels[recording] = channel
      let start = try line.number(words[2], "a start in seconds")
      let duration = try line.number(words[3], "a duration in seconds")
      let place = places[recording] ?? recordings.count
      if place == recordings.count {
        recordings.append(LabelledRecording(name: recording, tiers: [Tier(name: name, intervals: [])]))
        places[recording] = place
      }
      // The sum of two decimals is rounded, so that it is the next label's start.
      let end = ((start + duration) * 1e6).rounded() / 1e6
      recordings[place].tiers[0].intervals.append(Interval(start: start, end: end, label: String(words[4])))
      recordings[place].tiers[0].lines.append(line.number)
    }
    return recordings
  }
}
