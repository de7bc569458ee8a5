import Foundation
import Testing

@testable import Corpora

private func rows(_ utterance: Utterance, _ level: Level) -> [String] {
  utterance.tiers[level]?.intervals.filter { !Labelling().isSilence($0.label) }
    .map { "\($0.label) \($0.start)-\($0.end)" } ?? []
}

@Suite("LibriSpeech alignments, Kaldi folders and conversion") struct MoreFormatsTests {
  @Test("LibriSpeech: one file a chapter, words by their ends, found without a corpus.yaml")
  func librispeech() throws {
    let folder = try TemporaryFolder()
    for name in ["84-121123-0000", "84-121123-0001"] { try folder.write("84/121123/\(name).flac", "x") }
    try folder.write("84/121123/84-121123.trans.txt", "84-121123-0000 GO DO\n")
    try folder.write(
      "84/121123/84-121123.alignment.txt",
      "84-121123-0000 \",GO,,DO,\" \"0.490,0.890,1.270,1.380,2.0\"\n"
        + "84-121123-0001 \"YOU,,HEAR\" \"0.5,0.5,1\"\n")
    let corpus = try Corpus.load(folder.path) { _ in 2 }
    #expect(corpus.utterances.map(\.speaker) == ["84", "84"])
    #expect(rows(corpus.utterances[0], .word) == ["GO 0.49-0.89", "DO 1.27-1.38"])
    #expect(rows(corpus.utterances[1], .word) == ["YOU 0.0-0.5", "HEAR 0.5-1.0"])
  }

  @Test("LibriSpeech: alignments in another tree, named or not, of a corpus by a relative path")
  func librispeechTrees() throws {
    let folder = try TemporaryFolder()
    try folder.write("LibriSpeech/dev-clean/84/121123/84-121123-0000.flac", "x")
    for chapter in 0..<30 {
      try folder.write(
        "Alignments/LibriSpeech/dev-clean/84/\(chapter)/84-\(chapter).alignment.txt",
        "84-\(chapter == 0 ? "121123" : "\(chapter)")-0000 \",GO,,DO,\" \"0.490,0.890,1.270,1.380,2.0\"\n")
    }
    let up = FileManager.default.currentDirectoryPath.split(separator: "/").map { _ in "../" }.joined()
    let relative = up + folder.path.dropFirst()
    for (path, settings) in [
      (folder.path, nil), (relative, nil), (relative, "labels: Alignments\n"),
      (folder.path, "labels: Alignments\n"),
    ] {
      if let settings { try folder.write("corpus.yaml", settings) }
      let corpus = try Corpus.load(path) { _ in 2 }
      #expect(corpus.utterances.map(\.speaker) == ["84"])
      #expect(rows(corpus.utterances[0], .word) == ["GO 0.49-0.89", "DO 1.27-1.38"])
      // However many files there are, a message is short.
      #expect(corpus.issues.allSatisfy { $0.message.count < 300 })
    }
    try folder.write("LibriSpeech/dev-clean/84/121123/84-121123-0001.flac", "x")
    let issue = try Corpus.load(folder.path) { _ in 2 }.issues.first { $0.path.hasSuffix("0001.flac") }
    #expect(issue?.message.contains("or 27 more files") == true)
  }

  @Test(
    "a wrong alignment is refused by file and line",
    arguments: [
      ("a \"X,Y\" \"1\"", "as many ends as words, 2"), ("a \"X,Y\" \"2,1\"", "to end after 2.0 s"),
      ("a \"X\" \"one\"", "the end of “X” in seconds"), ("a \"X", "an utterance, \"words\" and \"ends\""),
    ])
  func wrongAlignment(line: String, words: String) throws {
    let text = try LabelText(Array("ok \"A\" \"1\"\n\(line)\n".utf8), path: "c.alignment.txt")
    let error = #expect(throws: CorpusError.self) { try LabelFile.recordings(text) }
    #expect(error?.description.contains("c.alignment.txt:2") == true)
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  private func kaldi(_ edit: (TemporaryFolder) throws -> Void = { _ in }) throws -> (
    Corpus, TemporaryFolder
  ) {
    let folder = try TemporaryFolder()
    try folder.write("sound/one.wav", "x")
    try folder.write("two.wav", "x")
    try folder.write("wav.scp", "rec1 sound/one.wav\nrec2 two.wav\n")
    try folder.write("segments", "u2 rec1 3.0 4.0\nu1 rec1 1.0 2.5\n")
    try folder.write("utt2spk", "u1 anna\nu2 anna\nrec2 bert\n")
    try folder.write("text", "u1 hello you\nu2 bye\nrec2 yes\n")
    try folder.write(
      "words.ctm", "u2 1 0.1 0.4 bye\nu1 1 0.25 0.5 hello\nu1 1 0.75 0.5 you\nrec2 1 0.5 0.25 yes\n")
    try edit(folder)
    return (try Corpus.load(folder.path) { _ in 5 }, folder)
  }

  @Test("Kaldi: recordings by wav.scp, labels moved by segments, speakers by utt2spk")
  func kaldiFolder() throws {
    let (corpus, folder) = try kaldi()
    #expect(corpus.utterances.map(\.id) == ["rec1", "rec2"])
    #expect(corpus.utterances.map(\.speaker) == ["anna", "bert"])
    #expect(corpus.utterances[0].audioPath == folder.path + "/sound/one.wav")
    #expect(
      rows(corpus.utterances[0], .word) == ["hello 1.25-1.75", "you 1.75-2.25", "bye 3.1-3.5"])
    #expect(rows(corpus.utterances[0], .sentence) == ["hello you 1.0-2.5", "bye 3.0-4.0"])
    #expect(rows(corpus.utterances[1], .word) == ["yes 0.5-0.75"])
  }

