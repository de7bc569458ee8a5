/// How the labels of a corpus are read: what is silence, which alphabet and language the phones are in, what becomes of
/// stress and tone.
public struct Labelling: Sendable, Equatable {
  /// Labels that stand for silence, lower-cased; those of phones alone (`SilenceLabels.ofPhones`) belong to the usual ones.
  public var silence: Set<String> {
    didSet { phoneSilence = Self.phoneSilence(silence) }
  }
  private var phoneSilence: Set<String>
  /// The alphabet that the phones are written in.
  public var phoneSet: PhoneSet
  /// Whether `AH0` and `AH1` are two classes.
  public var keepsStress: Bool
  /// Whether `ma1` and `ma3` are two classes.
  public var keepsTone = false
  /// What syllables can begin with follows from it; nil where it is not known.
  public var language: SpokenLanguage?
  /// Clusters that can begin a syllable beyond the language's table.
  public var onsets: [String] = []
  /// Whether labels end in Kaldi's position marks (`AH0_B`), whatever the alphabet.
  public var hasPositionMarks = false
  /// Whether the labels are a written text's, where phrases, clauses and sentences have classes and not words.
  public var isText = false

  /// Labels of `phoneSet` with these silences; what else there is to say is set afterwards.
  public init(
    silence: Set<String> = SilenceLabels.usual, phoneSet: PhoneSet = .none, keepsStress: Bool = false
  ) {
    self.silence = silence
    phoneSilence = Self.phoneSilence(silence)
    self.phoneSet = phoneSet
    self.keepsStress = keepsStress
  }

  /// Whether a label stands for silence, or for sound that is no speech, at a level; without one, at any.
  public func isSilence(_ label: String, at level: Level? = nil) -> Bool {
    let key = SilenceLabels.key(label)
    let silent = level == .phoneme ? phoneSilence : silence
    return silent.contains(key) || SilenceLabels.withoutPosition(key).map(silent.contains) ?? false
  }

  private static func phoneSilence(_ silence: Set<String>) -> Set<String> {
    silence.isSuperset(of: SilenceLabels.usual) ? silence.union(SilenceLabels.ofPhones) : silence
  }

  /// A phone's label without what belongs to no alphabet.
  func phone(_ label: String) -> String {
    hasPositionMarks ? PositionMarks.stripped(label.trimmed) : label
  }

  /// Whether a label is a vowel of the alphabet; position marks are taken off first.
  public func isVowel(_ label: String) -> Bool { phoneSet.isVowel(phone(label)) }

  /// The phone's class; nil where the alphabet leaves it out.
  func phoneClass(_ label: String, keepingStress: Bool? = nil) -> String? {
    phoneSet.normalised(phone(label), keepingStress: keepingStress ?? keepsStress, keepingTone: keepsTone)
  }

  /// For words in these phones; `known` are labels that will come again and again.
  func syllabifier(known: Set<String> = []) -> Syllabifier {
    Syllabifier(phoneSet, language: language, onsets: onsets, known: known)
  }

  /// The class of a label at a level; nil where it is none (silence, TIMIT's closures when folded).
  public func label(_ label: String, at level: Level) -> String? {
    guard !isSilence(label, at: level) else { return nil }
    switch level {
    case .sound: return label.trimmed
    case .phoneme: return phoneClass(label)
    case .mora, .syllable:
      let phones = label.split(whereSeparator: \.isWhitespace).compactMap { phoneClass(String($0)) }
      return phones.isEmpty ? nil : phones.joined(separator: " ")
    case .word, .character: return label.trimmed.lowercased()
    case .clause: return label.trimmed
    case .phrase, .sentence: return isText ? label.trimmed : SentenceText.key(label)
    }
  }
}

/// The form in which two readings of one sentence are equal.
enum SentenceText {
  /// Lower case, letters and digits only, single blanks: `“Don't!”, he said` is `dont he said`. Nil if nothing
  /// is left.
  static func key(_ text: String) -> String? {
    var words: [String] = []
    var word = ""
    for character in text.lowercased() {
      if character.isLetter || character.isNumber {
        word.append(character)
      } else if character != "'" && character != "’" && !word.isEmpty {
        words.append(word)
        word = ""
      }
    }
    if !word.isEmpty { words.append(word) }
    return words.isEmpty ? nil : words.joined(separator: " ")
  }
}
