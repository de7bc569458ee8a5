import Foundation
import Foundations
import Testing

@testable import Corpora

@Suite("Label files as tools write them") struct FormatCaseTests {
  @Test(
    "count time in units that the sound's length tells",
    arguments: [
      ("milliseconds", "milliseconds"), ("samples", "samples at 16000 Hz"), ("audacity-ms", "milliseconds"),
      ("ctm-ms", "milliseconds"),
    ])
  func units(name: String, unit: String) throws {
    let corpus = try CaseCorpus("04-lab-units-and-contexts/" + name).load()
    #expect(corpus.says("are taken for \(unit)"), "\(corpus.issues)")
    try inTime(corpus)
  }

  @Test("are in the form of ESPS, or hold full contexts", arguments: ["festival-esps", "full-context"])
  func lab(name: String) throws {
    let corpus = try CaseCorpus("04-lab-units-and-contexts/" + name).load()
    #expect(!corpus.says("are taken for"))
    try inTime(corpus)
    let phones = Set(corpus.labels(.phoneme).joined())
    #expect(phones.isSubset(of: Arpabet.phones) && phones.contains("DH"), "\(phones)")
  }

  /// The clip's known labels.
  private func inTime(_ corpus: Corpus) throws {
    let utterance = try #require(corpus.utterances.first { $0.id.hasSuffix("kal_s163") })
    let spans = utterance.spans(at: utterance.tiers[.phoneme] == nil ? .word : .phoneme)
    #expect(abs((spans.first?.start ?? 0) - 0.184) < 0.002, "\(String(describing: spans.first))")
    #expect(abs((spans.last?.end ?? 0) - 0.964) < 0.002)
  }

  @Test("a transcript is no label file, and is called that")
  func transcript() throws {
    let error = #expect(throws: CorpusError.self) {
      try CaseCorpus("04-lab-units-and-contexts/transcript-lab").load()
    }
    #expect(
      error?.description.contains("is a transcript without times") ?? false, "\(String(describing: error))")
  }

  @Test("units that are said decide; a rate that is needed is asked for")
  func saidUnits() throws {
    let folder = try TemporaryFolder()
    try folder.write("s/a.wav")
    try folder.write("s/a.lab", "0 2000 a\n2000 6000 b\n")
    try folder.write("corpus.yaml", "format: htk\nunits: {samples: 16000}\n")
    let corpus = try Corpus.load(folder.path) { _ in 1 }
    #expect(corpus.utterances[0].spans(at: .phoneme).map(\.end) == [0.125, 0.375])
    try folder.write("corpus.yaml", "format: htk\nunits: samples\n")
    let error = #expect(throws: CorpusError.self) { try Corpus.load(folder.path) { _ in 1 } }
    #expect(error?.description.contains("units: {samples: 16000}") ?? false)
    try folder.write("corpus.yaml", "format: htk\nunits: hours\n")
    #expect(throws: CorpusError.self) { try Corpus.load(folder.path) { _ in 1 } }
  }

  @Test("times that are right stay, though labels cover little of the sound")
  func stays() {
    let found = TimeUnits(judging: [TimeUnits.Recording(end: 0.03, seconds: 1)], of: .htk)
    #expect(found?.unit == .hundredNanoseconds && found?.factor(rate: nil) == 1)
    #expect(TimeUnits(judging: [TimeUnits.Recording(end: 0.3, seconds: 1)], of: .ctm)?.words == nil)
    #expect(TimeUnits(judging: [TimeUnits.Recording(end: 1, seconds: 1)], of: .textGrid) == nil)
  }

  @Test(
    "of Buckeye, the Bavarian Archive, Gentle and WhisperX are read",
    arguments: [
      ("buckeye", "", ["they", "argued", "about"]),
      ("gentle-asked", "format: gentle", ["they", "argued", "about"]),
      ("whisperx", "format: whisperx", ["they", "argued", "about"]),
    ])
  func words(name: String, yaml: String, expected: [String]) throws {
    let corpus = try CaseCorpus("07-formats-that-are-not-read/" + name)
    if !yaml.isEmpty { try corpus.write(yaml + "\n") }
    let read = try corpus.load()
    let utterance = try #require(read.utterances.first { $0.id.hasSuffix("kal_s163") })
    let spans = utterance.spans(at: .word)
    #expect(spans.map(\.label) == expected)
    #expect(abs((spans.first?.start ?? 0) - 0.184) < 0.002 && abs((spans.last?.end ?? 0) - 0.964) < 0.002)
    if name == "whisperx" { #expect(read.says("1 word has no times (“2014.”)")) }
    if name != "whisperx" { #expect(utterance.spans(at: .phoneme).first?.label == "DH") }
  }

  @Test("Partitur files give phones in time")
  func partitur() throws {
    let corpus = try CaseCorpus("07-formats-that-are-not-read/par").load()
    let utterance = try #require(corpus.utterances.first { $0.id.hasSuffix("kal_s163") })
    let spans = utterance.spans(at: .phoneme)
    #expect(spans.map(\.label) == ["DH", "EY", "AA", "R", "G", "Y", "UW", "D", "AH", "B", "AW", "T"])
    #expect(abs(spans[0].start - 0.184) < 1e-4 && abs(spans[0].end - spans[1].start) < 1e-9)
    let text = try LabelText(
      Array(
        "SAM: 100\nORT: 0 good\nORT: 1 day\nMAU:\t0\t9\t-1\t<p:>\nMAU:\t10\t39\t0\tg\nMAU:\t50\t49\t1\td\n"
          .utf8), path: "a.par")
    let words = try PartiturReader().recordings(in: text)[0].tiers.last
    #expect(
      words?.intervals == [
        Interval(start: 0.1, end: 0.5, label: "good"), Interval(start: 0.5, end: 1, label: "day"),
      ])
  }

  @Test(
    "that must be asked for are named with what to say",
    arguments: [
      ("07-formats-that-are-not-read/whisperx", "format: whisperx"),
      ("07-formats-that-are-not-read/lhotse", "labels: supervisions.jsonl"),
      ("07-formats-that-are-not-read/gentle-asked", "format: gentle"),
      ("17-nemo-forced-aligner-output/a-as-written", "labels: nfa/ctm/words"),
    ])
  func asked(name: String, words: String) throws {
    let error = #expect(throws: CorpusError.self) { try CaseCorpus(name).load() }
    #expect(error?.description.contains(words) ?? false, "\(String(describing: error))")
  }

  @Test("Lhotse's supervisions are read")
  func lhotse() throws {
    let corpus = try CaseCorpus("07-formats-that-are-not-read/lhotse")
    try corpus.write("labels: supervisions.jsonl\n")
    let read = try corpus.load()
    #expect(
      read.utterances[0].spans(at: .word).map(\.label) == ["the"] && read.utterances[0].speaker == "kal")
    #expect(read.utterances[0].spans(at: .word)[0].end == 0.3)
  }

  @Test(
    "the NeMo Forced Aligner's words are read from their folder",
    arguments: ["c-words", "e-words-no-audio-key"])
  func nemo(name: String) throws {
    let corpus = try CaseCorpus("17-nemo-forced-aligner-output/" + name).load()
    let utterance = try #require(corpus.utterances.first { $0.id.hasSuffix("kal_s163") })
    #expect(utterance.spans(at: .word).map(\.label) == ["they", "argued", "about"])
  }

  @Test("Common Voice's list says who speaks", arguments: ["a-as-it-is", "c-table-path-first"])
  func commonVoice(name: String) throws {
    let corpus = try CaseCorpus("18-common-voice-layout/" + name).load()
    #expect(corpus.utterances.count == 6 && Set(corpus.utterances.map(\.speaker)).count == 2)
    #expect(corpus.utterances.allSatisfy { $0.speaker.count == 128 })
    #expect(corpus.utterances[0].sentence == "the music grew")
  }
}

