import Testing

@testable import Corpora

@Suite("What stands around a span")
struct UtteranceStructureTests {
  /// “mountain top”, a pause, “see”.
  private let utterance: Utterance = {
    func tier(_ level: Level, _ parts: [(Double, Double, String)]) -> Tier {
      Tier(
        name: level.rawValue, level: level,
        intervals: parts.map { Interval(start: $0.0, end: $0.1, label: $0.2) })
    }
    return Utterance(
      id: "u", audioPath: "", labelPath: "", speaker: "s", sentence: "x", seconds: 2,
      tiers: [
        .phoneme: tier(
          .phoneme,
          [
            (0, 0.1, "M"), (0.1, 0.2, "AW1"), (0.2, 0.3, "N"), (0.3, 0.4, "T"), (0.4, 0.5, "AH0"),
            (0.5, 0.6, "N"), (0.6, 0.7, "T"), (0.7, 0.8, "AA2"), (0.8, 0.9, "P"), (0.9, 1.2, "sil"),
            (1.2, 1.3, "S"), (1.3, 1.5, "IY1"),
          ]),
        .syllable: tier(
          .syllable,
          [(0, 0.3, "M AW1 N"), (0.3, 0.6, "T AH0 N"), (0.6, 0.9, "T AA2 P"), (1.2, 1.5, "S IY1")]),
        .word: tier(.word, [(0, 0.6, "mountain"), (0.6, 0.9, "top"), (1.2, 1.5, "see")]),
        .phrase: tier(.phrase, [(0, 0.9, "mountain top"), (1.2, 1.5, "see")]),
      ], labelling: Labelling(phoneSet: .arpabet))
  }()

  @Test("is read off the tiers: shape, stress, part of the syllable")
  func syllables() {
    let structure = UtteranceStructure(utterance)
    #expect(structure.shape(from: 0, to: 0.3) == "CVC" && structure.shape(from: 1.2, to: 1.5) == "CV")
    #expect(structure.shape(from: 0.9, to: 1.2) == nil)
    #expect(structure.stress(from: 0, to: 0.3) == "primary")
    #expect(structure.stress(from: 0.3, to: 0.6) == "unstressed")
    #expect(structure.stress(from: 0.6, to: 0.9) == "secondary")
    let parts = [(0.0, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.9, 1.2)]
      .map { structure.partOfSyllable(from: $0, to: $1) }
    #expect(parts == ["onset", "nucleus", "coda", "onset", nil])
    #expect(structure.phoneWithStress(from: 0.4, to: 0.5) == "AH0")
    #expect(structure.phones(from: 0.6, to: 0.9) == ["T", "AA", "P"])
  }

  @Test("positions in larger units, and counts")
  func positions() {
    let structure = UtteranceStructure(utterance)
    #expect(structure.position(of: .word, from: 0, to: 0.6, in: .phrase) == .initial)
    #expect(structure.position(of: .word, from: 0.6, to: 0.9, in: .phrase) == .final)
    #expect(structure.position(of: .word, from: 1.2, to: 1.5, in: .phrase) == .only)
    #expect(structure.position(of: .syllable, from: 0.3, to: 0.6, in: .word) == .final)
    #expect(structure.position(of: .phoneme, from: 0.2, to: 0.3, in: .word) == .medial)
    #expect(structure.position(of: .phoneme, from: 0.9, to: 1.2, in: .word) == nil)
    #expect(structure.count(of: .phoneme, from: 0, to: 0.6) == 6)
    #expect(structure.count(of: .syllable, from: 0, to: 0.6) == 2)
    #expect(!structure.has(.sentence) && structure.has(.phrase))
  }

  @Test("boundaries are each there once, also beside silences")
  func boundaries() {
    #expect(UtteranceStructure(utterance).boundaries(of: .word) == [0, 0.6, 0.9, 1.2, 1.5])
  }

  @Test("no stress is made up where the labels mark none")
  func noStress() {
    let plain = Utterance(
      id: "u", audioPath: "", labelPath: "", speaker: "s", sentence: "x", seconds: 1,
      tiers: [
        .phoneme: Tier(
          name: "p", level: .phoneme, intervals: [Interval(start: 0, end: 1, label: "iy")])
      ], labelling: Labelling(phoneSet: .timit))
    #expect(UtteranceStructure(plain).stress(from: 0, to: 1) == nil)
  }
}

@Suite("Divisions that a probe asks for")
struct DivisionTests {
  private let utterances = (0..<24).map {
    (speaker: "s\($0 / 6)", sentence: "\($0 % 6)", seconds: 3.0)
  }

  @Test("each tests every utterance once", arguments: SplitPlan.Division.allCases)
  func covers(division: SplitPlan.Division) throws {
    let plan = try SplitPlan.make(for: utterances, by: division, seed: 3)
    #expect(plan.folds.flatMap(\.test).sorted() == Array(0..<24))
    for fold in plan.folds {
      #expect(Set(fold.outer).isDisjoint(with: fold.test))
      #expect(Set(fold.train).isDisjoint(with: fold.development))
    }
  }

  @Test("one speaker is left out at a time; sentences are kept apart where speakers are shared")
  func sides() throws {
    let speakers = try SplitPlan.make(for: utterances, by: .speakers, seed: 3)
    #expect(speakers.folds.count == 4)
    for fold in speakers.folds { #expect(Set(fold.test.map { utterances[$0].speaker }).count == 1) }
    #expect(speakers.leaks, "the same sentences are on both sides, and it says so")
    let sentences = try SplitPlan.make(for: utterances, by: .sentences, seed: 3)
    #expect(!sentences.leaks)
    for fold in sentences.folds {
      #expect(
        Set(fold.test.map { utterances[$0].sentence })
          .isDisjoint(with: fold.outer.map { utterances[$0].sentence }))
      #expect(Set(fold.outer.map { utterances[$0].speaker }).count == 4)
    }
  }

  @Test("one speaker cannot be left out of one")
  func oneSpeaker() {
    let alone = utterances.filter { $0.speaker == "s0" }
    #expect(throws: CorpusError.self) { try SplitPlan.make(for: alone, by: .speakers, seed: 0) }
  }
}
