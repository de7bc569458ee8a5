import Foundation
import Foundations
import Testing

@testable import Corpora

@Suite("An alphabet") struct PhoneAlphabetTests {
  @Test(
    "is recognised",
    arguments: [
      (["dh", "ih", "ihn", "s", "nx", "iyn"], PhoneSet.buckeye),
      (["zh", "ong1", "g", "uo2", "r", "en5"], .pinyin),
      (["k", "o", "N", "n", "i", "ch", "w", "a"], .romaji), (["n", "i", "cl", "p", "o", "N"], .romaji),
      (["AH0_B", "T_I", "IY1_E", "M_S"], .arpabet), (["dh_B", "ah_E"], .arpabet),
      (["\\sh", "\\ae", "t", "\\sw"], .ipa), (["tS", "{", "t", "@", "r\\"], .sampa),
      (["ʈʂ", "ʐ̩˥˥", "aj˥˩"], .ipa),
      (["12", "33", "77", "8"], .none), (["hello", "wörld", "thiş"], .none), (["š", "ž", "a"], .none),
      (["zhōng", "guó"], .none),
    ])
  func recognised(labels: [String], expected: PhoneSet) {
    #expect(PhoneSet.recognise(Dictionary(labels.map { ($0, 10) }, uniquingKeysWith: +)) == expected)
  }

  @Test(
    "tells its language, or does not",
    arguments: [
      (PhoneSet.ipa, ["ɹ", "ð", "ə", "æ", "t"], SpokenLanguage?.some(.english)),
      (.sampa, ["r\\", "D", "@", "{", "t"], .english), (.ipa, ["ʁ", "ç", "yː", "øː", "ts", "ə"], .german),
      (.ipa, ["ʁ", "ɑ̃", "ɔ̃", "y", "ʒ", "ɥ"], .french),
      (.ipa, ["a", "e", "o", "ɾ", "ɲ", "tʃ", "x", "β", "ɣ"], .spanish),
      (.ipa, ["ʈʂ", "a˥˩", "ɕ"], .mandarin), (.ipa, ["ɰ̃", "ɯ", "ɕ"], .japanese),
      (.pinyin, ["zh"], .mandarin),
      (.romaji, ["a"], .japanese), (.timit, ["ax"], .english), (.ipa, ["a", "t", "ʃ"], nil),
      (.none, ["a"], nil),
    ])
  func language(set: PhoneSet, labels: [String], expected: SpokenLanguage?) {
    #expect(
      SpokenLanguage.recognise(Dictionary(uniqueKeysWithValues: labels.map { ($0, 1) }), in: set)
        == expected)
  }

  @Test(
    "has classes without stress, tone and position",
    arguments: [
      (PhoneSet.ipa, "ˈa˥˩", "a"), (.ipa, "'k", "k"), (.ipa, "kʼ", "kʼ"), (.ipa, "k'", "k'"),
      (.ipa, "aj˨˩˦", "aj"),
      (.ipa, "ʐ̩˥˩", "ʐ̩"), (.ipa, "a˨ˀ˥", "a"), (.ipa, "ã́", "ã"), (.ipa, "\\sh", "ʃ"), (.ipa, "ʃ_B", "ʃ"),
      (.arpabet, "ah0_E", "AH"), (.sampa, "\"a_T", "a"), (.sampa, "'t", "t"), (.sampa, "t'", "t'"),
      (.pinyin, "ang4", "ang"), (.pinyin, "zh", "zh"), (.pinyin, "lü", "lv"), (.buckeye, "IHN", "ihn"),
      (.romaji, "N", "N"),
      (.none, "a_B", "a_B"),
    ])
  func classes(set: PhoneSet, label: String, expected: String) {
    #expect(set.normalised(label) == expected)
  }

  @Test(
    "says tone, where it marks any",
    arguments: [
      (PhoneSet.ipa, "aj˥˩", String?.some("51")), (.ipa, "á", "4"), (.ipa, "ǎ", "15"),
      (.ipa, "a²¹⁴", "214"),
      (.ipa, "a˨˩ˀ", "21ˀ"), (.ipa, "a", nil), (.pinyin, "ang4", "4"), (.pinyin, "en0", "5"),
      (.pinyin, "zh", nil),
      (.sampa, "a_H", "4"), (.arpabet, "AH1", nil), (.romaji, "a", nil),
    ])
  func tones(set: PhoneSet, label: String, expected: String?) { #expect(set.tone(of: label) == expected) }

  @Test(
    "has features for all its symbols",
    arguments: [
      (PhoneSet.buckeye, Buckeye.phones.sorted()), (.pinyin, Pinyin.initials.keys.sorted()),
      (.pinyin, Pinyin.finals.keys.sorted().map { $0 + "1" }), (.romaji, Romaji.ipa.keys.sorted()),
      (
        .sampa,
        ["i:6", "OY", "aI", "E:", "pf", "ts", "tS", "dZ", "C", "x", "?", "@n=", "2:", "9", "6", "a~", "o~"]
          .filter { $0 != "@n=" }
      ),
      (.arpabet, ["AH0_B", "DH_S"]), (.ipa, ["\\ae", "\\sh", "t\\sh", "\\sw\\hr", "\\as\\:f"]),
    ])
  func complete(set: PhoneSet, labels: [String]) {
    for label in labels {
      let features = set.features(of: label)
      #expect(features?[.manner] != nil && features?[.voicing] != nil, "\(label)")
      #expect((features?[.manner] == "vowel") == (features?[.place] == nil), "\(label)")
      #expect(
        set.isVowel(label) == (features?[.manner] == "vowel") || label.hasPrefix("e") && set == .buckeye,
        "\(label)")
    }
  }
}

