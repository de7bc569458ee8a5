import Foundation
import Foundations
import Testing

@testable import Corpora

/// A TextGrid of one word.
func said(_ word: String, _ end: Double = 1) -> String {
  textGrid([("words", [(0, end, word)])], end: end)
}

private func load(_ folder: TemporaryFolder) throws -> Corpus { try Corpus.load(folder.path) { _ in 1 } }

/// Which word each utterance has: whose labels it took.
private func words(_ corpus: Corpus) -> [String: String] {
  Dictionary(
    uniqueKeysWithValues: corpus.utterances.map { ($0.id, $0.spans(at: .word).map(\.label).joined()) })
}

@Suite("Audio and labels") struct PairingTests {
  @Test("in two trees of one form take each other's, whatever the trees are called")
  func twoTrees() throws {
    let folder = try TemporaryFolder()
    for speaker in ["awb", "kal", "slt"] {
      for number in ["001", "002", "003"] {
        try folder.write("my_corpus/\(speaker)/\(number).flac")
        // The aligner failed on one.
        guard (speaker, number) != ("kal", "003") else { continue }
        try folder.write("my_corpus_aligned/\(speaker)/\(number).TextGrid", said("\(speaker)\(number)"))
      }
    }
    for settings in [nil, "labels: my_corpus_aligned\n", "audio: my_corpus\nlabels: my_corpus_aligned\n"] {
      if let settings { try folder.write("corpus.yaml", settings) }
      let corpus = try load(folder)
      #expect(corpus.utterances.count == 8)
      for (id, word) in words(corpus) {
        #expect(id.replacing("my_corpus/", with: "").replacing("/", with: "") == word)
      }
      #expect(Set(corpus.utterances.map(\.speaker)) == ["awb", "kal", "slt"])
      let left = corpus.issues.filter { $0.severity > .note }
      #expect(left.map(\.path) == ["my_corpus/kal/003.flac"])
    }
  }

  @Test("of a speaker who has none never take another's, whose own audio cannot be read")
  func crossed() throws {
    let folder = try TemporaryFolder()
    for number in ["001", "002"] {
      try folder.write("kal/\(number).flac")
      try folder.write("slt/\(number).qqq")
      try folder.write("slt/\(number).TextGrid", said("slt"))
    }
    let error = #expect(throws: CorpusError.self) { try load(folder) }
    // `001` says nothing of who speaks, so both candidates are named.
    #expect(
      error?.description.contains("kal/001.flac: left out: it may belong to slt/001.TextGrid") == true,
      "\(error?.description ?? "")")
    for number in ["001", "002"] {
      try FileManager.default.moveItem(
        atPath: folder.path + "/slt/\(number).qqq", toPath: folder.path + "/slt/\(number).avi")
    }
    let found = Corpus.read(folder.path) { _ in SoundFacts(seconds: 1) }
    #expect(throws: CorpusError.self) { try found.corpus.get() }
    #expect(
      found.issues.contains { $0.message.contains("its audio slt/001.avi is of a format that is not read") }
    )
    #expect(!found.issues.contains { $0.message.contains("takes its labels") })
  }

  @Test("that two audio files may claim are refused with the candidates")
  func claimed() throws {
    let folder = try TemporaryFolder()
    for set in ["a", "b"] { try folder.write("\(set)/kal/001.wav") }
    try folder.write("c/kal/001.TextGrid", said("one"))
    try folder.write("good.wav")
    try folder.write("good.TextGrid", said("good"))
    let corpus = try load(folder)
    #expect(words(corpus) == ["good": "good"])
    let refused = corpus.issues.filter { $0.severity == .error }.map(\.description)
    #expect(
      refused == [
        "error: a/kal/001.wav: left out: it may belong to c/kal/001.TextGrid, in another folder, which may be another "
          + "speaker's",
        "error: b/kal/001.wav: left out: it may belong to c/kal/001.TextGrid, in another folder, which may be another "
          + "speaker's",
      ])
    #expect(corpus.issues.first { $0.severity == .error }?.fix?.contains("labels: FOLDER") == true)
  }

  @Test("do not meet by name in a folder that is another's", arguments: ["kal", "Kal x"])
  func served(folderName: String) throws {
    let folder = try TemporaryFolder()
    // slt/utt4's audio is lost, kal/utt4's labels are: the two do not belong together.
    for name in ["one/\(folderName)/utt1", "one/slt/utt2", "one/\(folderName)/utt4"] {
      try folder.write("\(name).wav")
    }
    for name in ["two/\(folderName)/utt1", "two/slt/utt2", "two/slt/utt4"] {
      try folder.write("\(name).TextGrid", said(name.split(separator: "/")[1] == "slt" ? "slt" : "kal"))
    }
    #expect(words(try load(folder)) == ["one/\(folderName)/utt1": "kal", "one/slt/utt2": "slt"])
  }

  @Test("whose names differ in one ending that all have belong together")
  func endings() throws {
    let folder = try TemporaryFolder()
    for name in ["kal_s096", "kal_s163"] {
      try folder.write("kal/\(name)_mic1.flac")
      try folder.write("kal/\(name).TextGrid", said(name))
    }
    #expect(words(try load(folder)) == ["kal/kal_s096_mic1": "kal_s096", "kal/kal_s163_mic1": "kal_s163"])
  }

  @Test("in other trees are found where audio or labels alone are named")
  func oneNamed() throws {
    let folder = try TemporaryFolder()
    let elsewhere = try TemporaryFolder()
    try elsewhere.write("x/a.wav")
    try folder.write("x/a.TextGrid", said("a"))
    try folder.write("corpus.yaml", "audio: \(elsewhere.path)\n")
    #expect(words(try load(folder)) == ["x/a": "a"])
  }

  @Test("meet whether their letters are composed or not, and broken links are called that")
  func names() throws {
    let folder = try TemporaryFolder()
    try folder.write("kal/\u{e9}_1.flac")
    try folder.write("kal/e\u{301}_1.TextGrid", said("caf\u{e9}"))
    try folder.write("kal/two words, and more_1.flac")
    try folder.write("kal/two words, and more_1.TextGrid", said("b"))
    for name in ["link", "pointer"] { try folder.write("kal/\(name).TextGrid", said(name)) }
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/kal/link.flac",
      withDestinationPath: "../.git/annex/objects/xx/yy/SHA256E-s1--0")
    try folder.write("kal/pointer.flac", "/annex/objects/SHA256E-s1--0\n")
    let corpus = try Corpus.load(folder.path) { path in
      if path.contains("pointer") { throw CorpusError.noBytes(path: path) }
      return 1
    }
    #expect(Set(words(corpus).values) == ["caf\u{e9}", "b"])
    let told = corpus.issues.filter { $0.severity == .error }.map(\.description)
    #expect(
      told == [
        "error: kal/link.flac: left out: it is a link to ../.git/annex/objects/xx/yy/SHA256E-s1--0, which is not there; "
          + "git-annex keeps its content elsewhere: `datalad get` or `git annex get` it",
        "error: kal/pointer.flac: left out: git-annex keeps its content elsewhere: `datalad get` or `git annex get` it",
      ])
  }
}

