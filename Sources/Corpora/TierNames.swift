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
    (.syllable, ["syllables", "syllable", "syl", "syls", "syll", "mas", "syllalign"]),
    (.word, ["words", "word", "wrd", "ort-mau", "tokensalign"]),
    (.phrase, ["phrases", "phrase"]),
    (.clause, ["clauses", "clause"]),
    (.sentence, ["sentences", "sentence", "utterances", "utterance", "utt", "sent"]),
  ]

  /// The level of a name, and its place among the names of that level.
  static func level(of name: String) -> (level: Level, rank: Int)? {
    let plain = split(name).name
    for (level, names) in known {
      if let rank = names.firstIndex(of: plain) { return (level, rank) }
    }
    return nil
  }

  /// MFA writes `speaker - phones` where a file may have several speakers.
  static func split(_ name: String) -> (speaker: String?, name: String) {
    let lower = name.lowercased()
    guard let dash = lower.range(of: " - ", options: .backwards) else { return (nil, lower.trimmed) }
    return (String(name[..<dash.lowerBound]).trimmed, String(lower[dash.upperBound...]).trimmed)
  }
}
