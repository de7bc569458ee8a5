import Foundation
import Testing

@testable import Corpora

private func load(_ folder: TemporaryFolder, channels: Int = 1, seconds: Double = 1) throws -> Corpus {
  try Corpus.load(folder.path, overriding: CorpusOverrides()) { _ in
    SoundFacts(seconds: seconds, samplingRate: 16_000, channels: channels, format: "WAV")
  }
}

private func rows(_ corpus: Corpus) -> [String] {
  corpus.utterances.map { utterance in
    let words = utterance.spans(at: .word).map(\.label).joined(separator: " ")
    let channel = utterance.channel.map { " [\($0)]" } ?? ""
    return "\(utterance.id) \(utterance.speaker)\(channel): \(words)"
  }
}

private func warnings(_ corpus: Corpus) -> [String] {
  corpus.issues.filter { $0.severity > .note }.map(\.description)
}

@Suite("Several speakers in one recording") struct SharedRecordingTests {
  @Test(
    "are utterances of their own, however their tiers are named and ordered",
    arguments: ["%s - %t", "%t - %s", "%t-%s", "%s_%t", "%t@%s"])
  func tiers(form: String) throws {
    let folder = try TemporaryFolder()
    for (name, order) in [("one", ["anna", "ben"]), ("two", ["ben", "anna"])] {
      try folder.write("\(name).wav")
      try folder.write(
        "\(name).TextGrid",
        textGrid(
          order.flatMap { speaker in
            ["words", "phones"].map { tier in
              let label = tier == "words" ? "\(speaker)-\(name)" : "AH0"
              let start = speaker == "anna" ? 0 : 0.5
              return (
                form.replacing("%s", with: speaker).replacing("%t", with: tier),
                [(start, start + 0.4, label)]
              )
            }
          }))
    }
    let corpus = try load(folder)
    #expect(
      rows(corpus) == [
        "one/anna anna: anna-one", "one/ben ben: ben-one", "two/anna anna: anna-two",
        "two/ben ben: ben-two",
      ])
    #expect(corpus.utterances.allSatisfy { $0.spans(at: .phoneme).count == 1 })
    #expect(Set(corpus.utterances.map(\.audioPath)).count == 2)
    #expect(warnings(corpus) == [])
  }

  @Test("by ELAN's participants, and by the type of its tiers where the name does not tell")
  func participants() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.wav")
    func tier(_ name: String, _ speaker: String, _ slots: (String, String), _ label: String) -> String {
      """
      <TIER LINGUISTIC_TYPE_REF="words" PARTICIPANT="\(speaker)" TIER_ID="\(name)"><ANNOTATION>
      <ALIGNABLE_ANNOTATION ANNOTATION_ID="\(name)1" TIME_SLOT_REF1="\(slots.0)" TIME_SLOT_REF2="\(slots.1)">
      <ANNOTATION_VALUE>\(label)</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
      """
    }
    try folder.write(
      "a.eaf",
      """
      <ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds">
      <MEDIA_DESCRIPTOR MEDIA_URL="file:///x/A.mp4" TIME_ORIGIN="200"/></HEADER><TIME_ORDER>
      <TIME_SLOT TIME_SLOT_ID="t1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="t2" TIME_VALUE="300"/>
      </TIME_ORDER>\(tier("x", "Anna", ("t1", "t2"), "yes"))\(tier("y", "Ben", ("t1", "t2"), "no"))
      </ANNOTATION_DOCUMENT>
      """)
    let corpus = try load(folder)
    #expect(rows(corpus) == ["a/Anna Anna: yes", "a/Ben Ben: no"])
    // Time 0 of the labels is 200 ms into the media.
    #expect(corpus.utterances[0].tiers[.word]?.intervals.map(\.start) == [0.2])
    #expect(corpus.issues.contains { $0.message.contains("begin 0.2 s into the media file (TIME_ORIGIN)") })
  }

  @Test("on channels of their own by a CTM's second column, each heard on its channel")
  func channels() throws {
    let folder = try TemporaryFolder()
    try folder.write("sw1.wav")
    try folder.write("all.words.ctm", "sw1 A 0.0 0.4 hi\nsw1 B 0.5 0.3 bye\nsw1 A 0.4 0.1 you\n")
    try folder.write("corpus.yaml", "labels: [all.words.ctm]\n")
    #expect(rows(try load(folder, channels: 2)) == ["sw1/A sw1-A [0]: hi you", "sw1/B sw1-B [1]: bye"])
    let mono = try load(folder)
    #expect(rows(mono) == ["sw1/A sw1-A: hi you", "sw1/B sw1-B: bye"])
    #expect(warnings(mono).contains { $0.contains("channel 2 is asked for, and it has 1") })
  }

  @Test("by channel:, for all or for each speaker")
  func stereo() throws {
    let folder = try TemporaryFolder()
    for name in ["a/1", "b/1"] {
      try folder.write("\(name).wav")
      try folder.write("\(name).TextGrid", said("x"))
    }
    #expect(try load(folder, channels: 2).statesChannel == false)
    for (setting, expected) in [
      ("mix", [nil, nil]), ("left", [0, 0]), ("right", [1, 1]), ("2", [1, 1]),
      ("{a: right, b: left}", [1, 0]),
    ] {
      try folder.write("corpus.yaml", "channel: \(setting)\n")
      let corpus = try load(folder, channels: 2)
      #expect(corpus.utterances.map(\.channel) == expected)
      #expect(corpus.statesChannel)
      #expect(warnings(corpus) == [])
    }
  }
}

