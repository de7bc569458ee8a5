/// How a phone is made, by the International Phonetic Alphabet's chart (revised 2020).
///
/// ```swift
/// PhoneSet.arpabet.features(of: "DH")?[.place]      // "dental"
/// PhoneSet.ipa.features(of: "t͡ʃ")?[.manner]         // "affricate"
/// ```
public struct ArticulatoryFeatures: Sendable, Equatable {
  /// What a feature is about; the raw value is its name in a probe's definition.
  public enum Feature: String, Sendable, CaseIterable {
    /// voiced, voiceless: of every phone.
    case voicing
    /// plosive, affricate, fricative, nasal, tap, trill, approximant, lateral, click, vowel: of every phone.
    case manner
    /// bilabial … glottal, and the double articulations such as labial-velar: of consonants.
    case place
    /// close, mid, open: of vowels (near-close is close, near-open is open, the three mid rows are one).
    case height
    /// front, central, back: of vowels.
    case backness
    /// rounded, unrounded: of vowels.
    case rounding
  }

  private let values: [Feature: String]

  /// Nil where the feature says nothing about such a phone: a vowel has no place. A diphthong (also one that is spelt
  /// with a glide, `aj`), whose quality moves, has neither height nor backness nor rounding.
  public subscript(feature: Feature) -> String? { values[feature] }

  private init(_ values: [Feature: String]) { self.values = values }
}

extension PhoneSet {
  /// How a phone of this set is made, whatever its stress and tone; nil where the alphabet is not known or has no such
  /// phone.
  ///
  /// ARPAbet's `AH` is taken for the mid central vowel, as it stands for both of “above”; a closure of TIMIT is a
  /// plosive.
  public func features(of label: String) -> ArticulatoryFeatures? {
    reading(of: label).flatMap { ArticulatoryFeatures($0.signs) }
  }
}

extension ArticulatoryFeatures {
  /// Of the signs of one phone: nil for none, and for a consonant with a vowel behind it, which are two.
  init?(_ signs: [IPALabel.Sign]) {
    guard let first = signs.first else { return nil }
    if first.isVowel || (first.isGlide && signs.contains(where: \.isVowel)) {
      self.init(vowel: signs)
    } else if !signs.contains(where: \.isVowel), let own = Self.articulation(of: signs) {
      self.init([.voicing: own.isVoiced ? "voiced" : "voiceless", .manner: own.manner, .place: own.place])
    } else {
      return nil
    }
  }

  private init(vowel signs: [IPALabel.Sign]) {
    let isVoiceless = signs.contains { $0.marks.contains("\u{325}") || $0.marks.contains("\u{30a}") }
    var values: [Feature: String] = [.voicing: isVoiceless ? "voiceless" : "voiced", .manner: "vowel"]
    if let letter = signs.first?.letter, signs.allSatisfy({ $0.letter == letter }),
      case .vowel(let vowel) = signs.first?.chart
    {
      values[.height] = vowel.height
      values[.backness] = vowel.backness
      values[.rounding] = vowel.isRounded ? "rounded" : "unrounded"
    }
    self.init(values)
  }

  /// What consonants make together; nil where one of them is no consonant of the chart.
  private static func articulation(of signs: [IPALabel.Sign]) -> IPAChart.Consonant? {
    let parts = signs.compactMap(\.consonant)
    guard var whole = parts.first, parts.count == signs.count, let last = parts.last else { return nil }
    if signs.contains(where: { $0.marks.contains("\u{325}") || $0.marks.contains("\u{30a}") }) {
      whole.isVoiced = false
    }
    guard parts.count > 1 else { return whole }
    // The velar or uvular closure in front of a click says its voicing alone.
    if let click = parts.first(where: { $0.manner == "click" }) {
      whole.manner = "click"
      whole.place = click.place
    } else if parts.allSatisfy({ $0.manner == whole.manner }),
      Set(parts.map(\.place)) == ["velar", "bilabial"]
    {
      whole.place = "labial-velar"
    } else if parts.dropLast().allSatisfy({ $0.manner == "plosive" }), last.manner == "fricative",
      last.place != "glottal"
    {
      whole.manner = "affricate"
      whole.place = last.place
    }
    return whole
  }
}