@Suite("Praat's other files") struct PraatFileTests {
  private func read(_ name: String) throws -> [LabelledRecording] {
    try LabelFile.recordings(try LabelText(try bytes("praat/\(name)"), path: name))
  }

  @Test("the binary form holds what the text form holds")
  func binary() throws {
    let (own, same) = (try read("binary.TextGrid"), try read("same.TextGrid"))
    for (a, b) in zip(own[0].tiers, same[0].tiers) {
      #expect(a.name == b.name && a.kind == b.kind && a.extent == b.extent && a.intervals == b.intervals)
    }
    #expect(
      own[0].tiers.map(\.name) == ["words", "phones", "tones"]
        && own[0].tiers[0].intervals[1].label == "schön")
    #expect(own[0].tiers[1].intervals.map(\.label) == ["", "ʃ", "øː", "d", "\\ae"])
  }

  @Test(
    "Collections hold a recording an object",
    arguments: ["two.Collection", "two-short.Collection", "two-binary.Collection"])
  func collection(name: String) throws {
    let found = try read(name)
    #expect(found.map(\.name) == ["words_phones_tones", "words"])
    #expect(found[0].tiers[0].intervals.map(\.label) == ["", "schön", "day"])
    #expect(found[1].tiers[0].intervals == [Interval(start: 0, end: 1, label: "night")])
  }

  @Test("a Collection labels many recordings")
  func shared() throws {
    let folder = try TemporaryFolder()
    for name in ["s/words", "t/words_phones_tones"] { try folder.write("\(name).wav") }
    let data = Data(try bytes("praat/two-binary.Collection"))
    try data.write(to: URL(filePath: folder.path + "/all.Collection"))
    try folder.write("corpus.yaml", "labels: all.Collection\n")
    let corpus = try Corpus.load(folder.path) { _ in 1.5 }
    #expect(corpus.labels(.word) == [["night"], ["schön", "day"]])
  }

  @Test("is refused where it is cut off or lies", arguments: ["binary.TextGrid", "two-binary.Collection"])
  func damaged(name: String) throws {
    let original = try bytes("praat/\(name)")
    for count in 0..<original.count {
      #expect(throws: CorpusError.self) {
        try LabelFile.recordings(try LabelText(Array(original[..<count]), path: name))
      }
    }
    var numbers = SplitMix64(seed: 9)
    for _ in 0..<2000 {
      var bytes = original
      for _ in 0..<3 {
        bytes[Int.random(in: 12..<bytes.count, using: &numbers)] = UInt8.random(
          in: 0...255, using: &numbers)
      }
      MutationTests.readEverything(bytes, path: name, format: .textGrid)
    }
  }
}