@Suite("Stress, tone and syllables") struct PhoneStructureTests {
  private func utterance(_ set: PhoneSet, _ syllables: [String], keepsTone: Bool = false)
    -> UtteranceStructure
  {
    var phones: [Interval] = []
    for phone in syllables.flatMap({ $0.split(separator: " ") }) {
      phones.append(
        Interval(start: Double(phones.count), end: Double(phones.count + 1), label: String(phone)))
    }
    return UtteranceStructure(
      Utterance(
        id: "a", audioPath: "", labelPath: "", speaker: "s", sentence: "x", seconds: 100,
        tiers: [.phoneme: Tier(name: "phones", level: .phoneme, intervals: phones)],
        labelling: Labelling(phoneSet: set)))
  }

  @Test(
    "stress is read by the alphabet",
    arguments: [
      (PhoneSet.arpabet, "B AH0", String?.some("unstressed")), (.arpabet, "B AH1", "primary"),
      (.arpabet, "B AH2", "secondary"),
      (.ipa, "ˈb ʌ", "primary"), (.ipa, "b ˌʌ", "secondary"), (.ipa, "'b ʌ", "primary"), (.ipa, "b ʌ", nil),
      (.ipa, "k' ʌ", nil), (.sampa, "\"b V", "primary"), (.sampa, "%b V", "secondary"),
      (.sampa, "t' a", nil),
      (.sampa, "'t a", "primary"), (.pinyin, "b a1", nil), (.pinyin, "b a2", nil), (.none, "b a1", nil),
    ])
  func stress(set: PhoneSet, syllable: String, expected: String?) {
    let count = Double(syllable.split(separator: " ").count)
    #expect(utterance(set, [syllable]).stress(from: 0, to: count) == expected)
  }

  @Test("a syllable without a mark is unstressed where others have one")
  func unmarked() {
    #expect(utterance(.ipa, ["ˈb ʌ", "t ə"]).stress(from: 2, to: 4) == "unstressed")
    #expect(utterance(.sampa, ["\"b V", "t @"]).stress(from: 2, to: 4) == "unstressed")
  }

