import Foundations
import Testing

@testable import Corpora

private typealias Reading = (speaker: String, sentence: String, seconds: Double)

/// Every speaker reads every sentence.
private func crossed(_ speakers: Int, _ sentences: Int) -> [Reading] {
  (0..<speakers).flatMap { speaker in
    (0..<sentences).map { ("p\(speaker)", "s\($0)", 2 + Double(($0 * 7 + speaker) % 5)) }
  }
}

/// Every speaker has sentences of their own.
private func apart(_ counts: [Int]) -> [Reading] {
  counts.indices.flatMap { speaker in
    (0..<counts[speaker]).map { ("p\(speaker)", "p\(speaker) s\($0)", Double(1 + $0 % 3)) }
  }
}

@Suite("A split plan") struct SplitPlanTests {
  @Test("crosses speakers and sentences where all read the same, and tests each utterance once")
  func crossedDesign() throws {
    let corpus = crossed(5, 25)
    let plan = try SplitPlan.make(for: corpus, seed: 1)
    #expect(plan.folds.count == 25)
    #expect(!plan.leaks)
    #expect(plan.warnings == [])
    #expect(plan.folds.flatMap(\.test).sorted() == Array(corpus.indices))
    for fold in plan.folds {
      let sentences = Set(fold.test.map { corpus[$0].sentence }).count
      #expect(Set(fold.test.map { corpus[$0].speaker }).count == 1)
      #expect(fold.outer.count == 4 * (25 - sentences))
      #expect(Set(fold.train.map { corpus[$0].speaker }).count == 3)
      #expect(Set(fold.development.map { corpus[$0].speaker }).count == 1)
    }
    #expect(
      plan.description == """
        25 folds of 5 groups of speakers × 5 blocks of sentences: each tests one group on one block and trains on other \
        speakers reading other sentences; every utterance is tested once. Development data are kept apart inside training.
        """)
  }

  @Test("takes a diagonal for many utterances: each speaker and each sentence is tested")
  func diagonal() throws {
    let corpus = crossed(10, 50)
    let plan = try SplitPlan.make(for: corpus, seed: 1)
    #expect(plan.folds.count == 5)
    #expect(!plan.leaks)
    let test = plan.folds.flatMap(\.test)
    #expect(Set(test).count == test.count)
    #expect(Set(test.map { corpus[$0].speaker }).count == 10)
    #expect(Set(test.map { corpus[$0].sentence }).count == 50)
    #expect(try SplitPlan.make(for: corpus, cells: .all, seed: 1).folds.count == 25)
  }

  @Test("is of speakers where sentences are their own")
  func speakers() throws {
    let corpus = apart([4, 4, 2, 1, 3, 6, 2, 9])
    let plan = try SplitPlan.make(for: corpus, seed: 1)
    #expect(plan.folds.count == 5)
    #expect(!plan.leaks)
    #expect(plan.warnings == [])
    #expect(plan.folds.flatMap(\.test).sorted() == Array(corpus.indices))
    for fold in plan.folds {
      #expect(fold.outer.count + fold.test.count == corpus.count)
      #expect(fold.train.count + fold.development.count == fold.outer.count)
    }
  }

  @Test("stays with speakers where few sentences are shared, and drops these from training")
  func fewShared() throws {
    var corpus = apart([8, 8, 8, 8, 8, 8])
    for speaker in 0..<6 { corpus.append(("p\(speaker)", "hello", 1)) }
    let plan = try SplitPlan.make(for: corpus, seed: 1)
    #expect(!plan.leaks)
    #expect(plan.folds.count == 5)
    #expect(plan.folds.flatMap(\.test).count == corpus.count)
    #expect(plan.description.contains("where these read other sentences"))
  }

  @Test("says that it leaks where there is one speaker, or one sentence")
  func leaking() throws {
    let one = try SplitPlan.make(for: crossed(1, 10), seed: 1)
    #expect(one.leaks)
    #expect(one.folds.count == 5)
    #expect(
      one.warnings == [
        "the same speaker is in training and in test (“p0”): numbers say what holds within a speaker, not for new "
          + "ones; add recordings of other speakers"
      ])
    #expect(one.folds.allSatisfy { fold in Set(fold.test).isDisjoint(with: fold.outer) })
    let same = try SplitPlan.make(for: crossed(6, 1), seed: 1)
    #expect(same.leaks)
    #expect(same.warnings.count == 1)
    #expect(same.warnings[0].hasPrefix("the same sentence is in training and in test (“s0”): "))
    let repeated = try SplitPlan.make(for: [("a", "x", 1), ("a", "x", 1), ("a", "x", 1)], seed: 1)
    #expect(repeated.leaks)
    #expect(repeated.folds.count == 3)
    #expect(repeated.warnings.count == 2)
  }

  @Test(
    "of little says what is missing",
    arguments: [
      (2, 2, false, ["4 of 4 folds have too little for any development data"]),
      (
        2, 6, false,
        [
          "too few speakers for development data of their own: penalties are chosen on speakers that are also in "
            + "training (test is apart)"
        ]
      ), (3, 3, false, nil), (4, 4, false, []),
    ])
  func little(speakers: Int, sentences: Int, leaks: Bool, warnings: [String]?) throws {
    let plan = try SplitPlan.make(for: crossed(speakers, sentences), seed: 1)
    #expect(plan.leaks == leaks)
    if let warnings { #expect(plan.warnings == warnings) }
    #expect(plan.folds.allSatisfy { !$0.train.isEmpty && !$0.test.isEmpty })
  }

  @Test("cannot be made of less than two utterances")
  func tooFew() {
    #expect(throws: CorpusError.tooFewUtterances(count: 0)) { try SplitPlan.make(for: [], seed: 1) }
    #expect(throws: CorpusError.tooFewUtterances(count: 1)) {
      try SplitPlan.make(for: crossed(1, 1), seed: 1)
    }
  }

  @Test("is the same for the same seed and another for another")
  func seeds() throws {
    let corpus = crossed(7, 20)
    #expect(try SplitPlan.make(for: corpus, seed: 4) == SplitPlan.make(for: corpus, seed: 4))
    #expect(try SplitPlan.make(for: corpus, seed: 4).folds != SplitPlan.make(for: corpus, seed: 5).folds)
  }

  @Test("has parts of about the same length")
  func balance() throws {
    let corpus = apart([Int](repeating: 6, count: 40))
    let plan = try SplitPlan.make(for: corpus, seed: 1)
    let seconds = plan.folds.map { $0.test.reduce(0) { $0 + corpus[$1].seconds } }
    #expect((seconds.max() ?? 0) - (seconds.min() ?? 0) <= 12)  // One speaker's worth.
  }

  @Test("leaks only where it says so, whatever the corpus", arguments: 0..<60)
  func property(seed: Int) throws {
    var numbers = SplitMix64(seed: UInt64(seed))
    let speakers = Int.random(in: 1...9, using: &numbers)
    let sentences = Int.random(in: 1...12, using: &numbers)
    let count = Int.random(in: 2...80, using: &numbers)
    let own = Bool.random(using: &numbers)
    let corpus: [Reading] = (0..<count).map { _ in
      let speaker = Int.random(in: 0..<speakers, using: &numbers)
      let sentence = Int.random(in: 0..<sentences, using: &numbers)
      return (
        "p\(speaker)", own ? "\(speaker) \(sentence)" : "s\(sentence)",
        Double.random(in: 0...9, using: &numbers)
      )
    }
    for cells in [SplitPlan.Cells.all, .diagonal] {
      let plan = try SplitPlan.make(for: corpus, cells: cells, seed: UInt64(seed))
      #expect(!plan.folds.isEmpty)
      var leaks = false
      for fold in plan.folds {
        #expect(!fold.train.isEmpty && !fold.test.isEmpty)
        let trained = Set(fold.train + fold.development + fold.outer)
        #expect(trained == Set(fold.outer))
        #expect(trained.isDisjoint(with: fold.test))
        #expect(Set(fold.train).isDisjoint(with: fold.development))
        for a in trained {
          for b in fold.test
          where corpus[a].speaker == corpus[b].speaker || corpus[a].sentence == corpus[b].sentence {
            leaks = true
          }
        }
      }
      #expect(plan.leaks == leaks)
      if cells == .all { #expect(plan.folds.flatMap(\.test).sorted() == Array(corpus.indices)) }
    }
  }

  @Test("can be verified, and a leak planted anywhere is found")
  func verify() throws {
    let corpus = crossed(5, 10)
    let fold = try #require(try SplitPlan.make(for: corpus, seed: 2).folds.first)
    #expect(SplitPlan.verify([fold], for: corpus) == [])
    let test = try #require(fold.test.first)
    let planted = Fold(train: fold.train + [test], development: fold.development, test: fold.test)
    #expect(
      SplitPlan.verify([fold, planted], for: corpus).map(\.description).contains(
        "fold 1: utterance “\(test)” is in training and test"))
    let other = try #require(
      corpus.indices.first { $0 != test && corpus[$0].speaker == corpus[test].speaker })
    let tuned = Fold(train: fold.train, development: [other], test: fold.test)
    let leaks = SplitPlan.verify([tuned], for: corpus)
    #expect(leaks.contains { $0.kind == .speaker && $0.sides == .developmentAndTest && $0.isSerious })
  }
}

