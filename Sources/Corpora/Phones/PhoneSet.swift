import Foundation

/// The alphabet that a corpus writes its phones in: what a vowel is, what stress and tone are, and which spellings are
/// one class.
public enum PhoneSet: String, Sendable, Codable, CaseIterable {
  /// The CMU dictionary's 39 phones, vowels with a stress digit or without, in any case.
  case arpabet
  /// TIMIT's 61 phones as they are labelled, closures apart from their releases.
  case timit
  /// TIMIT's phones folded to 39 classes (Lee & Hon 1989): closures are silence, `q` is left out.
  case timit39
  /// The Buckeye corpus' phones, nasalised vowels (`ihn`) apart from oral ones.
  case buckeye
  /// The International Phonetic Alphabet, also in Praat's backslash trigraphs.
  case ipa
  /// SAMPA and X-SAMPA, as MAUS and many European corpora write it.
  case sampa
  /// Initials and finals of Hanyu Pinyin, finals with a tone digit.
  case pinyin
  /// The phones of OpenJTalk and the CSJ: Japanese in Hepburn's romanisation.
  case romaji
  /// None of these: labels are taken as they are, and nothing is derived from them.
  case none

  /// The class of a label, or nil where the set leaves it out.
  ///
  /// ARPAbet is upper-cased; TIMIT, Buckeye and pinyin are lower-cased; Kaldi's position marks (`_B _I _E _S`) are left
  /// out. Stress is ARPAbet's final digit, IPA's `ˈ ˌ`, SAMPA's `" %`; an apostrophe is stress in front of a label and
  /// part of the phone behind one. Tone is IPA's letters and accents of tone, X-SAMPA's `_T _H _M _L _B _R _F` and
  /// pinyin's digit.
  public func normalised(
    _ label: String, keepingStress: Bool = false, keepingTone: Bool = false
  ) -> String? {
    let label = PositionMarks.stripped(label.trimmed, in: self)
    switch self {
    case .arpabet:
      let phone = label.uppercased()
      return keepingStress ? phone : Self.splitDigit(phone).phone
    case .timit, .buckeye:
      return label.lowercased()
    case .timit39:
      let phone = label.lowercased()
      if Timit.closures.contains(phone) || phone == "q" { return nil }
      return Timit.folded[phone] ?? phone
    case .ipa: return Self.normalisedIPA(label, keepingStress: keepingStress, keepingTone: keepingTone)
    case .sampa: return Self.normalisedSampa(label, keepingStress: keepingStress, keepingTone: keepingTone)
    case .pinyin:
      let phone = label.lowercased().replacing("ü", with: "v")
      return keepingTone ? phone : Pinyin.split(phone).phone
    case .romaji, .none:
      return label
    }
  }

  private static func normalisedIPA(_ label: String, keepingStress: Bool, keepingTone: Bool) -> String {
    // Most labels are a few ASCII letters, which mark nothing.
    if label.utf8.allSatisfy({ (97...122).contains($0) }) { return label }
    var label = label.contains("\\") ? PraatTrigraphs.decoded(label) : label
    if !keepingStress {
      if label.first == "'" { label.removeFirst() }
      label.removeAll { $0 == "ˈ" || $0 == "ˌ" }
    }
    guard !keepingTone, ToneMarks.mayBe(in: label), IPALabel(label)?.tone != nil else { return label }
    return ToneMarks.removed(from: label)
  }

  private static func normalisedSampa(_ label: String, keepingStress: Bool, keepingTone: Bool) -> String {
    var label = label
    if !keepingStress {
      if label.first == "'" { label.removeFirst() }
      label.removeAll { $0 == "\"" || $0 == "%" }
    }
    guard !keepingTone, label.contains("_") else { return label }
    for tone in ["_T", "_H", "_M", "_L", "_B", "_R", "_F"] { label = label.replacing(tone, with: "") }
    return label
  }

  /// Whether a phone can be the nucleus of a syllable: vowels and syllabic consonants. Nothing where the alphabet is not
  /// known.
  public func isVowel(_ label: String) -> Bool {
    switch self {
    // Most are asked for again and again.
    case .arpabet: Arpabet.nuclei.contains(arpabetKey(label))
    default: reading(of: label)?.isNucleus ?? false
    }
  }

  private func arpabetKey(_ label: String) -> String {
    Self.splitDigit(PositionMarks.stripped(label.trimmed)).phone.uppercased()
  }

  /// The tone of a label, where the alphabet marks it: by Chao's numbers in IPA and X-SAMPA (“51” falls from the top), in
  /// pinyin the number of the tone, 5 the neutral one.
  public func tone(of label: String) -> String? {
    switch self {
    case .ipa, .sampa, .pinyin: reading(of: label)?.tone
    case .arpabet, .timit, .timit39, .buckeye, .romaji, .none: nil
    }
  }

  /// Whether the alphabet can mark tone at all.
  public var marksTone: Bool { [.ipa, .sampa, .pinyin].contains(self) }

  /// Whether the set has this phone at all.
  func knows(_ label: String) -> Bool {
    let label = PositionMarks.stripped(label.trimmed, in: self)
    switch self {
    case .arpabet: return Arpabet.phones.contains(arpabetKey(label))
    case .timit, .timit39: return Timit.phones.contains(label.lowercased())
    case .buckeye: return Buckeye.phones.contains(label.lowercased())
    case .pinyin: return Pinyin.knows(label.lowercased())
    case .romaji: return Romaji.knows(label)
    case .ipa, .sampa: return reading(of: label).map { Self.isOnePhone($0.signs) } ?? false
    case .none: return true
    }
  }

  /// Whether letters can be one phone: vowels and glides, a vowel with what closes its syllable, or a few consonants; not
  /// a syllable or a word.
  private static func isOnePhone(_ signs: [IPALabel.Sign]) -> Bool {
    guard signs.count <= 4 else { return false }
    guard let vowel = signs.firstIndex(where: \.isVowel) else { return true }
    return signs[..<vowel].allSatisfy(\.isGlide)
  }
}

extension ToneMarks {
  /// False where there is surely no tone: most labels need no closer look.
  static func mayBe(in label: String) -> Bool {
    label.unicodeScalars.contains { scalar in
      switch scalar.value {
      // Letters, superscripts, accents, and Latin letters with one.
      case 0x2e5...0x2e9, 0x2070...0x2079, 0xb2, 0xb3, 0xb9, 0x300...0x30f, 0xc0...0x24f, 0x1e00...0x1eff:
        true
      default: false
      }
    }
  }

  /// A label without its letters and accents of tone.
  static func removed(from label: String) -> String {
    var kept = String.UnicodeScalarView()
    var isAfterTone = false
    for scalar in label.decomposedStringWithCanonicalMapping.unicodeScalars {
      let isTone = letters[scalar] != nil || accents[scalar] != nil || (scalar == glottal && isAfterTone)
      if isTone { isAfterTone = true } else { kept.append(scalar) }
    }
    return String(kept).precomposedStringWithCanonicalMapping
  }
}
