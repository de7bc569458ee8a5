import Foundation
import Testing

@testable import Corpora

/// The clip in every format: file, format, level of what it holds.
private let files: [(name: String, format: LabelFormat)] = [
  ("short.TextGrid", .textGrid), ("PHN", .timit), ("WRD", .timit), ("TXT", .timit), ("phones.ctm", .ctm),
  ("words.ctm", .ctm), ("audacity.txt", .audacity), ("elan.tsv", .elan), ("csv", .csv),
  ("mfa.json", .mfaJSON),
  ("lab", .htk), ("twolevel.lab", .htk), ("mlf", .mlf), ("eaf", .eaf),
]

private func text(_ name: String, _ content: String) throws -> LabelText {
  try LabelText(Array(content.utf8), path: name)
}

private func message(_ name: String, _ content: String) -> String {
  do {
    let found = try LabelFile.recordings(try text(name, content))
    return "no error: \(found)"
  } catch {
    return "\(error)"
  }
}

@Suite("Every label reader") struct LabelReaderTests {
  private func labels(_ tier: Tier) -> [Interval] {
    tier.intervals.filter { !Labelling().isSilence($0.label) }
  }

  @Test("is found by name and content, and reads the labels of all the others", arguments: files)
  func agree(name: String, format: LabelFormat) throws {
    let path = resource("formats/austen_0880.\(name)")
    let text = try LabelText(contentsOf: path)
    #expect(try LabelFormat.recognise(text) == format)
    #expect(format.ending(of: path) == name.count + 1 || ["short.TextGrid", "twolevel.lab"].contains(name))
    let reference = try LabelFile.read(resource("formats/austen_0880.TextGrid"))
    let recordings = try LabelFile.recordings(text)
    #expect(recordings.count == 1)
    #expect([nil, "austen_0880"].contains(recordings[0].name))
    let tiers = recordings[0].tiers
    #expect(!tiers.isEmpty)
    for tier in tiers {
      let level =
        tier.name == "labels" ? Level.phoneme : try #require(TierNames.level(of: tier.name)?.level)
      let whole = try #require(reference.first { TierNames.level(of: $0.name)?.level == level })
      let (a, b) = (labels(tier), labels(whole))
      // TIMIT's .TXT gives the sentence the whole file's time.
      if level != .sentence || tier.name != "utterance" || format != .timit {
        #expect(
          a.map { ($0.start * 1e4).rounded() } == b.map { ($0.start * 1e4).rounded() }, "\(tier.name)")
        #expect(a.map { ($0.end * 1e4).rounded() } == b.map { ($0.end * 1e4).rounded() }, "\(tier.name)")
      }
      let set: PhoneSet = level == .phoneme ? (format == .timit ? .timit39 : .arpabet) : .none
      #expect(
        a.map { set.normalised($0.label)?.uppercased() }
          == b.map { level == .phoneme ? PhoneSet.arpabet.normalised($0.label) : $0.label.uppercased() })
    }
  }

  @Test(
    "says the line of what it does not understand",
    arguments: [
      ("a.PHN", "0 10 h#\n10 x a", "a.PHN:2: expected an end in samples, found “x”"),
      ("a.PHN", "0 10", "a.PHN:1: expected start, end (samples at 16 kHz) and label, found “0 10”"),
      (
        "a.ctm", ";; c\na 1 0.5 0.1",
        "a.ctm:2: expected recording, channel, start, duration and label, found “a 1 0.5 0.1”"
      ),
      ("a.lab", "the words of it", "a.lab:1: expected a start in units of 100 ns, found “the”"),
      (
        "a.mlf", "#!MLF!#\n\"*/a.lab\"\n0 1 a\n",
        "a.mlf:3: the file ends where the dot that ends “a” was expected; it is "
          + "cut off, export it again"
      ),
      (
        "a.mlf", "#!MLF!#\n0 1 a\n",
        "a.mlf:2: expected the name of a recording in double quotes, found “0 1 a”"
      ),
      ("a.mlf", "0 1 a\n", "a.mlf:1: expected #!MLF!#, found “0 1 a”"),
      ("a.csv", "Begin,Label\n1,2", "a.csv:1: expected a column “end”, found begin, label"),
      (
        "a.csv", "start,end,label\n0,1,\"a\nb\"\n1,2",
        "a.csv:4: expected 3 fields, as the first line names, found 2"
      ),
      (
        "a.csv", "start,end,label\n0,1,\"a",
        "a.csv:2: the file ends where the closing quote of the record at line 2 was "
          + "expected; it is cut off, export it again"
      ),
      ("a.csv", "start,end,label\n0,1e99,a", "a.csv:2: expected an end in seconds, found “1e99”"),
      (
        "a.elan.tsv", "t\tp\t1\t2\t3\ta",
        "a.elan.tsv:1: expected a begin and an end in hh:mm:ss.ms or in seconds (ss.ms), "
          + "found “1 2 3”"
      ),
      ("a.txt", "0.1\tx\ta", "a.txt:1: expected an end in seconds, found “x”"),
      ("a.json", "{\"tiers\": {\"words\": {\"entries\": [[0, 1]]}}}", nil), ("a.json", "{", nil),
      ("a.json", "[]", nil),
      ("a.json", "{\"tiers\": {\"words\": {\"entries\": [[0, 1e999, \"a\"]]}}}", nil),
      ("a.txt", "Once upon a time", nil), ("a.eaf", "<?xml", nil),
    ])
  func wrong(name: String, content: String, expected: String?) {
    if let expected {
      #expect(message(name, content) == expected)
    } else {
      #expect(message(name, content).hasPrefix(name))
    }
  }

  @Test("knows its format's finer points")
  func finer() throws {
    func tiers(_ name: String, _ content: String) throws -> [Tier] {
      try #require(try LabelFile.recordings(try text(name, content)).first).tiers
    }
    let csv = try tiers(
      "a.csv", "Begin,End,Label,Type,Speaker\r\n0,0.5,\"a, \"\"b\"\"\",words,anna\r\n\r\n0.5,1,c,words,anna"
    )
    #expect(csv.map(\.name) == ["anna - words"])
    #expect(csv[0].intervals.map(\.label) == ["a, \"b\"", "c"])
    #expect(csv[0].lines == [2, 4])
    let scored = try tiers(
      "a.lab", "0 10000000 a -12.5 word\n10000000 20000000 b -1.5\n20000000 30000000 sil\n")
    #expect(scored.map(\.name) == ["phones", "words"])
    #expect(scored[1].intervals == [Interval(start: 0, end: 2, label: "word")])
    let audacity = try tiers("a.words.txt", "0.5\t1.5\tx\n\\\t100\t200\n2\t2\tpoint\n")
    #expect(audacity.map(\.name) == ["words"])
    #expect(audacity[0].intervals.count == 2)
    let elan = try tiers(
      "a.tsv", "w\tp\t01:00:01.5\t01:00:02.000\t00:00:00.5\tx y\nw\tp\t3601.5\t3602.0\t0.5\t\n")
    #expect(
      elan[0].intervals == [
        Interval(start: 3601.5, end: 3602, label: "x y"), Interval(start: 3601.5, end: 3602, label: ""),
      ])
    let many = try LabelFile.recordings(try text("x.ctm", "a 1 0 1 x\nb A 0 1 y 0.9\na.wav 1 1 1 z\n"))
    #expect(many.map(\.name) == ["a", "b"])
    #expect(many[0].tiers[0].intervals.map(\.label) == ["x", "z"])
  }
}

