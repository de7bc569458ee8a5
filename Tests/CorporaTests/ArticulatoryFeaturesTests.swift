import Testing

@testable import Corpora

@Suite("Articulatory features")
struct ArticulatoryFeaturesTests {
  /// Ladefoged & Johnson, A Course in Phonetics: the consonant and vowel charts of English.
  @Test(
    "of English are those of the chart",
    arguments: [
      ("P", "voiceless plosive bilabial"), ("JH", "voiced affricate postalveolar"),
      ("DH", "voiced fricative dental"), ("NG", "voiced nasal velar"), ("L", "voiced lateral alveolar"),
      ("R", "voiced approximant alveolar"), ("W", "voiced approximant labial-velar"),
      ("HH", "voiceless fricative glottal"), ("IY1", "voiced vowel close front unrounded"),
      ("UW0", "voiced vowel close back rounded"), ("AH0", "voiced vowel mid central unrounded"),
      ("AE", "voiced vowel open front unrounded"), ("AO2", "voiced vowel mid back rounded"),
      ("AY1", "voiced vowel"),
    ])
  func english(phone: String, words: String) {
    #expect(describe(.arpabet, phone) == words)
  }

  @Test(
    "are the same in every alphabet",
    arguments: [
      (PhoneSet.ipa, "t͡ʃ", "CH"), (.ipa, "tʃ", "CH"), (.ipa, "ˈɔ", "AO"), (.ipa, "ɪ", "IH"),
      (.ipa, "iː", "IY"),
      (.ipa, "eɪ", "EY"), (.ipa, "ɹ", "R"), (.ipa, "ɡ", "G"), (.ipa, "g", "G"), (.sampa, "tS", "CH"),
      (.sampa, "D", "DH"), (.sampa, "N", "NG"), (.sampa, "\"{", "AE"), (.sampa, "OI", "OY"),
      (.timit, "ng", "NG"), (.timit, "hv", "hv"), (.timit39, "sh", "SH"),
    ])
  func alphabets(set: PhoneSet, label: String, same: String) {
    let expected = same == "hv" ? "voiced fricative glottal" : describe(.arpabet, same)
    #expect(describe(set, label) == expected)
  }

  @Test("marks change voicing; ç is palatal however it is written")
  func marks() {
    #expect(describe(.ipa, "b̥") == "voiceless plosive bilabial")
    #expect(describe(.ipa, "s̬") == "voiced fricative alveolar")
    #expect(describe(.ipa, "ç") == "voiceless fricative palatal")
    #expect(describe(.ipa, "c\u{327}") == "voiceless fricative palatal")
    #expect(describe(.ipa, "ã") == "voiced vowel open front unrounded")
  }

  @Test("are had by every phone of ARPAbet and TIMIT, and by nothing else")
  func complete() {
    for phone in Arpabet.phones {
      let features = PhoneSet.arpabet.features(of: phone)
      #expect(features?[.voicing] != nil && features?[.manner] != nil, "\(phone)")
      #expect((features?[.place] != nil) == Arpabet.consonants.contains(phone), "\(phone)")
    }
    for phone in Timit.phones.subtracting(["epi", "h#", "pau"]) {
      #expect(PhoneSet.timit.features(of: phone) != nil, "\(phone)")
    }
    #expect(PhoneSet.arpabet.features(of: "SIL") == nil && PhoneSet.timit.features(of: "h#") == nil)
    #expect(PhoneSet.ipa.features(of: "7") == nil && PhoneSet.none.features(of: "a") == nil)
  }

  private func describe(_ set: PhoneSet, _ phone: String) -> String? {
    set.features(of: phone).map { features in
      ArticulatoryFeatures.Feature.allCases.compactMap { features[$0] }.joined(separator: " ")
    }
  }
}
