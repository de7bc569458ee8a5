import Foundation

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
    /// bilabial … glottal: of consonants.
    case place
    /// close, mid, open: of vowels (near-close is close, near-open is open, the three mid rows are one).
    case height
    /// front, central, back: of vowels.
    case backness
    /// rounded, unrounded: of vowels.
    case rounding
  }

  private let values: [Feature: String]

  /// Nil where the feature says nothing about such a phone: a vowel has no place. A diphthong, whose quality moves,
  /// has neither height nor backness nor rounding.
  public subscript(feature: Feature) -> String? { values[feature] }

  fileprivate init(_ values: [Feature: String]) { self.values = values }
}

extension PhoneSet {
  /// How a phone of this set is made, whatever its stress; nil where the alphabet is not known or has no such phone.
  ///
  /// ARPAbet's `AH` is taken for the mid central vowel, as it stands for both of “above”; a closure of TIMIT is a
  /// plosive.
  public func features(of label: String) -> ArticulatoryFeatures? {
    guard let phone = normalised(label) ?? (self == .timit39 ? label : nil) else { return nil }
    switch self {
    case .arpabet, .timit, .timit39:
      return IPAChart.arpabet[phone.lowercased()].flatMap(IPAChart.features)
    case .ipa: return IPAChart.features(of: phone)
    case .sampa: return IPAChart.features(of: IPAChart.fromSampa(phone))
    case .none: return nil
    }
  }
}

/// The chart as tables: a letter's row and column.
private enum IPAChart {
  private struct Consonant {
    let place, manner: String
    let isVoiced: Bool
  }

  private struct Vowel {
    let height, backness: String
    let isRounded: Bool
  }

  /// (manner, place, voiceless letters, voiced letters)
  private static let consonantRows: [(String, String, String, String)] = [
    ("plosive", "bilabial", "p", "bɓ"), ("plosive", "alveolar", "t", "dɗ"),
    ("plosive", "retroflex", "ʈ", "ɖ"), ("plosive", "palatal", "c", "ɟʄ"),
    ("plosive", "velar", "k", "ɡgɠ"), ("plosive", "uvular", "q", "ɢʛ"), ("plosive", "glottal", "ʔ", ""),
    ("plosive", "epiglottal", "ʡ", ""),
    ("nasal", "bilabial", "", "m"), ("nasal", "labiodental", "", "ɱ"), ("nasal", "alveolar", "", "n"),
    ("nasal", "retroflex", "", "ɳ"), ("nasal", "palatal", "", "ɲ"), ("nasal", "velar", "", "ŋ"),
    ("nasal", "uvular", "", "ɴ"),
    ("trill", "bilabial", "", "ʙ"), ("trill", "alveolar", "", "r"), ("trill", "uvular", "", "ʀ"),
    ("tap", "labiodental", "", "ⱱ"), ("tap", "alveolar", "", "ɾɺ"), ("tap", "retroflex", "", "ɽ"),
    ("fricative", "bilabial", "ɸ", "β"), ("fricative", "labiodental", "f", "v"),
    ("fricative", "dental", "θ", "ð"), ("fricative", "alveolar", "sɬ", "zɮ"),
    ("fricative", "postalveolar", "ʃɧ", "ʒ"), ("fricative", "retroflex", "ʂ", "ʐ"),
    ("fricative", "alveolo-palatal", "ɕ", "ʑ"), ("fricative", "palatal", "ç", "ʝ"),
    ("fricative", "velar", "x", "ɣ"), ("fricative", "uvular", "χ", "ʁ"),
    ("fricative", "pharyngeal", "ħ", "ʕ"), ("fricative", "epiglottal", "ʜ", "ʢ"),
    ("fricative", "glottal", "h", "ɦ"), ("fricative", "labial-velar", "ʍ", ""),
    ("approximant", "labiodental", "", "ʋ"), ("approximant", "alveolar", "", "ɹ"),
    ("approximant", "retroflex", "", "ɻ"), ("approximant", "palatal", "", "jɥ"),
    ("approximant", "velar", "", "ɰ"), ("approximant", "labial-velar", "", "w"),
    ("lateral", "alveolar", "", "lɫ"), ("lateral", "retroflex", "", "ɭ"), ("lateral", "palatal", "", "ʎ"),
    ("lateral", "velar", "", "ʟ"),
    ("affricate", "alveolar", "ʦ", "ʣ"), ("affricate", "postalveolar", "ʧ", "ʤ"),
    ("affricate", "alveolo-palatal", "ʨ", "ʥ"),
    ("click", "bilabial", "ʘ", ""), ("click", "dental", "ǀ", ""), ("click", "alveolar", "ǃǁ", ""),
    ("click", "palatal", "ǂ", ""),
  ]

  /// (height, backness, unrounded letters, rounded letters)
  private static let vowelRows: [(String, String, String, String)] = [
    ("close", "front", "iɪ", "yʏ"), ("close", "central", "ɨᵻ", "ʉᵿ"), ("close", "back", "ɯ", "uʊ"),
    ("mid", "front", "eɛ", "øœ"), ("mid", "central", "ɘəɜɚɝ", "ɵɞ"), ("mid", "back", "ɤʌ", "oɔ"),
    ("open", "front", "æa", "ɶ"), ("open", "central", "ɐ", ""), ("open", "back", "ɑ", "ɒ"),
  ]