@Suite("A corpus in other formats") struct OtherFormatCorpusTests {
  private func copy(_ names: [String], to folder: TemporaryFolder) throws {
    for name in names {
      try FileManager.default.copyItem(
        atPath: resource("formats/austen_0880.\(name)"), toPath: folder.path + "/austen_0880.\(name)")
    }
    try folder.write("austen_0880.WAV")
  }

  @Test(
    "is read: TIMIT and ELAN without being told, the others by corpus.yaml",
    arguments: [
      (LabelFormat.eaf, ["eaf"], [Level.phoneme, .syllable, .word, .phrase, .sentence]),
      (LabelFormat.timit, ["PHN", "WRD", "TXT"], [Level.phoneme, .syllable, .word, .sentence]),
      (.ctm, ["phones.ctm", "words.ctm"], [.phoneme, .syllable, .word]),
      (
        .csv, ["csv"],
        [
          .phoneme, .syllable, .word,
          .phrase, .sentence,
        ]
      ), (.mfaJSON, ["mfa.json"], [.phoneme, .word]), (.htk, ["lab"], [.phoneme]),
      (.elan, ["elan.tsv"], [.phoneme, .syllable, .word, .phrase, .sentence]),
      (.audacity, ["audacity.txt"], [.phoneme]),
      (.mlf, ["mlf"], [.phoneme]),
    ])
  func formats(format: LabelFormat, names: [String], levels: [Level]) throws {
    let folder = try TemporaryFolder()
    try copy(names, to: folder)
    if format != .timit, format != .eaf {
      let tiers = format == .audacity ? "tiers: {labels: phoneme}\n" : ""
      try folder.write("corpus.yaml", "format: \(format.rawValue)\n" + tiers)
    }
    let corpus = try Corpus.load(folder.path) { _ in 2.99 }
    let utterance = try #require(corpus.utterances.first)
    #expect(utterance.id == "austen_0880")
    #expect(Set(levels).isSubset(of: utterance.tiers.keys))
    #expect(utterance.spans(at: .phoneme).count == 25)
    if levels.contains(.word) {
      #expect(
        utterance.spans(at: .word).map(\.label).joined(separator: " ")
          == "he was not an ill disposed young man")
      #expect(utterance.sentence == "he was not an ill disposed young man")
      #expect(utterance.spans(at: .syllable).count == 9)
    }
    #expect(!corpus.issues.contains { $0.severity == .error || $0.message.hasPrefix("left out") })
  }

  @Test("says which of an utterance's files is odd")
  func whichFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("SA1.wav")
    try folder.write("SA1.PHN", "0 8000 h#\n8000 16000 sh\n")
    try folder.write("SA1.WRD", "8000 16000 she\n20000 32000 had\n")
    let corpus = try Corpus.load(folder.path) { _ in 1 }
    #expect(
      corpus.issues.contains {
        $0.description
          == "warning: SA1.WRD:2: tier “words”: “had” at 1.25 … 2.0 s is outside the audio of 1.0 s; the "
          + "label was dropped"
      })
  }

  @Test("may have one label file for all recordings")
  func shared() throws {
    let folder = try TemporaryFolder()
    for name in ["s/a", "s/b", "s/c"] { try folder.write("\(name).wav") }
    try folder.write("w.ctm", "a 1 0 0.5 good\na 1 0.5 0.5 day\nb 1 0 1 night\nd 1 0 1 x\n")
    try folder.write("p.phones.ctm", "b 1 0 1 AY1\n")
    try folder.write("corpus.yaml", "labels: [w.ctm, p.phones.ctm]\n")
    let corpus = try Corpus.load(folder.path) { _ in 1 }
    #expect(corpus.utterances.map(\.id) == ["s/a", "s/b"])
    #expect(corpus.utterances[0].spans(at: .word).map(\.label) == ["good", "day"])
    #expect(corpus.utterances[1].tiers.keys.sorted() == [.phoneme, .syllable, .word])
    #expect(
      corpus.issues.filter { $0.severity == .warning }.map(\.description) == [
        "warning: s/c.wav: is not in w.ctm, p.phones.ctm, by “c”; left out",
        "warning: w.ctm: “d” has no audio file; left out",
      ])
    try folder.write("corpus.yaml", "labels: no.ctm\n")
    #expect(throws: CorpusError.missing(path: folder.path + "/no.ctm")) {
      try Corpus.load(folder.path) { _ in 1 }
    }
  }
}
