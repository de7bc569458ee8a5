/// A level of the speech hierarchy, from the signal up to the sentence; the order of the cases is the order
/// of the hierarchy.
public enum Level: String, Codable, CaseIterable, Comparable, Sendable {
  case sound, phoneme, syllable, word, phrase, sentence

  public static func < (a: Level, b: Level) -> Bool {
    a.order < b.order
  }

  private var order: Int { Level.allCases.firstIndex(of: self) ?? 0 }
}