  private static let consonants: [Unicode.Scalar: Consonant] = {
    var table: [Unicode.Scalar: Consonant] = [:]
    for (manner, place, voiceless, voiced) in consonantRows {
      for letter in voiceless.unicodeScalars {
        table[letter] = Consonant(place: place, manner: manner, isVoiced: false)
      }
      for letter in voiced.unicodeScalars {
        table[letter] = Consonant(place: place, manner: manner, isVoiced: true)
      }
    }
    return table
  }()

  private static let vowels: [Unicode.Scalar: Vowel] = {
    var table: [Unicode.Scalar: Vowel] = [:]
    for (height, backness, unrounded, rounded) in vowelRows {
      for letter in unrounded.unicodeScalars {
        table[letter] = Vowel(height: height, backness: backness, isRounded: false)
      }
      for letter in rounded.unicodeScalars {
        table[letter] = Vowel(height: height, backness: backness, isRounded: true)
      }
    }
    return table
  }()

  /// Marks that change the voicing of the letter before them.
  private static let voiceless: Set<Unicode.Scalar> = ["\u{325}", "\u{30a}"]
  private static let voiced: Unicode.Scalar = "\u{32c}"

  /// The features of a label of IPA letters and marks.
  static func features(of label: String) -> ArticulatoryFeatures? {
    // ç is one letter of the chart, but a c with a cedilla once taken apart.
    let letters = label.precomposedLetters
    let vowels = letters.compactMap { Self.vowels[$0] }
    let consonants = letters.compactMap { Self.consonants[$0] }
    if let first = vowels.first, consonants.isEmpty {
      var values: [ArticulatoryFeatures.Feature: String] = [
        .voicing: letters.contains(where: voiceless.contains) ? "voiceless" : "voiced", .manner: "vowel",
      ]
      if vowels.count == 1 {
        values[.height] = first.height
        values[.backness] = first.backness
        values[.rounding] = first.isRounded ? "rounded" : "unrounded"
      }
      return ArticulatoryFeatures(values)
    }
    guard let first = consonants.first, let last = consonants.last else { return nil }
    let isAffricate = consonants.count == 2 && first.manner == "plosive" && last.manner == "fricative"
    var isVoiced = first.isVoiced
    if letters.contains(where: voiceless.contains) { isVoiced = false }
    if letters.contains(voiced) { isVoiced = true }
    return ArticulatoryFeatures([
      .voicing: isVoiced ? "voiced" : "voiceless", .manner: isAffricate ? "affricate" : first.manner,
      .place: isAffricate ? last.place : first.place,
    ])
  }

  /// ARPAbet and TIMIT in IPA, lower-cased.
  static let arpabet: [String: String] = [
    "aa": "ɑ", "ae": "æ", "ah": "ə", "ao": "ɔ", "aw": "aʊ", "ay": "aɪ", "eh": "ɛ", "er": "ɝ", "ey": "eɪ",
    "ih": "ɪ", "iy": "i", "ow": "oʊ", "oy": "ɔɪ", "uh": "ʊ", "uw": "u", "ax": "ə", "ax-h": "ə̥",
    "axr": "ɚ", "ix": "ɨ", "ux": "ʉ",
    "b": "b", "ch": "ʧ", "d": "d", "dh": "ð", "f": "f", "g": "ɡ", "hh": "h", "jh": "ʤ", "k": "k", "l": "l",
    "m": "m", "n": "n", "ng": "ŋ", "p": "p", "r": "ɹ", "s": "s", "sh": "ʃ", "t": "t", "th": "θ", "v": "v",
    "w": "w", "y": "j", "z": "z", "zh": "ʒ", "dx": "ɾ", "nx": "ɾ", "hv": "ɦ", "q": "ʔ", "el": "l",
    "em": "m", "en": "n", "eng": "ŋ",
    "bcl": "b", "dcl": "d", "gcl": "ɡ", "pcl": "p", "tcl": "t", "kcl": "k",
  ]

  /// X-SAMPA's letters that are not IPA's (Wells 1995).
  private static let sampa: [Character: String] = [
    "A": "ɑ", "{": "æ", "6": "ɐ", "Q": "ɒ", "E": "ɛ", "@": "ə", "3": "ɜ", "I": "ɪ", "O": "ɔ", "2": "ø",
    "9": "œ", "&": "ɶ", "U": "ʊ", "}": "ʉ", "V": "ʌ", "Y": "ʏ", "M": "ɯ", "7": "ɤ", "8": "ɵ", "1": "ɨ",
    "B": "β", "C": "ç", "D": "ð", "G": "ɣ", "L": "ʎ", "J": "ɲ", "N": "ŋ", "R": "ʁ", "S": "ʃ", "T": "θ",
    "H": "ɥ", "Z": "ʒ", "?": "ʔ", "F": "ɱ", "X": "χ", "P": "ʋ", "W": "ʍ", "K": "ɬ", "4": "ɾ", "5": "ɫ",
  ]

  static func fromSampa(_ label: String) -> String {
    label.map { sampa[$0] ?? String($0) }.joined()
  }
}

extension String {
  /// Letters and marks, where a letter that has a code point with its mark stays whole.
  fileprivate var precomposedLetters: [Unicode.Scalar] {
    var letters: [Unicode.Scalar] = []
    for scalar in unicodeScalars {
      if scalar == "\u{327}", letters.last == "c" {
        letters[letters.count - 1] = "ç"
      } else {
        letters += scalar == "ç" ? [scalar] : Array(String(scalar).decomposedScalars)
      }
    }
    return letters
  }

  private var decomposedScalars: String.UnicodeScalarView {
    decomposedStringWithCanonicalMapping.unicodeScalars
  }
}
