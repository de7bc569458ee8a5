/// The letters of the International Phonetic Alphabet (chart of 2020, with the signs for alveolo-palatals and apical
/// vowels that phoneticians of Chinese use): a letter's row and column.
enum IPAChart {
  enum Letter: Sendable {
    case consonant(Consonant)
    case vowel(Vowel)
  }

  struct Consonant: Sendable {
    var manner, place: String
    var isVoiced: Bool
  }

  struct Vowel: Sendable {
    let height, backness: String
    let isRounded: Bool
  }

  static let letters: [Unicode.Scalar: Letter] = {
    var table: [Unicode.Scalar: Letter] = [:]
    for (manner, place, voiceless, voiced) in consonantRows {
      for (signs, isVoiced) in [(voiceless, false), (voiced, true)] {
        for letter in signs.unicodeScalars {
          table[letter] = .consonant(Consonant(manner: manner, place: place, isVoiced: isVoiced))
        }
      }
    }
    for (height, backness, unrounded, rounded) in vowelRows {
      for (signs, isRounded) in [(unrounded, false), (rounded, true)] {
        for letter in signs.unicodeScalars {
          table[letter] = .vowel(Vowel(height: height, backness: backness, isRounded: isRounded))
        }
      }
    }
    return table
  }()

  /// (manner, place, voiceless letters, voiced letters)
  private static let consonantRows: [(String, String, String, String)] = [
    ("plosive", "bilabial", "pƥ", "bɓ"), ("plosive", "alveolar", "tƭ", "dɗ"),
    ("plosive", "retroflex", "ʈ", "ɖᶑ"), ("plosive", "alveolo-palatal", "ȶ", "ȡ"),
    ("plosive", "palatal", "cƈ", "ɟʄ"), ("plosive", "velar", "kƙ", "ɡɠ"),
    ("plosive", "uvular", "qʠ", "ɢʛ"), ("plosive", "glottal", "ʔ", ""), ("plosive", "epiglottal", "ʡ", ""),
    ("nasal", "bilabial", "", "m"), ("nasal", "labiodental", "", "ɱ"), ("nasal", "alveolar", "", "n"),
    ("nasal", "retroflex", "", "ɳ"), ("nasal", "alveolo-palatal", "", "ȵ"), ("nasal", "palatal", "", "ɲ"),
    ("nasal", "velar", "", "ŋ"), ("nasal", "uvular", "", "ɴ"),
    ("trill", "bilabial", "", "ʙ"), ("trill", "alveolar", "", "r"), ("trill", "uvular", "", "ʀ"),
    ("tap", "labiodental", "", "ⱱ"), ("tap", "alveolar", "", "ɾɺ"), ("tap", "retroflex", "", "ɽ"),
    ("fricative", "bilabial", "ɸ", "β"), ("fricative", "labiodental", "f", "v"),
    ("fricative", "dental", "θ", "ð"), ("fricative", "alveolar", "sɬ", "zɮ"),
    ("fricative", "postalveolar", "ʃ", "ʒ"), ("fricative", "retroflex", "ʂ", "ʐ"),
    ("fricative", "alveolo-palatal", "ɕ", "ʑ"), ("fricative", "palatal", "ç", "ʝ"),
    ("fricative", "palatal-velar", "ɧ", ""), ("fricative", "velar", "x", "ɣ"),
    ("fricative", "uvular", "χ", "ʁ"), ("fricative", "pharyngeal", "ħ", "ʕ"),
    ("fricative", "epiglottal", "ʜ", "ʢ"), ("fricative", "glottal", "h", "ɦ"),
    ("approximant", "labiodental", "", "ʋ"), ("approximant", "alveolar", "", "ɹ"),
    ("approximant", "retroflex", "", "ɻ"), ("approximant", "palatal", "", "j"),
    ("approximant", "labial-palatal", "", "ɥ"), ("approximant", "velar", "", "ɰ"),
    ("approximant", "labial-velar", "ʍ", "w"),
    ("lateral", "alveolar", "", "lɫ"), ("lateral", "retroflex", "", "ɭ"),
    ("lateral", "alveolo-palatal", "", "ȴ"), ("lateral", "palatal", "", "ʎ"), ("lateral", "velar", "", "ʟ"),
    ("click", "labial", "ʘ", ""), ("click", "dental", "ǀ", ""), ("click", "alveolar", "ǃǁ", ""),
    ("click", "palatal", "ǂ", ""),
  ]

  /// (height, backness, unrounded letters, rounded letters)
  private static let vowelRows: [(String, String, String, String)] = [
    ("close", "front", "iɪ", "yʏ"), ("close", "central", "ɨᵻʅ", "ʉᵿʯ"), ("close", "back", "ɯɿ", "uʊʮ"),
    ("mid", "front", "eɛ", "øœ"), ("mid", "central", "ɘəɜɚɝ", "ɵɞ"), ("mid", "back", "ɤʌ", "oɔ"),
    ("open", "front", "æa", "ɶ"), ("open", "central", "ɐ", ""), ("open", "back", "ɑ", "ɒ"),
  ]

  /// Ligatures and letters that the chart has replaced, as it writes them now.
  static let spellings: [Unicode.Scalar: [Unicode.Scalar]] = [
    "g": ["ɡ"], "ʦ": ["t", "s"], "ʣ": ["d", "z"], "ʧ": ["t", "ʃ"], "ʤ": ["d", "ʒ"], "ʨ": ["t", "ɕ"],
    "ʥ": ["d", "ʑ"], "ɩ": ["ɪ"], "ɷ": ["ʊ"],
  ]

  static let glides = Set("jwɥɰʍ".unicodeScalars)
  static let liquids = Set("lɭʎʟɫȴrʀɾɽɹɻɺ".unicodeScalars)
}

/// How open a consonant is.
enum Sonority: Int, Comparable {
  case stop, fricative, nasal, liquid, glide
  static func < (a: Sonority, b: Sonority) -> Bool { a.rawValue < b.rawValue }
}