@Suite("A vocabulary") struct VocabularyTests {
  private func utterance(_ speaker: String, _ sentence: String) -> Utterance {
    let words = sentence.split(separator: " ").enumerated().map { index, word in
      Interval(start: Double(index), end: Double(index + 1), label: String(word))
    }
    return Utterance(
      id: speaker + sentence, audioPath: "", labelPath: "", speaker: speaker, sentence: sentence,
      seconds: 9,
      tiers: [.word: Tier(name: "words", intervals: words)])
  }

  @Test("keeps what can be learned and tested, and counts what it leaves out")
  func limits() {
    let utterances = [
      utterance("a", "the cat saw the dog"), utterance("b", "the dog sil sat"),
      utterance("b", "cat cat here"),
      utterance("a", "mat mat"), utterance("c", "rug rug"), utterance("d", "rug rug"),
    ]
    let words = Vocabulary(of: .word, in: utterances, limits: .init(minimumCount: 2))
    #expect(words.classes == ["cat", "dog", "the"])
    #expect(words.counts == [3, 2, 3])
    #expect(words.index(of: "dog") == 1)
    #expect(words.index(of: "rug") == nil)
    #expect(words.leftOut.map(\.label) == ["rug", "mat", "here", "sat", "saw"])
    #expect(
      words.leftOut.map(\.reason) == [.tooFewSentences, .tooFewSpeakers, .tooRare, .tooRare, .tooRare])
    #expect(
      words.summary == """
        word: 3 classes with 8 of 17 spans; 5 labels left out: 3 with too few examples, 1 of too few speakers, 1 in too \
        few sentences
        """)
    let two = Vocabulary(of: .word, in: utterances, limits: .init(minimumCount: 2, maximumClasses: 2))
    #expect(two.classes == ["cat", "the"])
    #expect(two.leftOut.contains { $0.label == "dog" && $0.reason == .beyondMaximum && $0.count == 2 })
  }

  @Test("asks for no more speakers than there are")
  func oneSpeaker() {
    let words = Vocabulary(
      of: .word, in: [utterance("a", "x x"), utterance("a", "x y")], limits: .init(minimumCount: 3))
    #expect(words.classes == ["x"])
    #expect(Vocabulary(of: .phoneme, in: [], limits: .init()).classes == [])
  }
}