  @Test("tone is a syllable's, and none of an alphabet without it")
  func tone() {
    #expect(utterance(.pinyin, ["zh ong1", "g uo2"]).tone(from: 2, to: 4) == "2")
    #expect(utterance(.ipa, ["k a˥˩ n", "m ə"]).tone(from: 0, to: 3) == "51")
    #expect(utterance(.ipa, ["k a˥˩ n", "m ə"]).tone(from: 3, to: 5) == "none")
    #expect(utterance(.arpabet, ["B AH1"]).tone(from: 0, to: 2) == nil)
  }

  @Test("nothing is derived from an alphabet that is not known")
  func unknown() {
    let structure = utterance(.none, ["1 2 3"])
    #expect(structure.shape(from: 0, to: 3) == nil && structure.stress(from: 0, to: 3) == nil)
    #expect(structure.tone(from: 0, to: 3) == nil)
    #expect(Syllabifier(.none).syllables(of: ["a", "b", "a"]).isEmpty && !PhoneSet.none.isVowel("a"))
  }

  /// Words of the CMU dictionary, and the same phones as the Montreal Forced Aligner and X-SAMPA spell them.
  @Test("the same word is divided alike in every alphabet")
  func alike() {
    let ipa = [
      "AA": "ɑ", "AE": "æ", "AH": "ə", "AO": "ɒ", "AW": "aw", "AY": "aj", "EH": "ɛ", "ER": "ɝ", "EY": "ej",
      "IH": "ɪ",
      "IY": "iː", "OW": "ow", "OY": "ɔj", "UH": "ʊ", "UW": "ʉː", "B": "b", "CH": "tʃ", "D": "d", "DH": "ð",
      "F": "f",
      "G": "ɡ", "HH": "h", "JH": "dʒ", "K": "c", "L": "ɫ", "M": "m", "N": "n", "NG": "ŋ", "P": "pʰ",
      "R": "ɹ", "S": "s",
      "SH": "ʃ", "T": "tʰ", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
    ]
    let sampa = [
      "AA": "A", "AE": "{", "AH": "V", "AO": "O", "AW": "aU", "AY": "aI", "EH": "E", "ER": "3`", "EY": "eI",
      "IH": "I",
      "IY": "i:", "OW": "@U", "OY": "OI", "UH": "U", "UW": "u:", "B": "b", "CH": "tS", "D": "d", "DH": "D",
      "F": "f",
      "G": "g", "HH": "h", "JH": "dZ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "N", "P": "p",
      "R": "r\\", "S": "s",
      "SH": "S", "T": "t", "TH": "T", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "Z",
    ]
    var numbers = SplitMix64(seed: 5)
    let phones = Arpabet.phones.sorted()
    for _ in 0..<3000 {
      let word = (0..<Int.random(in: 2...10, using: &numbers)).compactMap { _ in
        phones.randomElement(using: &numbers)
      }
      let own = Syllabifier(.arpabet).syllables(of: word)
      let other = Syllabifier(.ipa, language: .english).syllables(of: word.map { ipa[$0] ?? "" })
      #expect(own == other, "\(word)")
      #expect(
        own == Syllabifier(.sampa, language: .english).syllables(of: word.map { sampa[$0] ?? "" }),
        "\(word)")
      #expect(own == Syllabifier(.timit).syllables(of: word.map { $0.lowercased() }), "\(word)")
      let marked = word.map { $0 + "_I" }
      #expect(own == Syllabifier(.arpabet).syllables(of: marked), "\(word)")
    }
  }

  @Test(
    "French, Spanish and pinyin are divided by their tables, any language by a user's",
    arguments: [
      (SpokenLanguage.french, PhoneSet.ipa, "p a t ʁ i", "p a . t ʁ i"),
      (.french, .ipa, "ɛ s p e ʁ e", "ɛ s . p e . ʁ e"),
      (.french, .ipa, "a t l a s", "a t . l a s"), (.french, .ipa, "l y ɥ i", "l y . ɥ i"),
      (.spanish, .ipa, "o β ɾ a", "o . β ɾ a"), (.spanish, .ipa, "e s t a", "e s . t a"),
      (.spanish, .ipa, "t j e m p o", "t j e m . p o"), (.mandarin, .pinyin, "p ing2 an1", "p ing2 . an1"),
      (.mandarin, .pinyin, "x i1 n an2", "x i1 . n an2"), (.mandarin, .ipa, "kʰ ə n ə ŋ", "kʰ ə . n ə ŋ"),
      (.german, .sampa, "b @ S t I m t", "b @ . S t I m t"),
    ])
  func tables(language: SpokenLanguage, set: PhoneSet, word: String, expected: String) {
    #expect(divided(word, Syllabifier(set, language: language)) == expected)
  }

  @Test("a user's onsets extend a table, or are one")
  func onsets() {
    #expect(divided("a t l a", Syllabifier(.ipa, language: .english)) == "a t . l a")
    #expect(divided("a t l a", Syllabifier(.ipa, language: .english, onsets: ["t l"])) == "a . t l a")
    #expect(divided("a s t a k v a", Syllabifier(.ipa, onsets: ["k v"])) == "a s . t a . k v a")
  }

  private func divided(_ word: String, _ syllabifier: Syllabifier) -> String {
    let phones = word.split(separator: " ").map(String.init)
    return syllabifier.syllables(of: phones).map { phones[$0].joined(separator: " ") }.joined(
      separator: " . ")
  }

  @Test(
    "moras are those of Japanese",
    arguments: [
      (PhoneSet.romaji, "k o N n i ch i w a", "k o|N|n i|ch i|w a"),
      (.romaji, "g a cl k o o", "g a|cl|k o|o"),
      (.ipa, "t oː c oː", "t o|o|c o|o"), (.ipa, "ɡ a kː oː", "ɡ a|Q|k o|o"),
      (.ipa, "h o ɰ̃ j a", "h o|ɰ̃|j a"),
      (.romaji, "sh i N b u N", "sh i|N|b u|N"),
    ])
  func moras(set: PhoneSet, word: String, expected: String) {
    let phones = word.split(separator: " ").enumerated().map { index, label in
      Interval(start: Double(index), end: Double(index + 1), label: String(label))
    }
    let divider = MoraDivider(syllabifier: Syllabifier(set, language: .japanese))
    let moras = divider.moras(of: phones[...])
    #expect(moras.map(\.label).joined(separator: "|") == expected)
    #expect(moras.first?.start == 0 && moras.last?.end == Double(phones.count))
    #expect(zip(moras, moras.dropFirst()).allSatisfy { $0.end == $1.start && $0.start < $0.end })
    #expect(MoraDivider(syllabifier: Syllabifier(.arpabet)).moras(of: phones[...]).isEmpty)
  }
}

