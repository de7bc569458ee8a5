/// How the labels of a corpus are read: what is silence, which alphabet the phones are in, what becomes of
/// stress.
public struct Labelling: Sendable, Equatable {
  /// Labels that stand for silence, lower-cased.
  public var silence: Set<String>
  public var phoneSet: PhoneSet
  /// Whether `AH0` and `AH1` are two classes.
  public var keepsStress: Bool
  /// Whether the labels are a written text's, where phrases, clauses and sentences have classes and not words.
  public var isText = false

  public init(
    silence: Set<String> = SilenceLabels.usual, phoneSet: PhoneSet = .none, keepsStress: Bool = false
  ) {
    self.silence = silence
    self.phoneSet = phoneSet
    self.keepsStress = keepsStress
  }

  public func isSilence(_ label: String) -> Bool {
    silence.contains(SilenceLabels.key(label))
  }

  /// The class of a label at a level; nil where it is none (silence, TIMIT's closures when folded).
  public func label(_ label: String, at level: Level) -> String? {
    guard !isSilence(label) else { return nil }
    switch level {
    case .sound: return label.trimmed
    case .phoneme: return phoneSet.normalised(label, keepingStress: keepsStress)
    case .syllable:
      let phones = label.split(whereSeparator: \.isWhitespace)
        .compactMap { phoneSet.normalised(String($0), keepingStress: keepsStress) }
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
