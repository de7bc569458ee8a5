/// The phones of the CMU pronouncing dictionary.
enum Arpabet {
  static let vowels: Set<String> = [
    "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW",
  ]
  static let consonants: Set<String> = [
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH",
    "V",
    "W", "Y", "Z", "ZH",
  ]
  /// All 39.
  static let phones = vowels.union(consonants)
  /// What a syllable can have in its middle, with the reduced vowels and syllabic consonants of TIMIT.
  static let nuclei = vowels.union(["AX", "AX-H", "AXR", "IX", "UX", "EL", "EM", "EN", "ENG"])
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
    "en": "n",
    "nx": "n", "eng": "ng", "zh": "sh", "ux": "uw",
  ]
}