@Suite("Corpora in many alphabets") struct AlphabetCaseTests {
  private let cases = "16-alphabets-and-syllables/"

  @Test("Kaldi's position marks change nothing but the labels")
  func kaldi() throws {
    let plain = try CaseCorpus(cases + "arpabet-plain").load()
    let marked = try CaseCorpus(cases + "kaldi-suffix").load()
    for level in [Level.phoneme, .syllable, .word] { #expect(marked.labels(level) == plain.labels(level)) }
    #expect(!plain.labels(.syllable)[0].isEmpty && marked.says("position marks"))
  }

  @Test(
    "each is recognised, or nothing is derived and that is said",
    arguments: [
      ("mfa-mandarin-ipa", "phones: ipa (recognised)", true),
      ("pinyin-aishell3", "phones: pinyin (recognised)", true),
      ("xsampa-en", "phones: sampa (recognised)", true), ("integers", "their alphabet is not known", false),
    ])
  func recognised(name: String, words: String, hasSyllables: Bool) throws {
    let corpus = try CaseCorpus(cases + name).load()
    #expect(corpus.says(words), "\(corpus.issues)")
    #expect(corpus.utterances.allSatisfy { ($0.tiers[.syllable] != nil) == hasSyllables })
    #expect(corpus.says("tone is left out") == ["mfa-mandarin-ipa", "pinyin-aishell3"].contains(name))
  }

  @Test("language, tone and onsets can be said")
  func settings() throws {
    let corpus = try CaseCorpus(cases + "pinyin-aishell3")
    try corpus.write("tone: keep\n")
    #expect(try corpus.load().labels(.phoneme).joined().contains { $0.last?.isNumber ?? false })
    try corpus.write("phone_set: none\n")
    #expect(try corpus.load().utterances.allSatisfy { $0.tiers[.syllable] == nil })
    try corpus.write("phone_set: ipa\nlanguage: german\nonsets: [s t]\n")
    #expect(try corpus.load().says("the onsets of German and the onsets of corpus.yaml"))
  }
}

@Suite("Silence by other names") struct SilenceCaseTests {
  private static let cases = "06-silence-by-other-names/"

