/// Reads NIST's CTM: lines of recording, channel, start, duration, label and maybe a confidence; `;;` begins a
/// comment. The tier is named after the file (`a.phones.ctm`, `phones.ctm`), else `words`; a recording of several
/// channels has a tier for each.
public struct CTMReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    let found = read(text)
    if let fault = found.faults.first { throw fault }
    return found.recordings
  }

  /// The recordings, and what is wrong with the lines that could not be read.
  func read(_ text: LabelText) -> (recordings: [LabelledRecording], faults: [CorpusError]) {
    let name = text.tierName(default: "words")
    var faults: [CorpusError] = []
    var recordings: [LabelledRecording] = []
    var places: [String: Int] = [:]
    // The channels of each recording, in the order of its tiers.
    var channels: [[String]] = []
    for line in text.labelLines where !line.text.hasPrefix(";;") {
      do throws(CorpusError) {
        let row = try Row(line)
        let place = places[row.recording] ?? recordings.count
        if place == recordings.count {
          recordings.append(LabelledRecording(name: row.recording, tiers: []))
          channels.append([])
          places[row.recording] = place
        }
        let tier = channels[place].firstIndex(of: row.channel) ?? channels[place].count
        if tier == channels[place].count {
          channels[place].append(row.channel)
          recordings[place].tiers.append(Tier(name: name, intervals: []))
        }
        recordings[place].tiers[tier].intervals.append(row.interval)
        recordings[place].tiers[tier].lines.append(line.number)
      } catch {
        faults.append(error)
      }
    }
    for place in recordings.indices where channels[place].count > 1 {
      for (tier, channel) in channels[place].enumerated() {
        recordings[place].tiers[tier].channel = ChannelChoice.number(channel)
      }
    }
    return (recordings, faults)
  }

  private struct Row {
    let recording: String
    let channel: String
    let interval: Interval

    init(_ line: LabelLine) throws(CorpusError) {
      let words = line.words
      guard words.count >= 5 else {
        throw line.wrong("recording, channel, start, duration and label")
      }
      recording = CorpusFolder.withoutAudioExtension(String(words[0]))
      channel = String(words[1])
      let start = try line.number(words[2], "a start in seconds")
      let duration = try line.number(words[3], "a duration in seconds")
      // The sum of two decimals is rounded, so that it is the next label's start.
      let end = ((start + duration) * 1e6).rounded() / 1e6
      interval = Interval(start: start, end: end, label: String(words[4]))
    }
  }
}
