/// The languages whose syllables are known; a corpus in another one says its `onsets:`.
public enum SpokenLanguage: String, Sendable, Codable, CaseIterable {
  case english, german, french, spanish, mandarin, japanese

  /// The language of an alphabet that only one language is written in.
  init?(of set: PhoneSet) {
    switch set {
    case .arpabet, .timit, .timit39, .buckeye: self = .english
    case .pinyin: self = .mandarin
    case .romaji: self = .japanese
    case .ipa, .sampa, .none: return nil
    }
  }

  /// The language of these phones: of an alphabet that is one language's, else by what together no other of these
  /// languages has in the transcriptions in use; nil where that does not tell.
  static func recognise(_ counts: [String: Int], in set: PhoneSet) -> SpokenLanguage? {
    if let own = SpokenLanguage(of: set) { return own }
    guard set == .ipa || set == .sampa else { return nil }
    let readings = PhoneCounts(counts).labels.compactMap { set.reading(of: $0) }
    let letters = Set(readings.flatMap { $0.signs.map(\.letter) })
    let hasTone = readings.contains { $0.tone != nil }
    let nasal: (Unicode.Scalar) -> Bool = { letter in
      readings.contains {
        $0.signs.count == 1 && $0.signs[0].letter == letter && $0.signs[0].marks.contains("\u{303}")
      }
    }
    func has(_ signs: String, atLeast count: Int = 1) -> Bool {
      letters.intersection(signs.unicodeScalars).count >= count
    }
    if hasTone { return has("ʈʂʐɕ", atLeast: 2) ? .mandarin : nil }
    if has("ɯ"), has("ɴ") || nasal("ɰ"), has("ɕʑɸ") { return .japanese }
    if has("ɹr"), has("θð"), has("ə"), has("æɝɚɜʌ"), !has("yøœʏɬʁχ") { return .english }
    let hasAffricate = readings.contains { ["ts", "pf"].contains(Onsets.key($0.signs, of: nil)) }
    if has("ʁʀrɐ"), has("ç"), has("øœyʏ", atLeast: 2), hasAffricate, !has("θð") { return .german }
    if has("ʁʀ"), has("y"), has("ɲʒɥ", atLeast: 2), ["ɛ", "ɑ", "ɔ"].filter(nasal).count >= 2 {
      return .french
    }
    let vowels = letters.filter { IPALabel.Sign(letter: $0).isVowel }
    if vowels.isSubset(of: Set("aeiou".unicodeScalars)), has("ɾr"), has("ɲ"), has("xh"),
      has("βðɣʝɟʎ", atLeast: 2),
      readings.contains(where: { Onsets.key($0.signs, of: nil) == "tʃ" })
    {
      return .spanish
    }
    return nil
  }
}
