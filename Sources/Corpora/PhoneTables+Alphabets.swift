import Foundation

/// The International Phonetic Alphabet (chart of 2020).
enum IPA {
  private static let vowels = Set("iyɨʉɯuɪʏʊeøɘɵɤoəɛœɜɞʌɔæɐaɶɑɒᵻᵿɚɝ".unicodeScalars)
  private static let consonants = Set(
    "pbtdʈɖcɟkɡgqɢʔmɱnɳɲŋɴʙrʀⱱɾɽɸβfvθðszʃʒʂʐçʝxɣχʁħʕhɦɬɮʋɹɻjɰlɭʎʟɫʍwɥʜʢʡɕʑɺɧɓɗʄɠʛʘǀǃǂǁʦʣʧʤʨʥ"
      .unicodeScalars)
  /// Under a vowel that is only a glide beside another one.
  private static let nonSyllabic: Unicode.Scalar = "\u{32f}"
  /// Below or above a consonant that carries a syllable.
  private static let syllabic: Set<Unicode.Scalar> = ["\u{329}", "\u{30d}"]

  /// Letters, and the marks, ties, tones and superscripts that go with them.
  static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    vowels.contains(scalar) || consonants.contains(scalar) || isMark(scalar)
  }

  static func isNucleus(_ label: String) -> Bool {
    var isGlide = false
    // Backwards, so that a mark is seen before its letter; `ã` is taken as `a` and its mark.
    for scalar in label.decomposedStringWithCanonicalMapping.unicodeScalars.reversed() {
      if syllabic.contains(scalar) { return true }
      if scalar == nonSyllabic {
        isGlide = true
      } else if !isMark(scalar) {
        if vowels.contains(scalar), !isGlide { return true }
        isGlide = false
      }
    }
    return false
  }

  private static let glides = Set("jwɥɰʍ".unicodeScalars)
  private static let liquids = Set("lɭʎʟɫrʀɾɽɹɻɺ".unicodeScalars)
  private static let nasals = Set("mɱnɳɲŋɴ".unicodeScalars)
  private static let stops = Set("pbtdʈɖcɟkɡgqɢʔʦʣʧʤʨʥɓɗʄɠʛ".unicodeScalars)

  static func sonority(_ label: String) -> Sonority {
    for scalar in label.unicodeScalars {
      if glides.contains(scalar) { return .glide }
      if liquids.contains(scalar) { return .liquid }
      if nasals.contains(scalar) { return .nasal }
      if stops.contains(scalar) { return .stop }
      if consonants.contains(scalar) { return .fricative }
    }
    return .stop
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x2b0...0x2ff, 0x300...0x36f, 0x1d2c...0x1dbf, 0x1dc0...0x1dff, 0x2070...0x209f, 0xa71b...0xa71d,
      0x2191, 0x2193, 0x2197, 0x2198:
      true
    default: false
    }
  }
}

/// SAMPA and X-SAMPA: IPA in ASCII (Wells 1995).
enum Sampa {
  private static let vowels = Set("aeiouy@{}&AEIOUVQYM1236789".unicodeScalars)
  /// Signs that no other alphabet here has.
  static let marks = Set("@{}&".unicodeScalars)
  private static let stress = Set("\"%'".unicodeScalars)

  static func isLetter(_ scalar: Unicode.Scalar) -> Bool { (33...126).contains(scalar.value) }

  static func isNucleus(_ label: String) -> Bool {
    let letters = label.unicodeScalars
    if letters.contains("=") { return true }  // A syllabic consonant, `n=`.
    return letters.first { !stress.contains($0) }.map(vowels.contains) ?? false
  }

  static func sonority(_ label: String) -> Sonority {
    for scalar in label.unicodeScalars where !stress.contains(scalar) {
      switch scalar {
      case "H": return .glide
      case "R", "L": return .liquid
      case "N", "J", "F": return .nasal
      case "S", "Z", "T", "D", "C", "X", "B": return .fricative
      default: return IPA.sonority(String(Character(scalar)))
      }
    }
    return .stop
  }
}

/// How open a consonant is.
enum Sonority: Int, Comparable {
  case stop, fricative, nasal, liquid, glide
  static func < (a: Sonority, b: Sonority) -> Bool { a.rawValue < b.rawValue }
}
