import Foundation

/// A label of the International Phonetic Alphabet taken apart: letters, each with its marks, and the stress and the tone
/// that stand with them.
///
/// ```swift
/// IPALabel("ˈt͡ʃʰ")?.signs.map(\.letter)     // ["t", "ʃ"]
/// IPALabel("aj˥˩")?.tone                     // "51"
/// ```
struct IPALabel: Sendable {
  /// A letter and the marks on it.
  struct Sign: Sendable, Equatable {
    var letter: Unicode.Scalar
    var marks: [Unicode.Scalar] = []
    /// A tie bar binds it to the sign before it.
    var isTied = false
  }

  var signs: [Sign] = []
  var stress: Stress?
  /// By Chao's numbers, 1 the lowest: `˥˩` is “51”.
  var tone: String?

  /// Nil where anything in the label is no sign of the alphabet.
  ///
  /// An apostrophe is stress before the first letter and an ejective behind one; a colon is the sign of length; Praat's
  /// backslash trigraphs (`\ae`) are read as the letters that they stand for.
  init?(_ text: some StringProtocol) {
    var reader = Reader()
    for scalar in Self.scalars(of: text) {
      guard reader.take(scalar) else { return nil }
    }
    guard !reader.label.signs.isEmpty else { return nil }
    self = reader.label
  }

  fileprivate init() {}

  private static func scalars(of text: some StringProtocol) -> [Unicode.Scalar] {
    if text.utf8.allSatisfy({ $0 < 128 && $0 != UInt8(ascii: "\\") }) { return Array(text.unicodeScalars) }
    let text = text.contains("\\") ? PraatTrigraphs.decoded(String(text)) : String(text)
    var scalars: [Unicode.Scalar] = []
    for scalar in text.decomposedStringWithCanonicalMapping.unicodeScalars {
      // ç is one letter of the chart, but a c with a cedilla once taken apart.
      if scalar == "\u{327}", scalars.last == "c" {
        scalars[scalars.count - 1] = "ç"
      } else {
        scalars.append(scalar)
      }
    }
    return scalars
  }

  /// Puts a label together sign by sign.
  private struct Reader {
    var label = IPALabel()
    private var ahead: [Unicode.Scalar] = []
    private var isTied = false

    /// False for what is no sign.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
      let isInside = !label.signs.isEmpty
      switch scalar {
      case "ˈ": label.stress = .primary
      case "ˌ": label.stress = .secondary
      case "'" where !isInside: label.stress = .primary
      case "'", "’": return mark("ʼ")
      case ":": return isInside && mark("ː")
      case "\u{361}", "\u{35c}", "‿": isTied = isInside
      case _ where ToneMarks.letters[scalar] != nil:
        label.tone = (label.tone ?? "") + (ToneMarks.letters[scalar] ?? "")
      // Vietnamese has tones that end in, or are broken by, a glottal stop.
      case ToneMarks.glottal where label.tone != nil: label.tone?.unicodeScalars.append(scalar)
      case _ where ToneMarks.accents[scalar] != nil:
        // An accent on an obstruent is no tone: š, ć are other alphabets' letters.
        guard let last = label.signs.last, last.carriesTone else { return false }
        label.tone = ToneMarks.accents[scalar]
      // Before marks: ᵻ, ᵿ and ᶑ are among them.
      case _ where IPAChart.letters[scalar] != nil: append([scalar])
      case _ where Self.isMark(scalar): return mark(scalar)
      case _ where IPAChart.spellings[scalar] != nil: append(IPAChart.spellings[scalar] ?? [])
      default: return false
      }
      return true
    }

    private mutating func append(_ letters: [Unicode.Scalar]) {
      for letter in letters {
        label.signs.append(Sign(letter: letter, marks: ahead, isTied: isTied))
        (ahead, isTied) = ([], letters.count > 1)
      }
      isTied = false
    }

    private mutating func mark(_ scalar: Unicode.Scalar) -> Bool {
      if label.signs.isEmpty || isTied {
        ahead.append(scalar)
      } else {
        label.signs[label.signs.count - 1].marks.append(scalar)
      }
      return true
    }

    /// Diacritics, superscripts, and marks of the prosody of more than one phone.
    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.value {
      case 0x2b0...0x2ff, 0x300...0x36f, 0x1d2c...0x1dbf, 0x1dc0...0x1dff, 0x2070...0x209f, 0xa71b...0xa71d,
        0x2191, 0x2193, 0x2197, 0x2198:
        true
      default: false
      }
    }
  }
}

/// The stress that a label bears.
enum Stress: String, Sendable { case primary, secondary, unstressed }

/// The signs of tone (chart of 2020) by Chao's numbers.
enum ToneMarks {
  static let glottal: Unicode.Scalar = "ˀ"
  static let letters: [Unicode.Scalar: String] = [
    "˥": "5", "˦": "4", "˧": "3", "˨": "2", "˩": "1",
    "⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5",
  ]
  /// Extra high, high, mid, low, extra low, rising, falling.
  static let accents: [Unicode.Scalar: String] = [
    "\u{30b}": "5", "\u{301}": "4", "\u{304}": "3", "\u{300}": "2", "\u{30f}": "1", "\u{30c}": "15",
    "\u{302}": "51",
  ]
}

extension IPALabel.Sign {
  var chart: IPAChart.Letter? { IPAChart.letters[letter] }

  var isVowel: Bool {
    if case .vowel = chart { true } else { false }
  }

  /// A vowel that is only a glide beside another one (`i̯`).
  var isNonSyllabic: Bool { marks.contains("\u{32f}") || marks.contains("\u{311}") }

  /// It can be the middle of a syllable: a vowel, or a consonant with the mark of a syllabic one.
  var isNucleus: Bool {
    isVowel ? !isNonSyllabic : marks.contains { $0 == "\u{329}" || $0 == "\u{30d}" }
  }

  var isGlide: Bool { IPAChart.glides.contains(letter) || (isVowel && isNonSyllabic) }

  fileprivate var carriesTone: Bool {
    if isNucleus { return true }
    guard case .consonant(let consonant) = chart else { return true }
    return ["nasal", "lateral", "trill", "approximant"].contains(consonant.manner)
  }

  /// Where and how a consonant is made, its marks counted; nil of a vowel.
  var consonant: IPAChart.Consonant? {
    guard case .consonant(var consonant) = chart else { return nil }
    for mark in marks {
      switch mark {
      case "\u{325}", "\u{30a}": consonant.isVoiced = false
      case "\u{32c}": consonant.isVoiced = true
      case "\u{32a}":
        consonant.place = consonant.place == "bilabial" ? "labiodental" : dental(consonant.place)
      case "\u{33c}": consonant.place = "linguolabial"
      case "\u{31e}" where consonant.manner == "fricative": consonant.manner = "approximant"
      case "\u{31d}" where consonant.manner == "approximant": consonant.manner = "fricative"
      default: break
      }
    }
    return consonant
  }

  private func dental(_ place: String) -> String {
    ["alveolar", "postalveolar"].contains(place) ? "dental" : place
  }

  var sonority: Sonority {
    if isGlide { return .glide }
    if IPAChart.liquids.contains(letter) { return .liquid }
    guard case .consonant(let consonant) = chart else { return .stop }
    switch consonant.manner {
    case "nasal": return .nasal
    case "plosive": return .stop
    default: return .fricative
    }
  }
}