@Suite("More readers") struct MoreReaderTests {
  private func read(_ text: String, _ name: String, _ format: LabelFormat? = nil) throws
    -> [LabelledRecording]
  {
    try LabelFile.recordings(try LabelText(Array(text.utf8), path: name), format: format)
  }

  @Test("praatio's JSON, with point tiers, in both forms")
  func praatio() throws {
    let first = try read(
      #"{"start": 0, "end": 1, "tiers": {"words": {"type": "interval", "entries": [[0, 1, "hi"]]}, "tones": {"type": "point", "entries": [[0.5, "H*"]]}}}"#,
      "a.json")
    let second = try read(
      #"{"xmin": 0, "xmax": 1, "tiers": [{"class": "TextTier", "name": "tones", "xmin": 0, "xmax": 1, "entries": [[0.5, "H*"]]}, {"class": "IntervalTier", "name": "words", "xmin": 0, "xmax": 1, "entries": [[0, 1, "hi"]]}]}"#,
      "a.json")
    for tiers in [first[0].tiers, second[0].tiers] {
      #expect(tiers.map(\.name) == ["tones", "words"] && tiers.map(\.kind) == [.points, .intervals])
      #expect(tiers[0].intervals == [Interval(start: 0.5, end: 0.5, label: "H*")])
    }
  }