@Suite("Conversion of shared recordings") struct SharedConversionTests {
  @Test("keeps speakers and channels", arguments: CorpusConverter.Form.allCases)
  func converted(form: CorpusConverter.Form) throws {
    let folder = try TemporaryFolder()
    try folder.write("sw1.wav", "x")
    try folder.write("sw2.wav", "x")
    try folder.write(
      "all.words.ctm", "sw1 A 0.0 0.4 hi\nsw1 B 0.5 0.3 bye\nsw2 A 0.4 0.1 you\nsw2 B 0.6 0.1 two\n")
    try folder.write("corpus.yaml", "labels: [all.words.ctm]\n")
    let corpus = try load(folder, channels: 2)
    try CorpusConverter(corpus).write(form, to: folder.path + "/out")
    let again = try Corpus.load(folder.path + "/out", overriding: CorpusOverrides()) { _ in
      SoundFacts(seconds: 1, channels: 2)
    }
    func facts(_ corpus: Corpus) -> [String] {
      corpus.utterances.map { utterance in
        let words = utterance.spans(at: .word).map { "\($0.label) \($0.start)" }.joined(separator: " ")
        return "\(utterance.speaker) \(utterance.channel ?? -1) \(utterance.sentence) \(words)"
      }
    }
    #expect(facts(again) == facts(corpus))
    #expect(facts(corpus).first == "sw1-A 0 hi hi 0.0")
  }
}

