/// The phones of the CMU pronouncing dictionary.
enum Arpabet {
  static let vowels: Set<String> = [
    "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW",
  ]
  static let consonants: Set<String> = [
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH",
    "V", "W", "Y", "Z", "ZH",
  ]
  /// All 39.
  static let phones = vowels.union(consonants)
  /// What a syllable can have in its middle, with the reduced vowels and syllabic consonants of TIMIT.
  static let nuclei = vowels.union(["AX", "AX-H", "AXR", "IX", "UX", "EL", "EM", "EN", "ENG"])

  /// Its phones, and those that TIMIT and Buckeye add, in IPA; lower-cased.
  static let ipa: [String: String] = [
    "aa": "ɑ", "ae": "æ", "ah": "ə", "ao": "ɔ", "aw": "aʊ", "ay": "aɪ", "eh": "ɛ", "er": "ɝ", "ey": "eɪ",
    "ih": "ɪ", "iy": "i", "ow": "oʊ", "oy": "ɔɪ", "uh": "ʊ", "uw": "u", "ax": "ə", "ax-h": "ə̥",
    "axr": "ɚ", "ix": "ɨ", "ux": "ʉ",
    "b": "b", "ch": "tʃ", "d": "d", "dh": "ð", "f": "f", "g": "ɡ", "hh": "h", "jh": "dʒ", "k": "k",
    "l": "l",
    "m": "m", "n": "n", "ng": "ŋ", "p": "p", "r": "ɹ", "s": "s", "sh": "ʃ", "t": "t", "th": "θ", "v": "v",
    "w": "w", "y": "j", "z": "z", "zh": "ʒ", "dx": "ɾ", "nx": "ɾ̃", "hv": "ɦ", "q": "ʔ", "tq": "ʔ",
    "el": "l̩", "em": "m̩", "en": "n̩", "eng": "ŋ̩",
    "bcl": "b", "dcl": "d", "gcl": "ɡ", "pcl": "p", "tcl": "t", "kcl": "k",
  ]
}

/// The phones of the TIMIT corpus (Garofolo et al. 1993).
enum Timit {
  static let closures: Set<String> = ["bcl", "dcl", "gcl", "pcl", "tcl", "kcl"]
  /// All 61.
  static let phones = Set(Arpabet.phones.map { $0.lowercased() }).union(closures).union([
    "ax", "ax-h", "axr", "ix", "ux", "el", "em", "en", "eng", "dx", "hv", "nx", "q", "epi", "h#", "pau",
  ])
  /// Which phones share a class when 61 are folded to 39 (Lee & Hon 1989, table I).
  static let folded: [String: String] = [
    "ao": "aa", "ax": "ah", "ax-h": "ah", "axr": "er", "hv": "hh", "ix": "ih", "el": "l", "em": "m",
    "en": "n", "nx": "n", "eng": "ng", "zh": "sh", "ux": "uw",
  ]
}

/// The phones of the Buckeye corpus (Pitt et al. 2007; Kiesling et al. 2006): vowels with an `n` behind them are
/// nasalised.
enum Buckeye {
  static let nasalised = Set(Arpabet.vowels.map { $0.lowercased() + "n" })
  static let phones = Set(Arpabet.phones.map { $0.lowercased() }).union(nasalised).union([
    "dx", "nx", "tq", "el", "em", "en", "eng",
  ])

  /// In IPA; nil for what is none.
  static func ipa(_ phone: String) -> String? {
    if let ipa = Arpabet.ipa[phone] { return ipa }
    return nasalised.contains(phone) ? Arpabet.ipa[String(phone.dropLast())].map { $0 + "\u{303}" } : nil
  }
}

