import Foundation

/// Reads JSON Lines as `corpus convert` writes them: an utterance a line, its tiers by name, each a list of
/// `{"start": 0.1, "end": 0.2, "label": "AE"}` in seconds. Lhotse's supervisions are read too.
public struct JSONLinesReader: LabelReader {
  public init() {}

  private struct Line: Decodable {
    struct Row: Decodable {
      let start: JSONSeconds
      let end: JSONSeconds
      let label: String
    }
    let utterance: String
    let speaker: String?
    let tiers: [String: [Row]]
  }

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    let lines = text.labelLines
    if let first = lines.first, LhotseSupervision.decode(first) != nil {
      return try LhotseSupervision.recordings(lines)
    }
    var recordings: [LabelledRecording] = []
    for line in lines {
      let found: Line
      do {
        found = try JSONDecoder().decode(Line.self, from: Data(line.text.utf8))
      } catch {
        throw line.wrong(
          "{\"utterance\": …, \"tiers\": {\"word\": [{\"start\": …, \"end\": …, \"label\": …}]}}, or a "
            + "supervision of Lhotse's (with a recording_id)")
      }
      let tiers = found.tiers.sorted { $0.key < $1.key }.map { name, rows in
        var tier = Tier(
          name: name,
          intervals: rows.map { Interval(start: $0.start.value, end: $0.end.value, label: $0.label) },
          lines: rows.map { _ in line.number })
        tier.speaker = found.speaker
        return tier
      }
      recordings.append(LabelledRecording(name: found.utterance, tiers: tiers))
    }
    return recordings
  }
}
