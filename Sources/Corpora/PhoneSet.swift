/// The alphabet that a corpus writes its phones in: what a vowel is, what stress is, and which spellings are
/// one class.
public enum PhoneSet: String, Sendable, Codable, CaseIterable {
  /// The CMU dictionary's 39 phones, vowels with a stress digit or without, in any case.
  case arpabet
  /// TIMIT's 61 phones as they are labelled, closures apart from their releases.
  case timit
  /// TIMIT's phones folded to 39 classes (Lee & Hon 1989): closures are silence, `q` is left out.
  case timit39
  /// The International Phonetic Alphabet.
  case ipa
  /// SAMPA and X-SAMPA, as MAUS and many European corpora write it.
  case sampa
  /// None of these: labels are taken as they are.
  case none

  /// The class of a label, or nil where the set leaves it out.
  ///
  /// ARPAbet is upper-cased, TIMIT lower-cased; stress is a digit there and `ˈ ˌ` (`" %` in SAMPA) elsewhere.
  public func normalised(_ label: String, keepingStress: Bool = false) -> String? {
    let label = label.trimmed
    switch self {
    case .arpabet:
      let phone = label.uppercased()
      return keepingStress ? phone : Self.withoutDigit(phone)
    case .timit:
      return label.lowercased()
    case .timit39:
      let phone = label.lowercased()
      if Timit.closures.contains(phone) || phone == "q" { return nil }
      return Timit.folded[phone] ?? phone
    case .ipa:
      return keepingStress ? label : label.filter { $0 != "ˈ" && $0 != "ˌ" && $0 != "'" }
    case .sampa:
      return keepingStress ? label : label.filter { $0 != "\"" && $0 != "%" && $0 != "'" }
    case .none:
      return label
    }
  }

  /// Whether a phone can be the nucleus of a syllable: vowels and syllabic consonants.
  public func isVowel(_ label: String) -> Bool {
    switch self {
    case .arpabet, .timit, .timit39: Arpabet.nuclei.contains(Self.withoutDigit(label.trimmed.uppercased()))
    case .ipa: IPA.isNucleus(label)
    case .sampa: Sampa.isNucleus(label)
    // Nobody said what the letters mean; the five that nearly every alphabet uses for vowels, and IPA's.
    case .none: IPA.isNucleus(label.lowercased())
    }
  }

  /// The set that fits these phones (with how often each occurs, silences left out) best.
  ///
  /// A set is taken if it knows at least four fifths of the tokens; the narrower is tried first.
  public static func recognise(_ counts: [String: Int]) -> PhoneSet {
    let total = counts.values.reduce(0, +)
    guard total > 0 else { return .none }
    func share(_ isKnown: (String) -> Bool) -> Double {
      Double(counts.reduce(0) { isKnown($1.key) ? $0 + $1.value : $0 }) / Double(total)
    }
    // Upper case or lower, but not both: where `M` and `m` are two phones, it is another alphabet.
    let upper = share { Arpabet.phones.contains(withoutDigit($0)) }
    let lower = share { $0 == $0.lowercased() && Arpabet.phones.contains(withoutDigit($0.uppercased())) }
    let timit = share(Timit.phones.contains)
    // Single consonants (`d`, `m`) are in every alphabet, so a vowel in two letters must be among them.
    let hasVowel = counts.keys.contains { Arpabet.nuclei.contains(withoutDigit($0.uppercased())) }
    if hasVowel, max(upper, lower) >= 0.8, max(upper, lower) >= timit { return .arpabet }
    if hasVowel, timit >= 0.8 { return .timit }
    let letters = counts.keys.joined().unicodeScalars
    if letters.contains(where: { $0.value > 127 && IPA.isLetter($0) }) {
      return share { $0.unicodeScalars.allSatisfy(IPA.isLetter) } >= 0.8 ? .ipa : .none
    }
    let isSampa = letters.contains(where: Sampa.marks.contains)
    return isSampa && share { $0.unicodeScalars.allSatisfy(Sampa.isLetter) } >= 0.8 ? .sampa : .none
  }

  /// Whether the set has this phone at all.
  func knows(_ label: String) -> Bool {
    switch self {
    case .arpabet: Arpabet.phones.contains(Self.withoutDigit(label.trimmed.uppercased()))
    case .timit, .timit39: Timit.phones.contains(label.trimmed.lowercased())
    case .ipa: label.trimmed.unicodeScalars.allSatisfy(IPA.isLetter)
    case .sampa: label.trimmed.unicodeScalars.allSatisfy(Sampa.isLetter)
    case .none: true
    }
  }

  private static func withoutDigit(_ phone: String) -> String {
    guard let last = phone.utf8.last, (48...50).contains(last), phone.utf8.count > 1 else { return phone }
    return String(phone.dropLast())
  }
}