/// Initials and finals of Hanyu Pinyin as speech recognisers write them (AISHELL-3, THCHS-30, Biaobei, Kaldi's recipes):
/// a final carries its tone as a digit, 5 or 0 the neutral one.
enum Pinyin {
  static let initials: [String: String] = [
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ",
    "h": "x", "j": "tɕ", "q": "tɕʰ", "x": "ɕ", "zh": "ʈʂ", "ch": "ʈʂʰ", "sh": "ʂ", "r": "ʐ", "z": "ts",
    "c": "tsʰ", "s": "s", "y": "j", "w": "w",
  ]

  /// Kaldi's marks of a syllable that begins with its vowel.
  static let zeroInitials: Set<String> = ["aa", "ee", "ii", "oo", "uu", "vv"]

  static let finals: [String: String] = [
    "a": "a", "o": "o", "e": "ɤ", "ai": "aj", "ei": "ej", "ao": "aw", "ou": "ow", "an": "an", "en": "ən",
    "ang": "aŋ", "eng": "əŋ", "ong": "ʊŋ", "er": "ɚ", "i": "i", "ia": "ja", "ie": "je", "iao": "jaw",
    "iou": "jow", "iu": "jow", "ian": "jɛn", "in": "in", "iang": "jaŋ", "ing": "iŋ", "iong": "jʊŋ",
    "io": "jo",
    "u": "u", "ua": "wa", "uo": "wo", "uai": "waj", "uei": "wej", "ui": "wej", "uan": "wan", "uen": "wən",
    "un": "wən", "uang": "waŋ", "ueng": "wəŋ", "v": "y", "ve": "ɥe", "ue": "ɥe", "van": "ɥɛn", "vn": "yn",
    // The apical vowels of zi and zhi.
    "ii": "ɿ", "iii": "ʅ", "iy": "ɿ", "ix": "ʅ", "iz": "ʅ",
  ]

  /// A label, lower-cased, as what it is without its tone, and the tone.
  static func split(_ label: String) -> (phone: String, tone: String?) {
    guard let last = label.utf8.last, (48...53).contains(last), label.utf8.count > 1 else {
      return (label, nil)
    }
    return (String(label.dropLast()), last == 48 ? "5" : String(UnicodeScalar(last)))
  }

  static func knows(_ label: String) -> Bool {
    let (phone, tone) = split(label)
    if tone != nil { return finals[phone.replacing("ü", with: "v")] != nil }
    return initials[phone] != nil || zeroInitials.contains(phone) || finals[phone] != nil
  }
}

/// The phones of OpenJTalk (and of the CSJ, which writes `Q` for `cl`): Hepburn's romanisation, a palatalised consonant in
/// two letters, devoiced vowels in upper case, the moraic nasal `N`.
enum Romaji {
  static let ipa: [String: String] = [
    "a": "a", "i": "i", "u": "ɯ", "e": "e", "o": "o", "A": "ḁ", "I": "i̥", "U": "ɯ̥", "E": "e̥", "O": "o̥",
    "N": "ɴ", "k": "k", "ky": "kʲ", "kw": "kʷ", "s": "s", "sh": "ɕ", "t": "t", "ts": "ts", "ch": "tɕ",
    "ty": "tʲ", "n": "n", "ny": "ɲ", "h": "h", "hy": "ç", "f": "ɸ", "m": "m", "my": "mʲ", "y": "j",
    "r": "ɾ",
    "ry": "ɾʲ", "w": "w", "g": "ɡ", "gy": "ɡʲ", "gw": "ɡʷ", "z": "z", "j": "dʑ", "d": "d", "dy": "dʲ",
    "b": "b", "by": "bʲ", "p": "p", "py": "pʲ", "v": "v",
  ]
  /// The first half of a long consonant, which is like the second one.
  static let geminates: Set<String> = ["cl", "Q"]
  /// What no other alphabet here has.
  static let distinctive: Set<String> = [
    "cl", "Q", "sh", "ch", "ky", "gy", "ny", "hy", "my", "ry", "by", "py", "ty", "dy",
  ]
  static let nasal = "N"

  static func knows(_ label: String) -> Bool { ipa[label] != nil || geminates.contains(label) }
}
