import Foundation

/// Which level a tier holds, by the names in use.
enum TierNames {
  /// Names of tiers, lower-cased, the clearest first: it is taken if a file has several of one level.
  /// `ort-mau`, `mau` and `mas` are MAUS', `phonalign`, `tokensalign` and `syllalign` SPPAS', `phn` and `wrd`
  /// TIMIT's.
  static let known: [(level: Level, names: [String])] = [
    (
      .phoneme,
      [
        "phones", "phone", "phonemes", "phoneme", "segments", "segment", "phons", "phon", "phn", "mau",
        "phonalign",
      ]
    ),
    (.mora, ["moras", "mora", "morae"]),
    (.syllable, ["syllables", "syllable", "syl", "syls", "syll", "mas", "syllalign"]),
    (.word, ["words", "word", "wrd", "ort-mau", "tokensalign"]),
    (.phrase, ["phrases", "phrase"]),
    (.clause, ["clauses", "clause"]),
    (.sentence, ["sentences", "sentence", "utterances", "utterance", "utt", "sent"]),
  ]

  /// The level of a name, and its place among the names of that level.
  static func level(of name: String) -> (level: Level, rank: Int)? {
    let plain = name.trimmed.lowercased()
    for (level, names) in known {
      if let rank = names.firstIndex(of: plain) { return (level, rank) }
    }
    return nil
  }

  /// A tier's name and its speaker, where both stand in it: `anna - words` (MFA's), `words - anna`; with `tight` also
  /// `words-anna`, `anna_words` and `words@anna` (ELAN's habit).
  static func parts(
    _ name: String, tight: Bool, isKnown: (String) -> Bool
  ) -> (speaker: String?, name: String) {
    if isKnown(name) { return (nil, name.trimmed) }
    if let dash = name.range(of: " - ", options: .backwards) {
      let (before, after) = (
        String(name[..<dash.lowerBound]).trimmed, String(name[dash.upperBound...]).trimmed
      )
      return isKnown(after) || !isKnown(before) ? (before, after) : (after, before)
    }
    guard tight, let split = tightParts(name, isKnown) else { return (nil, name.trimmed) }
    return split
  }

  /// Whether names without blanks around a mark name speakers, too: where one speaker has several levels or one level
  /// several speakers.
  static func haveTightSpeakers(_ names: [String], isKnown: (String) -> Bool) -> Bool {
    let found = names.filter { !isKnown($0) }.compactMap { tightParts($0, isKnown) }
    let speakers = Set(found.map(\.speaker)).count
    let levels = Set(found.map { $0.name.lowercased() }).count
    return found.count > 1 && (speakers < found.count || levels < found.count)
  }

  private static func tightParts(
    _ name: String, _ isKnown: (String) -> Bool
  ) -> (speaker: String?, name: String)? {
    for place in name.indices where "-_@:. ".contains(name[place]) {
      let (before, after) = (String(name[..<place]).trimmed, String(name[place...].dropFirst()).trimmed)
      guard !before.isEmpty, !after.isEmpty else { continue }
      for (tier, speaker) in [(before, after), (after, before)]
      where isKnown(tier) && !isKnown(speaker) && !qualifiers.contains(speaker.lowercased()) {
        return (speaker, tier)
      }
    }
    return nil
  }

  /// What stands beside a tier's name and is no speaker.
  private static let qualifiers: Set<String> = [
    "tier", "level", "aligned", "original", "orig", "auto", "automatic", "manual", "hand", "gold",
    "corrected", "checked",
    "raw", "old", "new", "canonical", "ipa", "sampa", "arpabet", "orthographic", "mfa", "maus", "start",
    "end", "type",
    "id", "count", "list", "copy", "1", "2", "3",
  ]
}
