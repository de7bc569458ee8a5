import Foundation
import Testing

@testable import Corpora

/// A tier as `label start-end`.
private func rows(_ utterance: Utterance, _ level: Level) -> [String] {
  (utterance.tiers[level]?.intervals ?? []).map { "\($0.label) \(Int($0.start))-\(Int($0.end))" }
}

private func load(_ name: String) throws -> Corpus {
  try Corpus.load(resource("text/\(name)")) { _ in nil }
}

private func load(content: String, name: String = "a.conllu") throws -> Corpus {
  let folder = try TemporaryFolder()
  try folder.write(name, content)
  return try Corpus.load(folder.path + "/" + name) { _ in nil }
}

private let good = ["1 Stop stop VERB _ _ 0 root _ _", ""]

@Suite("Texts as corpora") struct TextCorpusTests {
  @Test("CoNLL-U: places in characters, phrases and clauses of the tree, by hand")
  func conllu() throws {
    let corpus = try load("small.conllu")
    #expect(corpus.isText)
    #expect(corpus.utterances.map(\.id) == ["small/0000029", "small/s1", "small/s2"])
    #expect(corpus.utterances.map(\.speaker) == ["marché", "Ann", "marché"])
    let (bare, dog, french) = (corpus.utterances[0], corpus.utterances[1], corpus.utterances[2])

    #expect(dog.text == "The old dog sleeps because it is tired.")
    #expect(dog.seconds == 39)
    #expect(
      rows(dog, .word) == [
        "the 0-3", "old 4-7", "dog 8-11", "sleeps 12-18", "because 19-26", "it 27-29", "is 30-32",
        "tired 33-38",
      ])
    #expect(dog.spans(at: .character).map(\.label) == ["t", "o", "d", "s", "b", "i", "i", "t"])
    #expect(dog.spans(at: .character).map(\.type).first == "the")
    #expect(
      rows(dog, .phrase) == ["NP 0-11", "VP 12-18", "NP 27-29", "VP 30-32", "ADJP 33-38"])
    #expect(rows(dog, .clause) == ["main 0-18", "adverbial 19-38"])
    #expect(rows(dog, .sentence) == ["complex 0-39"])
    #expect(dog.spans(at: .clause).map(\.type) == ["sleeps", "tired"])

    #expect(
      rows(french, .word) == ["il 0-2", "vient 3-8", "du 9-11", "marché 12-18", "et 19-21", "rentre 22-28"])
    #expect(
      french.tiers[.word]?.tags[.partOfSpeech] == ["PRON", "VERB", "ADP+DET", "NOUN", "CCONJ", "VERB"])
    #expect(rows(french, .phrase) == ["NP 0-2", "VP 3-8", "PP 9-18", "VP 22-28"])
    #expect(rows(french, .clause) == ["main 0-18", "coordinate 19-28"])
    #expect(rows(french, .sentence) == ["compound 0-29"])

    // No tree and no `# text`: the text is put together, and ü is two scalars.
    #expect(bare.text == "Viel Glu\u{308}ck!")
    #expect(rows(bare, .word) == ["viel 0-4", "glu\u{308}ck 5-11"])
    #expect(bare.tiers[.phrase] == nil && bare.tiers[.clause] == nil)
    #expect(rows(bare, .sentence) == ["wish 0-12"])
  }

  @Test("tables of tokens and of sentences")
  func tables() throws {
    let tokens = try load("tokens.tsv")
    #expect(tokens.utterances.map(\.text) == ["She sang.", "Go!"])
    #expect(tokens.utterances.map(\.speaker) == ["Kim", "Lee"])
    #expect(rows(tokens.utterances[0], .clause) == ["main 0-8"])
    let lines = try load("lines.tsv")
    #expect(lines.utterances.map(\.id) == ["lines/a", "lines/b"])
    #expect(rows(lines.utterances[0], .word) == ["well 1-5", "don't 7-12", "she 15-18", "said 19-23"])
    #expect(rows(lines.utterances[1], .word) == ["3 0-1", "apples 2-8"])
    #expect(rows(lines.utterances[1], .sentence) == ["count 0-8"])
  }

  @Test("a folder holds several texts; a note says what positions are")
  func folder() throws {
    let corpus = try Corpus.load(resource("text")) { _ in nil }
    #expect(corpus.utterances.count == 7)
    #expect(corpus.issues.contains { $0.message.contains("positions are characters") })
    #expect(corpus.issues.contains { $0.message.contains("4 sentences are derived from their trees") })
  }

  @Test(
    "a broken sentence is left out by file and line, the others stay",
    arguments: [
      (["1 a a X _ _ 0 root _"], 3, "10 columns between tabs"),
      (["1 a a X _ _ 0 root _ _", "3 b b X _ _ 1 dep _ _"], 4, "word 2"),
      (["1 a a X _ _ 2 dep _ _", "2 b b X _ _ 1 dep _ _"], 3, "expected one root"),
      (["1 a a X _ _ 0 root _ _", "2 b b X _ _ 3 dep _ _", "3 c c X _ _ 2 dep _ _"], 4, "circle of heads"),
      (["1 a a X _ _ 9 root _ _"], 3, "no word of the sentence"),
      (["1 a a X _ _ -4 root _ _"], 3, "a head's number"),
      (["1-2 ab _ _ _ _ _ _ _ _", "1 a a X _ _ 0 root _ _"], 4, "a multiword token names"),
      (
        [
          "1-2 ab _ _ _ _ _ _ _ _", "1 a a X _ _ 0 root _ _", "2-3 bc _ _ _ _ _ _ _ _",
          "2 b b X _ _ 1 dep _ _",
        ], 5, "a range that begins with word 2"
      ),
      (["1 a a X _ _ 0 root _ _", "2 b b X _ _ _ _ _ _"], 4, "has no head"),
    ] as [([String], Int, String)])
  func broken(rows: [String], line: Int, words: String) throws {
    let corpus = try load(content: TextCorpusTests.file(good + rows))
    #expect(corpus.utterances.count == 1)
    let issue = try #require(corpus.issues.first { $0.severity == .error })
    #expect(issue.path == "a.conllu")
    #expect(issue.line == line)
    #expect(issue.message.contains(words), "\(issue)")
  }

  private static func file(_ rows: [String]) -> String {
    rows.map { $0.split(separator: " ").joined(separator: "\t") }.joined(separator: "\n") + "\n"
  }

  @Test("words that are not where # text has them are said, and the text is put together")
  func mismatch() throws {
    let corpus = try load(content: "# text = Go on!\n" + Self.file(["1 Stop stop VERB _ _ 0 root _ _"]))
    #expect(corpus.utterances.map(\.text) == ["Stop"])
    #expect(corpus.issues.contains { $0.line == 2 && $0.severity == .warning })
  }

  @Test("a sentence without an end is refused at once, with the reason")
  func endless() throws {
    let rows = (1...30_000).map { "\($0)\tw\tw\tX\t_\t_\t\($0 - 1)\tdep\t_\t_" }
    let started = Date()
    let message = #expect(throws: CorpusError.self) {
      try load(content: rows.joined(separator: "\n"))
    }?.description
    #expect(message?.contains("30000 words, expected at most 2000") == true)
    #expect(Date().timeIntervalSince(started) < 5)
  }

  @Test("a text cut anywhere is read or refused, never worse")
  func truncated() throws {
    let whole = try bytes("text/small.conllu")
    for count in stride(from: 1, to: whole.count, by: 7) {
      guard let text = try? LabelText(Array(whole.prefix(count)), path: "a") else { continue }
      var issues = IssueList()
      for sentence in CoNLLUReader.sentences(in: text, shown: "a", issues: &issues) {
        let length = sentence.text.unicodeScalars.count
        for tier in TextTiers(sentence, path: "a").all.values {
          #expect(
            tier.intervals.allSatisfy { 0 <= $0.start && $0.start < $0.end && $0.end <= Double(length) })
        }
      }
    }
  }

  @Test("a table that names neither a text nor a form is no text")
  func noColumns() throws {
    let message = #expect(throws: CorpusError.self) {
      try load(content: "a\tb\n1\t2\n", name: "x.tsv")
    }?.description
    #expect(message?.contains("names no column “text” or “form”") == true)
  }

  @Test("another file is no corpus")
  func otherFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.wav", "x")
    #expect(throws: CorpusError.notAFolder(path: folder.path + "/a.wav")) {
      try Corpus.load(folder.path + "/a.wav") { _ in nil }
    }
  }
}
