import Foundation
import Testing

@testable import Corpora

private let words = textGrid([("words", [(0, 0.5, "good"), (0.5, 1, "day")])])

private func load(_ folder: TemporaryFolder, seconds: Double? = 1) throws -> Corpus {
  try Corpus.load(folder.path) { _ in seconds }
}

private func messages(_ corpus: Corpus, _ severity: CorpusIssue.Severity = .warning) -> [String] {
  corpus.issues.filter { $0.severity >= severity }.map(\.description)
}

@Suite("A corpus of fixtures") struct FixtureCorpusTests {
  @Test("has every utterance, span, speaker and sentence of its table")
  func unseen() throws {
    let corpus = try Corpus.load(fixture("unseen"), seconds: flacSeconds)
    #expect(corpus.name == "unseen")
    #expect(corpus.utterances.count == 125)
    #expect(Set(corpus.utterances.map(\.speaker)) == ["awb", "kal", "ked", "kef", "slt"])
    #expect(Set(corpus.utterances.map(\.sentence)).count == 25)
    #expect(messages(corpus) == [])
    var issues = IssueList()
    let path = fixture("unseen/utterances.tsv")
    let table = UtteranceTable(try LabelText(contentsOf: path), name: path, issues: &issues)
    for utterance in corpus.utterances {
      let columns: [(Level, String)] = [
        (.phoneme, "phones"), (.syllable, "syllables"), (.word, "words"),
        (.phrase, "phrases"),
      ]
      for (level, column) in columns {
        #expect(
          table.value(column, of: utterance.id) == "\(utterance.spans(at: level).count)", "\(utterance.id)")
      }
      let seconds = try #require(table.value("seconds", of: utterance.id).flatMap(Double.init))
      #expect(abs(utterance.seconds - seconds) < 1e-4)
    }
    let phones = Set(corpus.utterances.flatMap { $0.spans(at: .phoneme).map(\.label) })
    #expect(phones == Arpabet.phones)
  }

  @Test("of people has the counts of its table, and no phrase that the pauses do not give")
  func human() throws {
    let corpus = try Corpus.load(fixture("human"), seconds: flacSeconds)
    #expect(corpus.utterances.count == 14)
    #expect(Set(corpus.utterances.map(\.speaker)).count == 8)
    let counts = [Level.phoneme, .syllable, .word, .phrase].map { level in
      corpus.utterances.reduce(0) { $0 + $1.spans(at: level).count }
    }
    #expect(counts == [589, 219, 164, 23])
    for utterance in corpus.utterances {
      let words = try #require(utterance.tiers[.word])
      let derived = DerivedTiers.phrases(words: words, labelling: utterance.labelling).intervals
      let own = try #require(utterance.tiers[.phrase]).intervals.filter {
        !utterance.labelling.isSilence($0.label)
      }
      #expect(derived.map(\.start) == own.map(\.start), "\(utterance.id)")
      #expect(derived.map(\.end) == own.map(\.end), "\(utterance.id)")
    }
  }
}