  @Test("NeMo's time stamps, RTTM and ZeroSpeech items")
  func others() throws {
    let nemo = try read(
      #"{"timestamp": {"word": [{"word": "hi", "start": 0.1, "end": 0.4}], "segment": [{"segment": "Hi.", "start": 0.1, "end": 0.4}]}}"#,
      "a.json")
    #expect(nemo[0].tiers.map(\.name) == ["sentences", "words"])
    let rttm = try read("SPEAKER a 1 0.5 1.25 <NA> <NA> anna <NA> <NA>\nSPKR-INFO a 1 <NA>\n", "a.rttm")
    #expect(rttm[0].tiers[0].name == "anna - turns" && rttm[0].tiers[0].intervals[0].end == 1.75)
    let items = try ItemFile(
      try LabelText(
        Array(
          "#file onset offset #phone prev-phone next-phone speaker\n2107 0.3225 0.5225 W HH IY 61\n".utf8),
        path: "a.item"))
    #expect(items.items.count == 1 && items.items[0].speaker == "61" && items.items[0].next == "IY")
    #expect(throws: CorpusError.self) {
      try ItemFile(try LabelText(Array("a 1 0.5 W HH IY 61\n".utf8), path: "a.item"))
    }
  }

  @Test("full contexts bring stress and syllables where they agree")
  func fullContext() throws {
    func line(_ number: Int, _ phone: String, _ place: String, _ stress: Int, _ count: Int) -> String {
      "\(number)0000000 \(number + 1)0000000 x^x-\(phone)+x=x@\(place)/A:0_0_0/B:\(stress)-0-\(count)@1-1&1-1#1-1$1-1!0-1;0-1|x/C:0+0+0\n"
    }
    let text =
      line(0, "pau", "x_x", 0, 9).replacing("B:0-0-9", with: "B:x-x-x") + line(1, "ax", "1_1", 0, 1)
      + line(2, "b", "1_2", 1, 2)
      + line(3, "aw", "2_1", 1, 2)
    let tiers = try read(text, "a.lab", .htk)[0].tiers
    #expect(tiers[0].intervals.map(\.label) == ["pau", "ax", "b", "aw1"])
    #expect(tiers[1].name == "syllables" && tiers[1].intervals.map(\.label) == ["ax", "b aw1"])
  }

  @Test(
    "foreign formats are refused by name with a way on",
    arguments: [
      ("a.cha", "CHAT"), ("a.awd", "CGN"), ("a.exb", "EXMARaLDA"), ("a_annot.json", "EMU-SDMS"),
      ("a.srt", "subtitles"),
    ])
  func foreign(name: String, title: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("a.wav")
    try folder.write(name, "x\n")
    let error = #expect(throws: CorpusError.self) { try Corpus.load(folder.path) { _ in 1 } }
    #expect(error?.description.contains(title) ?? false, "\(String(describing: error))")
  }

  @Test("a FIFO or a device is refused before it is opened")
  func devices() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.path + "/a.TextGrid"
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in [pipe, "/dev/zero"] {
      let error = #expect(throws: CorpusError.self) { try LabelText(contentsOf: path) }
      #expect(error?.description.contains(path == pipe ? "FIFO" : "device") ?? false)
    }
    try folder.write("a.wav")
    #expect(throws: CorpusError.self) { try Corpus.load(folder.path) { _ in 1 } }
  }

  /// Each format with a number left open.
  static let templates: [(String, LabelFormat?, String)] = [
    ("a.ctm", .ctm, "a 1 % 0.5 x\n"), ("a.ctm", .ctm, "a 1 0.5 % x\n"), ("a.lab", .htk, "% 100 a\n"),
    ("a.lab", .htk, "0 % a\n"),
    ("a.PHN", .timit, "0 % sh\n"), ("a.txt", .audacity, "%\t1\tx\n"),
    ("a.csv", .csv, "start,end,label\n0,%,x\n"),
    ("a.words", .esps, "#\n % 121 x\n"), ("a.par", .partitur, "SAM: %\nMAU: 0 10 0 a\n"),
    ("a.par", .partitur, "SAM: 16000\nMAU: % 10 0 a\n"),
    ("a.par", .partitur, "SAM: 16000\nORT: % x\nMAU: 0 % % a\n"),
    ("a.rttm", .rttm, "SPEAKER a 1 % % <NA> <NA> s <NA>\n"),
    ("a.json", .mfaJSON, #"{"start": %, "end": %, "tiers": {"words": {"entries": [[%, %, "x"]]}}}"#),
    (
      "a.json", .gentle,
      #"{"words": [{"word": "x", "start": %, "end": 1, "phones": [{"phone": "k_B", "duration": %}]}]}"#
    ),
    (
      "a.json", .whisperX,
      #"{"segments": [{"start": %, "end": %, "text": "x", "words": [{"word": "x", "start": %, "end": %}]}]}"#
    ),
    ("a.json", .nemo, #"{"timestamp": {"word": [{"word": "x", "start": %, "end": %}]}}"#),
    (
      "a.jsonl", .jsonLines,
      #"{"recording_id": "a", "start": %, "duration": %, "alignment": {"word": [["x", %, %, null]]}}"#
    ),
    (
      "a.jsonl", .jsonLines,
      #"{"utterance": "a", "tiers": {"words": [{"start": %, "end": %, "label": "x"}]}}"#
    ),
    ("a.tsv", .elan, "words\tp\t%\t%\tx\tx\n"), ("a.mlf", .mlf, "#!MLF!#\n\"a.lab\"\n% % x\n.\n"),
    ("a.alignment.txt", .librispeech, "a \",X,\" \"%,%,%\"\n"),
    (
      "a.TextGrid", .textGrid,
      "\"ooTextFile\"\n\"TextGrid\"\n%\n%\n<exists>\n%\n\"IntervalTier\"\n\"words\"\n0\n%\n%\n0\n%\n\"x\"\n"
    ),
    ("a.lab", .htk, "0 % x^x-a+x=x@%_%/A:0_0_0/B:1-0-%@1-1\n"),
  ]

  @Test(
    "no number in a label file brings a reader down",
    arguments: [
      "0", "-1", "2147483648", "9223372036854775807", "nan", "1e308", "-1e308", "1e-308", "1e400",
      "18446744073709551616",
    ])
  func hostile(number: String) {
    for (name, format, template) in Self.templates {
      guard let format else { continue }
      MutationTests.readEverything(
        Array(template.replacing("%", with: number).utf8), path: name, format: format)
      for seconds in [0.0, 1, 1e308, .nan, .infinity, -1] {
        guard let text = try? LabelText(Array(template.replacing("%", with: number).utf8), path: name),
          let recordings = try? LabelFile.recordings(text, format: format)
        else { continue }
        let ends = recordings.flatMap(\.tiers).flatMap { $0.intervals.map(\.end) }
        let units = TimeUnits(
          judging: ends.map { TimeUnits.Recording(end: $0, seconds: seconds, rate: 1e-308) }, of: format)
        for tiers in recordings.map(\.tiers) {
          _ = TimeUnits.scaled(tiers, by: units?.factor(rate: 16000) ?? 1)
        }
      }
    }
    let line = "a \(number) \(number) W HH IY 61\n"
    _ = try? ItemFile(LabelText(Array(line.utf8), path: "a.item"))
  }
}
