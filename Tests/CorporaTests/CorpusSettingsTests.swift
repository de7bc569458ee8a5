import Foundation
import Testing

@testable import Corpora

private func settings(_ yaml: String) throws -> CorpusSettings {
  try CorpusSettings(yaml: LabelText(Array(yaml.utf8), path: "corpus.yaml"))
}

private let odd = textGrid([
  ("ORT", [(0, 0.4, "Good"), (0.4, 0.6, "xx"), (0.6, 1, "day")]),
  ("MAU", [(0, 0.2, "g"), (0.2, 0.4, "U")]),
  ("words", [(0, 1, "not these")]),
])

@Suite("A corpus.yaml") struct CorpusSettingsTests {
  @Test("says all there is to say")
  func all() throws {
    let found = try settings(
      """
      name: My corpus
      audio: wav
      labels: aligned
      format: textgrid
      tiers: {ORT: word, MAU: phoneme}
      table: list.tsv
      speaker: {pattern: "^([a-z]+)_"}
      sentence: {column: sentence}
      silence: [SIL, "<eps>"]
      phone_set: sampa
      stress: keep
      """)
    var expected = CorpusSettings()
    expected.name = "My corpus"
    expected.audio = "wav"
    expected.labels = ["aligned"]
    expected.format = .textGrid
    expected.tiers = ["ORT": .word, "MAU": .phoneme]
    expected.table = "list.tsv"
    expected.speaker = .pattern("^([a-z]+)_")
    expected.sentence = .column("sentence")
    expected.silence = ["", "sil", "<eps>"]
    expected.phoneSet = .sampa
    expected.keepsStress = true
    #expect(found == expected)
    #expect(try settings("# nothing\n") == CorpusSettings())
    #expect(try settings("speaker: folder").speaker == .folder)
    #expect(try settings("speaker: {constant: anna}").speaker == .constant("anna"))
    #expect(try settings("sentence: words").sentence == .words)
  }

  @Test(
    "that is wrong says the line and what is possible",
    arguments: [
      (
        "name: x\nspeakers: folder",
        "corpus.yaml:2: there is no key “speakers”; did you mean “speaker”? Known are name"
      ),
      ("zzz: 1", "corpus.yaml:1: there is no key “zzz”; known are name, audio"),
      (
        "phone_set: cmu",
        "corpus.yaml:1: phone_set must be one of arpabet, timit, timit39, buckeye, ipa, sampa, pinyin, romaji, none, found “cmu”"
      ),
      ("tiers:\n  words: words", "corpus.yaml:2: tiers: words must be one of sound, phoneme"),
      ("silence: sil", "corpus.yaml:1: silence must be a list of words, found “sil”"),
      (
        "speaker: parent",
        "corpus.yaml:1: speaker must be one of folder, {pattern: …}, {column: …}, {constant: …}, {level: …}, "
          + "{table: …}, found"
      ),
      ("speaker: {regex: x}", "corpus.yaml:1: there is no key “regex”; known are pattern"),
      (
        "speaker: {pattern: \"(\"}",
        "corpus.yaml:1: speaker: pattern must be a regular expression (missing closing parenthesis at character 2), "
          + "found “(”"
      ),
      ("- a", "corpus.yaml:1: the file must be keys with values, found a list"),
      ("name: [", "corpus.yaml:2: the file must be YAML, found "),
      ("name: a\nname: b", "corpus.yaml:1: the file must be YAML, found the key name twice"),
    ])
  func wrong(yaml: String, expected: String) {
    do {
      _ = try settings(yaml)
      Issue.record("taken: \(yaml)")
    } catch {
      #expect("\(error)".hasPrefix(expected), "\(error)")
    }
  }

  @Test("is followed: folders, tiers, silences, pattern")
  func followed() throws {
    let folder = try TemporaryFolder()
    try folder.write("sound files/x/anna_1.wav")
    try folder.write("done/x/anna_1.TextGrid", odd)
    try folder.write("other/x/anna_1.TextGrid", "not read")
    try folder.write(
      "corpus.yaml",
      """
      audio: sound files
      labels: done
      tiers: {ORT: word, mau: phoneme}
      speaker: {pattern: "^([a-z]+)_"}
      sentence: {constant: s}
      silence: [XX]
      phone_set: sampa
      """)
    let corpus = try Corpus.load(folder.path) { _ in 1 }
    let utterance = try #require(corpus.utterances.first)
    #expect(utterance.id == "x/anna_1")
    #expect(utterance.speaker == "anna")
    #expect(utterance.sentence == "s")
    #expect(utterance.spans(at: .word).map(\.label) == ["good", "day"])
    #expect(utterance.spans(at: .phoneme).map(\.label) == ["g", "U"])
    #expect(corpus.silenceLabels == ["", "xx"])
    // A pause of 200 ms is there, so phrases are made.
    #expect(utterance.tiers[.phrase]?.isDerived == true)
    #expect(utterance.spans(at: .phrase).map(\.label) == ["good", "day"])
  }

  @Test("may take speaker and sentence from a table, whose odd lines are issues")
  func table() throws {
    let folder = try TemporaryFolder()
    for name in ["1", "2", "3"] {
      try folder.write("\(name).wav")
      try folder.write("\(name).TextGrid", odd)
    }
    try folder.write(
      "utterances.tsv", "file\tspeaker\tsentence\n1.wav\ta\tS1\n2\tb\tS 1!\n\nx\ny\tc\td\ny\tc\td\n")
    let corpus = try Corpus.load(folder.path) { _ in 1 }
    #expect(corpus.utterances.map(\.speaker) == ["a", "b"])
    #expect(corpus.utterances.map(\.sentence) == ["s1", "s 1"])
    // Its words hold more than their phones, which is another matter.
    let warnings = corpus.issues.filter { $0.severity > .note && !$0.message.contains("do not fit") }
    #expect(
      warnings.map(\.description) == [
        "error: 3.wav: left out: its speaker is not known (asked: the column “speaker” of the table). Add it there, or "
          + "say speaker: in corpus.yaml",
        "warning: utterances.tsv:5: 1 fields where the first line names 3 columns",
        "warning: utterances.tsv:7: “y” a second time; this line counts",
      ])
    try folder.write("corpus.yaml", "speaker: {column: speakr}")
    do {
      _ = try Corpus.load(folder.path) { _ in 1 }
      Issue.record("a column that is not there was taken")
    } catch {
      #expect(
        "\(error)".hasSuffix(
          "speaker: column must be a column of the table, found “speakr”; did you mean “speaker”? Known are file, "
            + "speaker, sentence"))
    }
  }
}