@Suite("A corpus folder") struct CorpusTests {
  @Test(
    "with labels of a format that must be asked for says so",
    arguments: [
      ("a.lab", "format: htk"), ("a.words.ctm", "format: ctm"), ("a.json", "format: mfa-json"),
      ("a.txt", "format: elan or audacity"), ("a.mlf", "labels: a.mlf"), ("all.ctm", "labels: all.ctm"),
    ])
  func hint(name: String, asked: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("a.wav")
    try folder.write(name, ["a.lab": "0 1 x", "a.json": #"{"tiers": {}}"#][name] ?? "x")
    let error = #expect(throws: CorpusError.self) { try load(folder) }
    #expect(
      error?.description.contains("say `\(asked)` in corpus.yaml") == true, "\(error?.description ?? "")")
  }

  @Test("without audio, without labels, or missing is an error with the reason")
  func nothing() throws {
    let folder = try TemporaryFolder()
    #expect(throws: CorpusError.missing(path: folder.path + "/no")) {
      try Corpus.load(folder.path + "/no") { _ in 1 }
    }
    #expect(throws: CorpusError.noAudio(path: folder.path)) { try load(folder) }
    try folder.write("a.wav")
    #expect(throws: CorpusError.notAFolder(path: folder.path + "/a.wav")) {
      try Corpus.load(folder.path + "/a.wav") { _ in 1 }
    }
    #expect(
      throws: CorpusError.noUtterances(
        path: folder.path, audio: 1, first: "warning: a.wav: has no label file; left out")
    ) { try load(folder) }
    try folder.write("a.TextGrid", String(words.prefix(words.count / 2)))
    do {
      _ = try load(folder)
      Issue.record("half a TextGrid was taken")
    } catch {
      #expect(
        "\(error)".hasSuffix(
          "error: a.TextGrid:6: left out: the file ends where <exists> or <absent> was expected; it is cut off, "
            + "export it again"))
    }
  }

  @Test("pairs what lies side by side, below kinds of files, or elsewhere under one name")
  func pairing() throws {
    let folder = try TemporaryFolder()
    for name in ["anna/a1.wav", "anna/wav/a2.FLAC", "bob/b1.mp3", "LibriSpeech/test/7/8/7-8-0.flac"] {
      try folder.write(name)
    }
    for name in [
      "anna/a1.textgrid", "anna/TextGrid/a2.TextGrid", "bob/b1.TEXTGRID", "mfa/7/8/7-8-0.TextGrid",
    ] {
      try folder.write(name, words)
    }
    try folder.write("anna/._a1.TextGrid", "hidden")
    try folder.write("lonely/l.wav")
    try folder.write("lonely/m.TextGrid", words)
    let corpus = try load(folder)
    #expect(corpus.utterances.map(\.id) == ["LibriSpeech/test/7/8/7-8-0", "anna/a1", "anna/a2", "bob/b1"])
    #expect(corpus.utterances.map(\.speaker) == ["7", "anna", "anna", "bob"])
    #expect(
      messages(corpus) == [
        "warning: lonely/l.wav: has no label file; left out",
        "warning: lonely/m.TextGrid: has no audio file “m” beside it; left out",
      ])
    #expect(
      messages(corpus, .note).contains {
        $0.contains("takes its labels from mfa/7/8/7-8-0.TextGrid, which has the same name")
      })
  }

  @Test("reports second files of one name, and reads the first")
  func duplicates() throws {
    let folder = try TemporaryFolder()
    for name in ["s/a.flac", "s/a.wav"] { try folder.write(name) }
    try folder.write("s/a.TextGrid", words)
    try folder.write("s/labels/a.TextGrid", words)
    try folder.write("s/a.WRD", "0 100 word")
    // Texts may be anything: transcripts, licences.
    for name in ["s/b.txt", "s/LICENSE.txt"] { try folder.write(name, "good day") }
    try folder.write("s/b.wav")
    try folder.write("s/b.TextGrid", words)
    let corpus = try load(folder)
    #expect(corpus.utterances.map(\.audioPath) == [folder.path + "/s/a.flac", folder.path + "/s/b.wav"])
    #expect(
      messages(corpus) == [
        "warning: s/a.WRD: is not read: the labels of “s/a” are those of s/a.TextGrid",
        "warning: s/a.wav: is a second audio file for “s/a”, beside s/a.flac; left out. Rename one of them",
        "warning: s/labels/a.TextGrid: is not read: the labels of “s/a” are those of s/a.TextGrid",
      ])
  }

  @Test("knows tiers by their names, MFA's too, and says what it does not use")
  func tierNames() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.wav")
    try folder.write(
      "a.TextGrid",
      textGrid([
        ("anna - words", [(0, 1, "Good")]),
        ("anna - phones", [(0, 0.3, "G"), (0.3, 0.6, "UH1"), (0.6, 1, "D")]),
        ("Tones", [(0, 1, "H")]), ("Utterance", [(0, 1, "Good!")]), ("phrases", [(0, 1, " ")]),
      ]))
    let corpus = try load(folder)
    let utterance = try #require(corpus.utterances.first)
    #expect(utterance.speaker == "anna")
    #expect(utterance.sentence == "good")
    #expect(Set(utterance.tiers.keys) == [.phoneme, .syllable, .word, .sentence])
    #expect(utterance.tiers[.syllable]?.isDerived == true)
    #expect(
      utterance.spans(at: .syllable) == [LabelledSpan(start: 0, end: 1, label: "G UH D", type: "G UH D")])
    #expect(utterance.spans(at: .phoneme).map(\.type) == ["#-G-UH", "G-UH-D", "UH-D-#"])
    let notes = messages(corpus, .note)
    #expect(notes.contains { $0.contains("tier “Tones” of 1 file is not used") })
    #expect(notes.contains { $0.contains("tier “phrases” has no label; not used") })
    #expect(notes.contains { $0.contains("phones: arpabet (recognised), stress is left out") })
    #expect(notes.contains { $0.contains("speakers: 1 (anna), from the tiers' names") })
  }

  @Test("drops labels outside the audio and without duration, sorts, and says where")
  func odd() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.wav")
    try folder.write(
      "a.TextGrid",
      textGrid([
        (
          "words",
          [
            (0.2, 0.3, "b"), (0, 0.25, "a"), (0.5, 0.5, "c"), (0.6, 0.7, "d"), (0.96, 1.04, "e"),
            (1.04, 1.2, "f"),
            (1.2, 1.4, ""), (1.4, 1.6, "g"),
          ]
        )
      ]))
    let corpus = try load(folder)
    #expect(corpus.utterances[0].spans(at: .word).map(\.label) == ["a", "b", "d", "e"])
    #expect(corpus.utterances[0].spans(at: .word).last?.end == 1)
    #expect(
      messages(corpus).filter { $0.contains("a.TextGrid") } == [
        "warning: a.TextGrid:13: tier “words”: “b” begins at 0.2 s, before the label ahead of it has ended",
        "warning: a.TextGrid:16: tier “words”: “a” at 0.0 s comes after 0.2 s; the tier was sorted",
        "warning: a.TextGrid:19: tier “words”: “c” lasts from 0.5 to 0.5 s, which is no time; the label was dropped",
        "warning: a.TextGrid:25: tier “words”: “e” at 0.96 … 1.04 s is outside the tier's own 0.0 … 1.0 s (4 such "
          + "places)",
        "warning: a.TextGrid:28: tier “words”: “f” at 1.04 … 1.2 s is outside the audio of 1.0 s; 2 labels were "
          + "dropped",
      ])
    #expect(
      messages(corpus, .note).contains {
        $0.contains(
          "note: a.TextGrid:19: tier “words”: nothing is labelled just before “c” at 0.5 s (3 such places)")
      })
  }

  @Test(
    "leaves out audio that cannot be read, and asks the labels where the header does not say the length")
  func audio() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] {
      try folder.write("\(name).wav")
      try folder.write("\(name).TextGrid", words)
    }
    let corpus = try Corpus.load(folder.path) { path in
      if path.hasSuffix("b.wav") { throw CorpusError.noBytes(path: path) }
      return nil
    }
    #expect(corpus.utterances.map(\.seconds) == [1])
    #expect(
      messages(corpus, .note).contains { $0.contains("a.wav: its header does not say how long it is") })
    #expect(messages(corpus).contains { $0.hasPrefix("error: b.wav: left out: ") })
  }

  @Test("lists an oddity of hundreds of files twenty times and counts the rest")
  func many() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.TextGrid", words)
    try folder.write("a.wav")
    for index in 0..<50 { try folder.write("x\(index).wav") }
    let found = messages(try load(folder)).filter { $0.contains("label file") || $0.contains("no labels") }
    #expect(found.count == 21)
    #expect(found.last == "warning: \(folder.path): and 30 more that have audio but no labels")
  }

  @Test(
    "takes its speakers from folders, or beginnings of names, or says that it does not know",
    arguments: [
      (["a/1", "b/2"], ["a", "b"], "note"),
      (["kal_1", "kal_2", "ked_1", "ked_2"], ["kal", "kal", "ked", "ked"], "note"),
      (["utt_1", "utt_2"], ["unknown", "unknown"], "warning"),
      (
        ["a_1", "b_1", "c_1"], ["unknown", "unknown", "unknown"],
        "warning"
      ), (["a/1", "2"], ["unknown", "unknown"], "warning"), (["x/a-1", "x/a-2"], ["x", "x"], "note"),
      (["dr1/fcjf0/sa1", "dr1/fdaw0/sa1"], ["fcjf0", "fdaw0"], "note"),
    ])
  func speakers(names: [String], expected: [String], severity: String) throws {
    let folder = try TemporaryFolder()
    for name in names {
      try folder.write("\(name).wav")
      try folder.write("\(name).TextGrid", words)
    }
    let corpus = try load(folder)
    #expect(corpus.utterances.map(\.speaker).sorted() == expected.sorted())
    #expect(corpus.issues.first { $0.message.hasPrefix("speakers:") }?.severity.rawValue == severity)
  }

  @Test("that links into itself is walked once")
  func cycle() throws {
    let folder = try TemporaryFolder()
    try folder.write("s/a.wav")
    try folder.write("s/a.TextGrid", words)
    for name in ["s/again", "s/more"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/" + name, withDestinationPath: folder.path)
    }
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/s/b.TextGrid", withDestinationPath: "nowhere")
    #expect(try load(folder).utterances.map(\.id) == ["s/a"])
  }
}
