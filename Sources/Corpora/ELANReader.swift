/// Reads ELAN's export as tab-delimited text: tier, participant, times, annotation. Times may be in
/// `hh:mm:ss.ms`, in seconds, or in both; begin comes before end, a duration after them is not needed.
public struct ELANReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    var tiers = TierList()
    for line in text.labelLines {
      let fields = line.fields
      guard fields.count >= 5, let label = fields.last else {
        throw line.wrong("tier, participant, begin, end and annotation between tabs")
      }
      let times = fields.dropFirst(2).dropLast()
      // Clock times are sure to be times; numbers without a point would be milliseconds or frames.
      let clock = times.compactMap(Self.seconds)
      let decimal = times.filter { $0.contains(".") }.compactMap { Numeral.parse(Array($0.utf8)[...]) }
      let found = clock.count > 1 ? clock : decimal
      guard found.count > 1 else {
        throw line.wrong(
          "a begin and an end in hh:mm:ss.ms or in seconds (ss.ms)",
          found: "“\(times.joined(separator: " "))”")
      }
      let interval = Interval(start: found[0], end: found[1], label: String(label))
      let participant = fields[1].trimmed
      tiers.append(
        interval, line: line.number, to: String(fields[0]), of: participant.isEmpty ? nil : participant)
    }
    return [LabelledRecording(tiers: tiers.tiers)]
  }

  /// Seconds of `hh:mm:ss.ms`.
  private static func seconds(_ field: Substring) -> Double? {
    let parts = field.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let hours = Int(parts[0]), (0...9999).contains(hours),
      let minutes = Int(parts[1]),
      (0..<60).contains(minutes), let seconds = Numeral.parse(Array(parts[2].utf8)[...])
    else { return nil }
    return Double(hours * 3600 + minutes * 60) + seconds
  }
}
