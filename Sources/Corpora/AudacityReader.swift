/// Reads Audacity's labels: lines of start, end and label between tabs; a line that begins with `\` holds
/// frequencies and is passed over. The tier is named after the file (`a.words.txt`), else `labels`.
public struct AudacityReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    var tier = Tier(name: text.tierName(default: "labels"), intervals: [])
    for line in text.labelLines where !line.text.hasPrefix("\\") {
      let fields = line.fields
      guard fields.count >= 2 else { throw line.wrong("start, end and label between tabs") }
      let interval = Interval(
        start: try line.number(fields[0], "a start in seconds"),
        end: try line.number(fields[1], "an end in seconds"),
        label: fields.dropFirst(2).joined(separator: "\t"))
      tier.intervals.append(interval)
      tier.lines.append(line.number)
    }
    return [LabelledRecording(tiers: [tier])]
  }
}