@Suite("A Kaldi folder") struct KaldiFolderTests {
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["anna-1", "ben-1"] { try folder.write("audio/\(name).flac") }
    try folder.write("wav.scp", "anna-1 audio/anna-1.flac\nben-1 audio/ben-1.flac\n")
    try folder.write("utt2spk", "anna-1 anna\nben-1 ben\n")
    return folder
  }

  private let words = "anna-1 1 0.0 0.5 hi\nben-1 1 0.1 0.5 you\n"
  private let phones =
    "anna-1 1 0.0 0.2 HH_B\nanna-1 1 0.2 0.3 AY1_E\nben-1 1 0.1 0.2 Y_B\nben-1 1 0.3 0.3 UW1_E\n"

  @Test("gives each file the level that its name says")
  func names() throws {
    let folder = try folder()
    try folder.write("words.ctm", words)
    try folder.write("phones.ctm", phones)
    let corpus = try load(folder)
    #expect(rows(corpus) == ["anna-1 anna: hi", "ben-1 ben: you"])
    #expect(corpus.utterances.map { $0.tiers[.phoneme]?.intervals.count } == [2, 2])
    #expect(warnings(corpus) == [])
  }

  @Test("and so do files that corpus.yaml names, by their names or their folders")
  func named() throws {
    for (names, list) in [
      (["phones.ctm", "words.ctm"], "[phones.ctm, words.ctm]"),
      (["phones/all.ctm", "words/all.ctm"], "[words/all.ctm, phones/all.ctm]"),
    ] {
      let folder = try TemporaryFolder()
      for name in ["anna-1", "ben-1"] { try folder.write("audio/\(name).flac") }
      try folder.write(names[0], phones)
      try folder.write(names[1], words)
      try folder.write("corpus.yaml", "labels: \(list)\nspeaker: {pattern: \"^[a-z]+\"}\n")
      let corpus = try load(folder)
      #expect(rows(corpus) == ["anna-1 anna: hi", "ben-1 ben: you"])
      #expect(corpus.utterances.map { $0.tiers[.phoneme]?.intervals.count } == [2, 2])
      #expect(warnings(corpus) == [])
    }
  }

  @Test("reads HTK's master label files, too, and two files of one level are not mixed")
  func mlf() throws {
    let folder = try folder()
    try folder.write("phones.mlf", "#!MLF!#\n\"*/anna-1.lab\"\n0 2000000 HH\n2000000 5000000 AY1\n.\n")
    try folder.write("words.ctm", words)
    try folder.write("more.words.ctm", "anna-1 1 0.0 0.5 wrong\n")
    let corpus = try load(folder)
    #expect(corpus.utterances[0].tiers[.phoneme]?.intervals.map(\.label) == ["HH", "AY1"])
    #expect(rows(corpus).count == 2)
    #expect(
      warnings(corpus).contains {
        $0.contains("“words” of “anna-1” is not read: more.words.ctm has it, too")
      })
  }

  @Test("moves segments, also those that end at -1 or name a channel; a bad line costs that line")
  func segments() throws {
    let folder = try TemporaryFolder()
    try folder.write("rec.wav")
    try folder.write("wav.scp", "rec rec.wav\nonlyname\n")
    try folder.write(
      "segments", "anna-rec-1 rec 0.5 2.0 0\nben-rec-1 rec 2.0 -1 1\nbad rec 3\nworse rec 2 1\n")
    try folder.write("utt2spk", "anna-rec-1 anna\nben-rec-1 ben\n\nx\n")
    try folder.write("text", "anna-rec-1 hi\nben-rec-1 you\n")
    try folder.write(
      "words.ctm", "anna-rec-1 1 0.1 0.2 hi\nben-rec-1 1 0.25 0.2 you\nben-rec-1 1 soon 0.2 never\n")
    let corpus = try load(folder, channels: 2, seconds: 4)
    #expect(rows(corpus) == ["rec/anna anna [0]: hi", "rec/ben ben [1]: you"])
    #expect(corpus.utterances.map { $0.tiers[.word]?.intervals.map(\.start) } == [[0.6], [2.25]])
    let lines = corpus.issues.filter { $0.message.hasPrefix("this line is left out") }.map {
      "\($0.path):\($0.line ?? 0)"
    }
    #expect(lines == ["segments:3", "segments:4", "utt2spk:4", "wav.scp:2", "words.ctm:3"])
  }

  @Test("with numbers for phones asks for their table, and reads it")
  func integers() throws {
    let folder = try folder()
    try folder.write("words.ctm", words)
    try folder.write("phones.ctm", "anna-1 1 0.0 0.2 12\nanna-1 1 0.2 0.3 7\nben-1 1 0.1 0.5 12\n")
    let asked = try load(folder)
    #expect(asked.utterances.allSatisfy { $0.tiers[.phoneme] == nil })
    #expect(asked.issues.contains { $0.severity == .error && $0.message.contains("phones.txt") })
    try folder.write("phones.txt", "<eps> 0\nHH 12\nAY1 7\n")
    #expect(try load(folder).utterances[0].tiers[.phoneme]?.intervals.map(\.label) == ["HH", "AY1"])
  }

  @Test("finds audio by paths from the recipe and by commands that only decode")
  func audio() throws {
    let folder = try folder()
    try folder.write("words.ctm", words)
    try folder.write(
      "wav.scp", "anna-1 data/train/audio/anna-1.flac\nben-1 flac -c -d -s audio/ben-1.flac |\n")
    #expect(rows(try load(folder)) == ["anna-1 anna: hi", "ben-1 ben: you"])
    try folder.write("wav.scp", "anna-1 audio/anna-1.flac\nben-1 curl http://x/ben.flac | flac -d - |\n")
    let corpus = try load(folder)
    #expect(rows(corpus) == ["anna-1 anna: hi"])
    #expect(warnings(corpus).contains { $0.contains("it is a command") })
  }

  @Test("without labels, beside TextGrids, is a list that was left over; its speakers still hold")
  func leftOver() throws {
    let folder = try folder()
    try folder.write("wav.scp", "anna-1 sox x.wav -t wav - |\n")
    try folder.write("utt2spk", "anna-1 Anna\nben-1 Ben\n")
    for name in ["anna-1", "ben-1"] { try folder.write("audio/\(name).TextGrid", said(name)) }
    #expect(rows(try load(folder)) == ["anna-1 Anna: anna-1", "ben-1 Ben: ben-1"])
  }
}
