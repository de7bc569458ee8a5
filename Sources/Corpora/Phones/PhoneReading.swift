/// What an alphabet says of one label.
struct PhoneReading: Sendable {
  /// In IPA; empty where the label has no sound of its own (the first half of a long consonant).
  var signs: [IPALabel.Sign] = []
  var stress: Stress?
  var tone: String?
  /// A closure, which is one consonant with the release behind it.
  var isClosure = false

  /// It can be the middle of a syllable: a vowel, or a syllabic consonant.
  var isNucleus: Bool { signs.contains(where: \.isNucleus) }
}

extension PhoneSet {
  /// Nil where the alphabet is not known, or does not have the label.
  func reading(of label: String) -> PhoneReading? {
    let label = PositionMarks.stripped(label.trimmed, in: self)
    switch self {
    case .arpabet: return Self.arpabet(label)
    case .timit, .timit39, .buckeye:
      let phone = label.lowercased()
      guard let ipa = Buckeye.ipa(phone), let sound = IPALabel(ipa) else { return nil }
      return PhoneReading(signs: sound.signs, isClosure: Timit.closures.contains(phone))
    case .ipa:
      return IPALabel(label).map { PhoneReading(signs: $0.signs, stress: $0.stress, tone: $0.tone) }
    case .sampa:
      return Sampa.ipa(label).flatMap { IPALabel($0) }
        .map { PhoneReading(signs: $0.signs, stress: $0.stress, tone: $0.tone) }
    case .pinyin: return Self.pinyin(label.lowercased())
    case .romaji:
      if Romaji.geminates.contains(label) { return PhoneReading() }
      return Romaji.ipa[label].flatMap { IPALabel($0) }.map { PhoneReading(signs: $0.signs) }
    case .none: return nil
    }
  }

  private static func arpabet(_ label: String) -> PhoneReading? {
    let (phone, digit) = splitDigit(label)
    guard let sound = Arpabet.ipa[phone.lowercased()].flatMap({ IPALabel($0) }) else { return nil }
    let stress: Stress? =
      switch digit {
      case "0": .unstressed
      case "1": .primary
      case "2": .secondary
      default: nil
      }
    return PhoneReading(signs: sound.signs, stress: stress)
  }

  private static func pinyin(_ label: String) -> PhoneReading? {
    let (phone, tone) = Pinyin.split(label.replacing("ü", with: "v"))
    if tone == nil, Pinyin.zeroInitials.contains(phone) { return PhoneReading() }
    let ipa = (tone == nil ? Pinyin.initials[phone] : nil) ?? Pinyin.finals[phone]
    return ipa.flatMap { IPALabel($0) }.map { PhoneReading(signs: $0.signs, tone: tone) }
  }

  /// ARPAbet's digit of stress, where there is one behind the phone.
  static func splitDigit(_ phone: String) -> (phone: String, digit: Character?) {
    guard let last = phone.utf8.last, (48...50).contains(last), phone.utf8.count > 1 else {
      return (phone, nil)
    }
    return (String(phone.dropLast()), Character(UnicodeScalar(last)))
  }
}

/// Kaldi's marks of a phone's place in its word: `_B` the first, `_E` the last, `_I` inside, `_S` the only one.
enum PositionMarks {
  private static let marks: Set<Character> = ["B", "I", "E", "S"]

  /// Whether a label ends in one; what X-SAMPA writes with the same letters, a bottom tone, stands behind vowels.
  static func isMarked(_ label: String) -> Bool {
    guard let last = label.utf8.last, last >= 66, last <= 83, label.utf8.count > 2 else { return false }
    return marks.contains(Character(UnicodeScalar(last))) && label.utf8.dropLast().last == UInt8(ascii: "_")
  }

  static func stripped(_ label: String) -> String {
    isMarked(label) ? String(label.dropLast(2)) : label
  }

  /// Unless the alphabet may mean something else by it.
  static func stripped(_ label: String, in set: PhoneSet) -> String {
    set == .sampa || set == .none ? label : stripped(label)
  }
}