  @Test(
    "gives the same phones and words",
    arguments: ["charsiu", "julius", "kaldi-pos-gentle", "opencpop-AP", "webmaus-usb"])
  func same(name: String) throws {
    let plain = try CaseCorpus(Self.cases + "baseline").load()
    let other = try CaseCorpus(Self.cases + name).load()
    for level in [Level.phoneme, .word] { #expect(other.labels(level) == plain.labels(level)) }
    #expect(other.says("taken for silence, noise or unknown"))
  }

  @Test("leaves out a word that was not understood", arguments: ["mfa-bracketed", "mfa-unk"])
  func unknown(name: String) throws {
    let plain = try CaseCorpus(Self.cases + "baseline").load()
    let other = try CaseCorpus(Self.cases + name).load()
    for (words, all) in zip(other.labels(.word), plain.labels(.word)) {
      #expect(words == Array(all.dropFirst()))
    }
    for (phones, all) in zip(other.labels(.phoneme), plain.labels(.phoneme)) {
      #expect(phones == Array(all.suffix(phones.count)) && phones.count < all.count)
    }
  }

  @Test("depends on the level where the label is a word")
  func levels() {
    let labelling = Labelling()
    for label in ["NOISE", "LAUGH", "AP", "noise_S"] {
      #expect(
        labelling.isSilence(label, at: .phoneme) && !labelling.isSilence(label, at: .word), "\(label)")
    }
    for label in [
      "[SIL]", "<b>", "SIL_S", "silB", "_", "<usb>", "<nib>", "<p>", "VOCNOISE", "<unk>", "[laughter]",
      "{NSN}", "xxx",
    ] {
      #expect(labelling.isSilence(label, at: .phoneme) && labelling.isSilence(label, at: .word), "\(label)")
    }
    #expect(!Labelling(silence: ["", "q"]).isSilence("noise", at: .phoneme))
  }

  @Test("that only looks like it is told, and stays")
  func doubtful() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] {
      try folder.write("s/\(name).wav")
      try folder.write(
        "s/\(name).TextGrid",
        textGrid([
          ("words", [(0, 0.5, "<EXT-so>"), (0.5, 1, "day")]),
          ("phones", [(0, 0.5, "S"), (0.5, 0.7, "OW1"), (0.7, 1, "+++")]),
        ]))
    }
    let corpus = try Corpus.load(folder.path) { _ in 1 }
    #expect(corpus.labels(.word)[0] == ["<ext-so>", "day"])
    #expect(
      corpus.says("“<EXT-so>” (2) of the words look like silence")
        && corpus.says("“+++” (2) of the phonemes"))
  }
}
