import Foundations
import Testing

@testable import Corpora

@Suite("A syllabifier") struct SyllabifierTests {
  private func divided(_ word: String, _ set: PhoneSet = .arpabet) -> String {
    let phones = word.split(separator: " ").map(String.init)
    return Syllabifier(set).syllables(of: phones)
      .map { phones[$0].joined(separator: " ") }.joined(separator: " . ")
  }

  @Test(
    "gives the second syllable all that can begin one",
    arguments: [
      ("M AW1 N T AH0 N", "M AW1 N . T AH0 N"), ("EH1 K S T R AH0", "EH1 K . S T R AH0"),
      ("S IH1 NG ER0", "S IH1 NG . ER0"), ("AE1 TH L IY0 T", "AE1 TH . L IY0 T"),
      ("K R IY0 EY1 T", "K R IY0 . EY1 T"),
      ("HH M", "HH M"), ("", ""), ("AH0", "AH0"), ("IH0 N S T R AH1 K T", "IH0 N . S T R AH1 K T"),
    ])
  func english(word: String, expected: String) {
    #expect(divided(word) == expected)
  }

  @Test("takes a closure and its release together")
  func timit() {
    #expect(divided("eh kcl k s tcl t r ax", .timit) == "eh kcl k . s tcl t r ax")
    #expect(divided("bcl b ah tcl t el", .timit) == "bcl b ah . tcl t el")
  }

  @Test(
    "goes by sonority where it does not know the language",
    arguments: [
      ("a l t r o", "a l . t r o", PhoneSet.ipa), ("p a r t j e", "p a r . t j e", .ipa),
      ("a s t a", "a s . t a", .ipa),
      ("b ʌ tʃ ə", "b ʌ . tʃ ə", .ipa), ("l I t n=", "l I . t n=", .sampa),
      ("a N k @", "a N . k @", .sampa),
      ("a b l a", "", .none),
    ])
  func sonority(word: String, expected: String, set: PhoneSet) {
    #expect(divided(word, set) == expected)
  }

  @Test("always gives whole words back, one vowel to a syllable")
  func whole() {
    var numbers = SplitMix64(seed: 3)
    let phones = Arpabet.phones.sorted()
    for _ in 0..<500 {
      let word = (0..<Int.random(in: 0...12, using: &numbers)).map { _ in
        phones.randomElement(using: &numbers) ?? ""
      }
      let syllables = Syllabifier(.arpabet).syllables(of: word)
      #expect(syllables.flatMap { Array($0) } == Array(word.indices))
      let vowels = syllables.map { word[$0].count(where: PhoneSet.arpabet.isVowel) }
      #expect(syllables.count < 2 || vowels.allSatisfy { $0 == 1 })
    }
  }

  /// Times are compared to a tenth of a millisecond: files round them.
  private func key(_ span: LabelledSpan) -> String {
    "\(Int((span.start * 1e4).rounded()))–\(Int((span.end * 1e4).rounded()))"
  }

  @Test(
    "agrees with the syllables that the synthesiser spoke, in at least 95 of 100",
    arguments: ["unseen", "human"])
  func agreement(name: String) throws {
    let corpus = try Corpus.load(fixture(name), seconds: flacSeconds)
    var (own, equal, derived) = (0, 0, 0)
    var differing: Set<String> = []
    for utterance in corpus.utterances {
      guard let phones = utterance.tiers[.phoneme], let words = utterance.tiers[.word] else { continue }
      var other = utterance.tiers
      other[.syllable] = DerivedTiers.syllables(
        phones: phones, words: words, labelling: utterance.labelling)
      let copy = Utterance(
        id: utterance.id, audioPath: "", labelPath: "", speaker: "", sentence: "",
        seconds: utterance.seconds,
        tiers: other, labelling: utterance.labelling)
      let a = utterance.spans(at: .syllable)
      let b = copy.spans(at: .syllable)
      let found = Set(b.map(key))
      own += a.count
      derived += b.count
      equal += a.count { found.contains(key($0)) }
      differing.formUnion(a.filter { !found.contains(key($0)) }.map(\.label))
    }
    let share = Double(equal) / Double(max(own, derived))
    #expect(own > 200)
    #expect(share >= 0.95, "\(share); differing: \(differing.sorted().joined(separator: ", "))")
  }
}