  @Test("Kaldi: commands are not run, several speakers and missing labels are said")
  func kaldiFaults() throws {
    let (corpus, _) = try kaldi { folder in
      try folder.write("three.wav", "x")
      try folder.write(
        "wav.scp", "rec1 sound/one.wav\nrec2 two.wav\nrec3 sox a.sph -t wav - |\nrec4 three.wav\n")
      try folder.write("utt2spk", "u1 anna\nu2 carl\nrec2 bert\n")
    }
    #expect(corpus.utterances.map(\.id) == ["rec1/anna", "rec1/carl", "rec2"])
    #expect(rows(corpus.utterances[1], .word) == ["bye 3.1-3.5"])
    func issue(_ part: String) -> CorpusIssue? { corpus.issues.first { $0.message.contains(part) } }
    #expect(issue("which is not run")?.line == 3)
    #expect(issue("“rec4” is in no CTM file")?.fix != nil)
    let (other, _) = try kaldi { try $0.write("segments", "u1 rec1 2.5 1.0\n") }
    #expect(
      other.issues.contains { $0.description.hasPrefix("warning: segments:1: this line is left out") })
  }

  @Test("a Kaldi folder is converted under the names of its files")
  func convertedKaldi() throws {
    let (corpus, folder) = try kaldi()
    try CorpusConverter(corpus).write(.jsonLines, to: folder.path + "/out")
    let again = try Corpus.load(folder.path + "/out") { _ in 5 }
    #expect(again.utterances.map(\.id) == ["one", "two"])
    #expect(again.utterances.map(\.speaker) == ["anna", "bert"])
    #expect(rows(again.utterances[0], .word) == rows(corpus.utterances[0], .word))
  }

  @Test("what is converted is read back equal", arguments: CorpusConverter.Form.allCases)
  func roundTrip(form: CorpusConverter.Form) throws {
    let corpus = try Corpus.load(fixture("unseen"), seconds: flacSeconds)
    let folder = try TemporaryFolder()
    try CorpusConverter(corpus).write(form, to: folder.path + "/out")
    let again = try Corpus.load(folder.path + "/out", seconds: flacSeconds)
    #expect(again.name == corpus.name)
    #expect(again.utterances.map(\.id) == corpus.utterances.map(\.id))
    #expect(again.utterances.map(\.speaker) == corpus.utterances.map(\.speaker))
    #expect(again.utterances.map(\.sentence) == corpus.utterances.map(\.sentence))
    #expect(again.utterances.map(\.audioPath) == corpus.utterances.map(\.audioPath))
    for level in Level.allCases {
      #expect(
        again.utterances.map { $0.spans(at: level) } == corpus.utterances.map { $0.spans(at: level) },
        "\(level)")
    }
    #expect(throws: CorpusError.self) { try CorpusConverter(corpus).write(form, to: folder.path + "/out") }
  }

  @Test("labels with quotes, and those that a TextGrid cannot hold")
  func oddLabels() throws {
    func corpus(_ intervals: [Interval]) -> Corpus {
      let utterance = Utterance(
        id: "a", audioPath: "a.wav", labelPath: "a", speaker: "s", sentence: "a", seconds: 3,
        tiers: [.word: Tier(name: "words", level: .word, intervals: intervals)])
      return Corpus(name: "c", path: "c", utterances: [utterance], silenceLabels: [""], issues: [])
    }
    let folder = try TemporaryFolder()
    let label = "say \"ɑ\\\" \u{1}"
    let odd = corpus([Interval(start: 1, end: 2, label: label)])
    try CorpusConverter(odd).write(.jsonLines, to: folder.path + "/lines")
    let lines = try LabelFile.recordings(try LabelText(contentsOf: folder.path + "/lines/labels.jsonl"))
    #expect(lines.first?.tiers.first?.intervals.first?.label == label)
    try CorpusConverter(odd).write(.textGrid, to: folder.path + "/grids")
    let tiers = try LabelFile.read(folder.path + "/grids/a.TextGrid")
    #expect(tiers.first?.intervals.map(\.label) == ["", label, ""])
    let overlapping = corpus([
      Interval(start: 0, end: 2, label: "x"), Interval(start: 1, end: 3, label: "y"),
    ])
    let error = #expect(throws: CorpusError.self) {
      try CorpusConverter(overlapping).write(.textGrid, to: folder.path + "/no")
    }
    #expect(error?.description.contains("“y” at 1.0 s overlaps") == true)
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/no"))
  }
}
