import Foundation

/// A line of Lhotse's `supervisions.jsonl`: a stretch of a recording with its text, its speaker, and maybe alignments, whose
/// times count from the recording's start.
struct LhotseSupervision: Decodable {
  private struct Item: Decodable {
    let symbol: String
    let start: Double
    let duration: Double

    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      symbol = try list.decode(String.self)
      start = try list.decode(JSONSeconds.self).value
      duration = try list.decode(JSONSeconds.self).value
    }

    var interval: Interval { LhotseSupervision.interval(start, duration, symbol) }
  }

  private let recording: String
  private let start: JSONSeconds
  private let duration: JSONSeconds
  private let text: String?
  private let speaker: String?
  private let alignment: [String: [Item]]?

  private enum CodingKeys: String, CodingKey {
    case recording = "recording_id"
    case start, duration, text, speaker, alignment
  }

  /// Nil where the line is something else.
  static func decode(_ line: LabelLine) -> LhotseSupervision? {
    try? JSONDecoder().decode(LhotseSupervision.self, from: Data(line.text.utf8))
  }

  /// A recording's supervisions together: a tier for the texts, one for each kind of alignment, apart by speaker.
  static func recordings(_ lines: [LabelLine]) throws(CorpusError) -> [LabelledRecording] {
    var names: [String] = []
    var tiers: [String: TierList] = [:]
    for line in lines {
      guard let found = decode(line) else {
        throw line.wrong("a supervision with recording_id, start and duration")
      }
      if tiers[found.recording] == nil { names.append(found.recording) }
      let owner = found.speaker.map { "\($0) - " } ?? ""
      func add(_ interval: Interval, _ name: String) {
        tiers[found.recording, default: TierList()].append(interval, line: line.number, to: owner + name)
      }
      if let text = found.text {
        add(interval(found.start.value, found.duration.value, text), "sentences")
      }
      for (name, items) in (found.alignment ?? [:]).sorted(by: { $0.key < $1.key }) {
        for item in items { add(item.interval, name) }
      }
    }
    return names.map { LabelledRecording(name: $0, tiers: tiers[$0]?.tiers ?? []) }
  }

  private static func interval(_ start: Double, _ duration: Double, _ label: String) -> Interval {
    // The sum of two decimals is rounded, so that it is the next label's start.
    Interval(start: start, end: ((start + duration) * 1e6).rounded() / 1e6, label: label)
  }
}
