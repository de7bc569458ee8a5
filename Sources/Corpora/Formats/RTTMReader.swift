/// Reads NIST's RTTM: who speaks when (`SPEAKER` lines) and, where they are there, words (`LEXEME`). Each speaker's turns are
/// a tier, `NAME - turns`.
public struct RTTMReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    var names: [String] = []
    var tiers: [String: TierList] = [:]
    var speakers: [String: String] = [:]
    for line in text.labelLines where !line.text.hasPrefix(";;") {
      let words = line.words
      guard let type = words.first, type == "SPEAKER" || type == "LEXEME" else { continue }
      guard words.count >= 8 else {
        throw line.wrong("\(type), file, channel, start, duration, text, subtype and speaker")
      }
      let start = try line.number(words[3], "a start in seconds")
      let end = ((start + (try line.number(words[4], "a duration in seconds"))) * 1e6).rounded() / 1e6
      let file = String(words[1])
      if tiers[file] == nil { names.append(file) }
      let isTurn = type == "SPEAKER"
      let tier = "\(words[7]) - \(isTurn ? "turns" : "words")"
      speakers[tier] = String(words[7])
      tiers[file, default: TierList()].append(
        Interval(start: start, end: end, label: String(isTurn ? words[7] : words[5])), line: line.number,
        to: tier)
    }
    return names.map { name in
      let own = (tiers[name]?.tiers ?? []).map { tier in
        var tier = tier
        tier.speaker = speakers[tier.name]
        return tier
      }
      return LabelledRecording(name: name, tiers: own)
    }
  }
}