@Suite("Speakers") struct SpeakerLayoutTests {
  /// Loads utterances of these names; their speakers, and whether they were asked for.
  private func speakers(_ names: [String], _ settings: String? = nil) throws -> (
    names: Set<String>, asks: Bool, told: String
  ) {
    let folder = try TemporaryFolder()
    for name in names {
      try folder.write("\(name).wav")
      try folder.write("\(name).TextGrid", said("x"))
    }
    if let settings { try folder.write("corpus.yaml", settings) }
    let corpus = try load(folder)
    let note = try #require(corpus.issues.first { $0.message.hasPrefix("speakers:") })
    return (Set(corpus.utterances.map(\.speaker)), note.severity > .note, note.message)
  }

  @Test(
    "are people, not sessions, videos, chapters, emotions, parts or dates",
    arguments: [
      (
        ["kal/session1/utt1", "kal/session2/utt1", "slt/session1/utt1", "slt/session2/utt1"],
        ["kal", "slt"]
      ),
      (
        ["id10270/5r0dWxy17C8/00001", "id10270/x6uYqmx31kE/00001", "id10300/ize_eiCFEg0/00003"],
        ["id10270", "id10300"]
      ),
      (["s01/s0101a/s0101a", "s01/s0102a/s0102a", "s02/s0201a/s0201a"], ["s01", "s02"]),
      (["wavs/LJ001-0001", "wavs/LJ001-0002", "wavs/LJ002-0001"], ["LJ"]),
      (
        ["kal/amused/amused_0", "kal/angry/angry_2", "slt/amused/amused_0", "slt/angry/angry_2"],
        ["kal", "slt"]
      ),
      (["wav/train/S0002/BAC009S0002W0120", "wav/train/S0003/BAC009S0003W0120"], ["S0002", "S0003"]),
      (["wav48/p225/p225_001_mic1", "wav48/p226/p226_001_mic1"], ["p225", "p226"]),
      (["dev-clean/84/121123/84-121123-0000", "dev-clean/1272/128104/1272-128104-0001"], ["84", "1272"]),
      (["TRAIN/DR1/FCJF0/SA1", "TRAIN/DR2/MABW0/SA1", "TEST/DR1/MDAB0/SA1"], ["FCJF0", "MABW0", "MDAB0"]),
      (["train/anna/1", "test/anna/2", "test/ben/1"], ["anna", "ben"]),
      (["whisper/anna/1", "modal/anna/1", "modal/ben/1"], ["anna", "ben"]),
      (
        [
          "00-M-f05-medi", "00-M-f05-labo", "00-M-f04-medi", "00-M-f04-labo", "70-O-m03-medi",
          "70-O-m03-labo",
        ], ["00-M-f05", "00-M-f04", "70-O-m03"]
      ),
      (["2021-01-01_awb_0", "2021-02-01_awb_1", "2021-01-02_kal_2", "2021-02-02_kal_3"], ["awb", "kal"]),
      (["corpus_anna_01", "corpus_anna_02", "corpus_ben_01", "corpus_ben_02"], ["anna", "ben"]),
      (["03-01-01-01-01-01-01", "03-01-02-01-01-01-01", "03-01-01-01-01-01-12"], ["01", "12"]),
    ])
  func people(names: [String], expected: [String]) throws {
    let found = try speakers(names)
    #expect(found.names == Set(expected))
    #expect(!found.asks, "\(found.told)")
    #expect(
      found.told.hasPrefix(
        "speakers: \(expected.count) (\(expected.sorted().joined(separator: ", "))), from "),
      "\(found.told)")
  }

  @Test(
    "that no name tells are asked for, with the names found",
    arguments: [
      (["session1_01", "session1_02", "session2_01", "session2_02"], "speakers: not known"),
      (["session1/a", "session2/b"], "speakers: not known"),
      (
        ["blue/anna/1", "red/anna/1", "red/ben/1"],
        "{level: 1}: 2 (blue, red); or {level: 2}: 2 (anna, ben)"
      ),
      (["north/anna/1", "south/ben/1"], "{level: 1}: 2 (north, south); or {level: 2}: 2 (anna, ben)"),
      (["rec_01_1", "rec_01_2", "rec_02_1", "rec_02_2"], "speakers: not known"),
    ])
  func asked(names: [String], expected: String) throws {
    let found = try speakers(names)
    #expect(found.asks)
    #expect(found.told.contains(expected), "\(found.told)")
  }

  @Test(
    "come from a level, a pattern or a table where corpus.yaml says so",
    arguments: [
      ("speaker: {level: 2}", ["anna", "ben"]), ("speaker: {level: -2}", ["blue", "red"]),
      ("speaker: {pattern: \"^[a-z]+/([a-z])\"}", ["a", "b"]),
      ("speaker: {pattern: \"^(\\\\d)\"}", ["1", "2"]),
      ("speaker: {table: people.txt}", ["Anna B.", "Ben C."]), ("speaker: folder", ["anna", "ben"]),
    ])
  func told(settings: String, expected: [String]) throws {
    let folder = try TemporaryFolder()
    for name in ["blue/anna/1", "red/anna/2", "red/ben/2"] {
      try folder.write("\(name).wav")
      try folder.write("\(name).TextGrid", said("x"))
    }
    try folder.write("people.txt", "anna\tAnna B.\nben\tBen C.\n")
    try folder.write("corpus.yaml", settings)
    #expect(Set(try load(folder).utterances.map(\.speaker)) == Set(expected))
  }

  @Test("by a pattern that goes back without end are not found, soon", .timeLimit(.minutes(1)))
  func pathological() throws {
    let pattern = try NamePattern("^(a+)+$")
    #expect(pattern.part(of: String(repeating: "a", count: 40) + "!") == nil)
    #expect(pattern.part(of: "aaa") == "aaa")
    #expect(try NamePattern("^([a-z]+)_").part(of: "kal_s005") == "kal")
    #expect(try NamePattern("é+").part(of: "caféé") == "éé")
    #expect(try NamePattern("(x)?a").part(of: "a") == nil)
    #expect(try NamePattern("(x)?a").matches("a") && !NamePattern("b").matches("a"))
    #expect(throws: NamePattern.Fault.self) { try pattern.matches(String(repeating: "a", count: 40) + "!") }
    #expect(throws: NamePattern.Fault.self) { try NamePattern("(") }
    #expect(throws: NamePattern.Fault.self) { try NamePattern(String(repeating: "a", count: 2000)) }
    let found = try speakers(
      [String(repeating: "a", count: 40), "b"], "speaker: {pattern: \"^(?:a+)+b$|b\"}")
    #expect(found.names == ["b"])
  }
}
