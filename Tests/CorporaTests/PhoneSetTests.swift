import Testing

@testable import Corpora

@Suite("A phone set") struct PhoneSetTests {
  @Test("has as many phones as its source says")
  func sizes() {
    #expect(Arpabet.phones.count == 39)
    #expect(Arpabet.vowels.count == 15)
    #expect(Timit.phones.count == 61)
    let folded = Set(Timit.phones.compactMap { PhoneSet.timit39.normalised($0) })
    // Lee & Hon's 39th class is silence.
    #expect(folded.subtracting(["h#", "pau", "epi"]).count == 38)
  }

  @Test(
    "is recognised",
    arguments: [
      (["AH0", "T", "IY1"], PhoneSet.arpabet), (["ah", "t", "iy"], .arpabet),
      (["ax", "tcl", "t", "iy"], .timit),
      (["ə", "t", "iː", "aj"], .ipa), (["t̪", "ɑ̃", "d"], .ipa), (["@", "t", "i:", "eI"], .sampa),
      (["t", "a", "o"], .none),
      (["一", "二"], .none), (["AH0", "ah"], .none), ([], .none),
    ])
  func recognised(labels: [String], expected: PhoneSet) {
    #expect(PhoneSet.recognise(Dictionary(uniqueKeysWithValues: labels.map { ($0, 10) })) == expected)
  }

  @Test("is recognised though a few labels are strange")
  func strange() {
    #expect(PhoneSet.recognise(["AH0": 80, "T": 15, "noise": 3, "PT": 2]) == .arpabet)
  }

  @Test("leaves stress out, or keeps it")
  func stress() {
    #expect(PhoneSet.arpabet.normalised("ah0") == "AH")
    #expect(PhoneSet.arpabet.normalised("AH0", keepingStress: true) == "AH0")
    #expect(PhoneSet.ipa.normalised("ˈiː") == "iː")
    #expect(PhoneSet.sampa.normalised("\"i:") == "i:")
    #expect(PhoneSet.timit.normalised("AX-H") == "ax-h")
    #expect(PhoneSet.timit39.normalised("ux") == "uw")
    #expect(PhoneSet.timit39.normalised("bcl") == nil)
    #expect(PhoneSet.none.normalised(" x1 ") == "x1")
  }

  @Test(
    "knows its vowels",
    arguments: [
      (PhoneSet.arpabet, ["AH0", "er", "OY"], ["R", "Y", "NG"]),
      (.timit, ["ax-h", "el", "ux"], ["q", "dx", "bcl"]),
      (.ipa, ["ə", "iː", "aj", "ã", "n̩", "l̩ˠ", "ɝ", "ʲe"], ["j", "w", "n", "i̯", "tʃ", "ŋ", "ʰ"]),
      (.sampa, ["@", "\"i:", "9", "n=", "aI"], ["j", "S", "N", "t", "tS"]),
      (.buckeye, ["ihn", "el", "er"], ["nx", "tq", "dx"]),
      (.pinyin, ["ang1", "er2", "i"], ["zh", "y", "aa"]),
      (.romaji, ["a", "U"], ["N", "cl", "ky"]), (.none, [], ["a", "t"]),
    ])
  func vowels(set: PhoneSet, vowels: [String], others: [String]) {
    for label in vowels { #expect(set.isVowel(label), "\(label)") }
    for label in others { #expect(!set.isVowel(label), "\(label)") }
  }
}

@Suite("Labels") struct LabellingTests {
  @Test(
    "of silence are known in any case",
    arguments: SilenceLabels.usual.sorted() + [" ", "SIL", "Sp", " <EPS> ", "\n"])
  func silence(label: String) {
    #expect(Labelling().isSilence(label))
    for level in Level.allCases { #expect(Labelling().label(label, at: level) == nil) }
  }

  @Test("that are words are not silence", arguments: ["silence", "Pause", "s", "p"])
  func words(label: String) {
    #expect(!Labelling().isSilence(label))
  }

  @Test("of sentences are equal where the sentence is")
  func sentences() {
    for text in ["“Don’t!”, he said.", "don't he   said", "DONT HE-SAID", " dont\nhe said"] {
      #expect(SentenceText.key(text) == "dont he said")
    }
    #expect(SentenceText.key("…") == nil)
    #expect(SentenceText.key("Où est l'été?") == "où est lété")
  }

  @Test("of phones have the neighbours that they touch in their type")
  func triphones() {
    func utterance(_ phoneSet: PhoneSet, _ labels: [(Double, Double, String)]) -> Utterance {
      let tier = Tier(
        name: "phones", intervals: labels.map { Interval(start: $0.0, end: $0.1, label: $0.2) })
      return Utterance(
        id: "a", audioPath: "", labelPath: "", speaker: "s", sentence: "x", seconds: 1,
        tiers: [.phoneme: tier],
        labelling: Labelling(phoneSet: phoneSet))
    }
    let arpabet = utterance(
      .arpabet,
      [
        (0, 0.1, "sil"), (0.1, 0.2, "AH0"), (0.2, 0.3, "T"), (0.4, 0.5, "S"), (0.5, 0.6, ""),
        (0.6, 0.7, "K"),
      ])
    #expect(arpabet.spans(at: .phoneme).map(\.type) == ["#-AH-T", "AH-T-#", "#-S-#", "#-K-#"])
    let timit = utterance(
      .timit39, [(0, 0.1, "h#"), (0.1, 0.2, "s"), (0.2, 0.3, "tcl"), (0.3, 0.4, "t"), (0.4, 0.5, "ax")])
    #expect(timit.spans(at: .phoneme).map(\.type) == ["#-s-t", "s-t-ah", "t-ah-#"])
    let closed = utterance(
      .timit39, [(0, 0.1, "tcl"), (0.1, 0.2, "t"), (0.3, 0.4, "ih"), (0.4, 0.5, "kcl")])
    #expect(closed.spans(at: .phoneme).map(\.type) == ["#-t-#", "#-ih-#"])
    #expect(arpabet.spans(at: .word).isEmpty)
  }
}
