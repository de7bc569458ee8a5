/// A level of the hierarchy, from the signal or the letter up to the sentence; the order of the cases is the order
/// of the hierarchy. Speech has sounds, phonemes, moras (Japanese) and syllables below the word, a text has characters.
public enum Level: String, Codable, CaseIterable, Comparable, Sendable {
  case sound, phoneme, mora, syllable, character, word, phrase, clause, sentence

  /// Those of a text, or of speech.
  public static func levels(ofText: Bool) -> [Level] {
    ofText
      ? [.character, .word, .phrase, .clause, .sentence]
      : [.sound, .phoneme, .mora, .syllable, .word, .phrase, .sentence]
  }

  public static func < (a: Level, b: Level) -> Bool {
    a.order < b.order
  }

  private var order: Int { Level.allCases.firstIndex(of: self) ?? 0 }
}
