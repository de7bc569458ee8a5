import Audio
import Corpora
import Foundation
import Models
import Testing

@testable import Activations

@Suite("What goes wrong in a corpus") struct ExtractionFaultTests {
  @Test("an unreadable, a missing and a short file are reported, the rest goes on") func someFail() throws {
    let corpus = try SyntheticCorpus(utterances: 5)
    try Data("not audio".utf8).write(to: URL(filePath: corpus.utterances[1].audioPath))
    try FileManager.default.removeItem(atPath: corpus.utterances[2].audioPath)
    try SyntheticCorpus.wav([1, 2, 3], 16_000).write(to: URL(filePath: corpus.utterances[3].audioPath))
    // The short one keeps a label that begins inside it.
    var utterances = corpus.utterances
    let short = utterances[3]
    utterances[3] = Utterance(
      id: short.id, audioPath: short.audioPath, labelPath: short.labelPath, speaker: short.speaker,
      sentence: short.sentence, seconds: short.seconds,
      tiers: [
        .phoneme: Tier(
          name: "phones", level: .phoneme, intervals: [Interval(start: 0, end: 0.0001, label: "K")])
      ])
    let extraction = try ExtractionPass(of: SyntheticSource(), over: utterances).run(threads: 2)
    #expect(extraction.utterances == 2)
    let errors = extraction.issues.filter { $0.severity == .error }
    #expect(errors.map(\.path) == [1, 2, 3].map { utterances[$0].audioPath })
    #expect(errors[0].message.contains("not an audio file that can be read"))
    #expect(errors[1].message.contains("no such audio file"))
    #expect(errors[2].message.contains("too short: 3 samples"))
    let items = try #require(extraction.levels[.phoneme]).examples.items
    #expect(Set(items.map(\.utterance)) == [0, 4])
  }

  @Test("of many that fail, ten have their reason and the rest are named") func manyFail() throws {
    let corpus = try SyntheticCorpus(utterances: 14)
    for utterance in corpus.utterances.dropFirst(2) {
      try FileManager.default.removeItem(atPath: utterance.audioPath)
    }
    let extraction = try ExtractionPass(of: SyntheticSource(), over: corpus.utterances).run()
    let errors = extraction.issues.filter { $0.severity == .error }
    #expect(errors.prefix(10).map(\.path) == corpus.utterances[2..<12].map(\.audioPath))
    #expect(errors.dropFirst(10).map(\.message) == ["left out as well: u12, u13"])
  }

  @Test("when nothing can be used, the reasons are given") func allFail() throws {
    let corpus = try SyntheticCorpus(utterances: 2)
    for utterance in corpus.utterances { try FileManager.default.removeItem(atPath: utterance.audioPath) }
    #expect {
      try ExtractionPass(of: SyntheticSource(), over: corpus.utterances).run()
    } throws: { error in
      "\(error)".hasPrefix("none of the 2 utterances could be used: u0: ")
    }
  }

  @Test("labels beyond the end of the audio are dropped and counted") func beyond() throws {
    let corpus = try SyntheticCorpus(utterances: 3)
    // Half of the second recording is gone: 0.3 s of 0.625 s are left.
    try SyntheticCorpus.wav(Array(repeating: 100, count: 4800), 16_000)
      .write(to: URL(filePath: corpus.utterances[1].audioPath))
    let extraction = try ExtractionPass(of: SyntheticSource(), over: corpus.utterances).run()
    let phones = try #require(extraction.levels[.phoneme])
    // Phones of 80 ms: the one at 240 … 320 ms has its middle inside, those from 320 ms on do not.
    #expect(phones.droppedSpans == 3)
    #expect(phones.examples.items.count { $0.utterance == 1 } == 4)
    let warning = try #require(extraction.issues.first { $0.message.contains("phoneme") })
    #expect(warning.severity == .warning && warning.path == corpus.utterances[1].labelPath)
    #expect(
      warning.message == "3 phoneme spans lie beyond the end of the audio (0.3 s) and were left out")
  }

  @Test("another sampling rate is noted once") func rate() throws {
    let corpus = try SyntheticCorpus(utterances: 3, samplingRate: 8000)
    let extraction = try ExtractionPass(of: SyntheticSource(), over: corpus.utterances).run()
    #expect(
      extraction.issues.map(\.message) == [
        "this and 2 more files at 8000 Hz; resampled to the model's 16000 Hz (soxr)"
      ])
    let times = try #require(extraction.levels[.phoneme]).examples.states(of: "time")
    #expect(abs(times[row: 1][0] - 0.1225) < 0.011)
  }

  @Test("a layer with NaN is refused by name, the others keep their numbers") func nonFinite() throws {
    let corpus = try SyntheticCorpus(utterances: 5)
    // Only sounds of 0.75 s and more break it: utterances 2, 3 and 4.
    let source = SyntheticSource(broken: (["sound"], 12_000))
    let whole = try #require(
      try ExtractionPass(of: SyntheticSource(), over: corpus.utterances).run().levels[.word])
    let extraction = try ExtractionPass(of: source, over: corpus.utterances).run()
    let words = try #require(extraction.levels[.word])
    #expect(words.examples.layers == ["mel", "time"])
    #expect(words.examples.reasons["sound"] == "it has values that are not finite, first in u2")
    #expect(words.moments?.layers == ["mel", "time"])
    #expect(try words.moments?.secondMoment(of: "time") == whole.moments?.secondMoment(of: "time"))
    #expect(
      extraction.issues.contains {
        $0.message == "layer sound has values that are not finite; it gets no numbers"
      })
  }

  @Test("all layers NaN is an error") func allNonFinite() throws {
    let corpus = try SyntheticCorpus(utterances: 2)
    let source = SyntheticSource(broken: (["time", "sound", "slow"], 0))
    let settings = ExtractionSettings(levels: [.word], layers: ["time", "sound"])
    #expect(throws: ActivationError.nothingFinite(layers: 2, utterance: "u0")) {
      try ExtractionPass(of: source, over: corpus.utterances, settings: settings).run()
    }
  }

  @Test("a source that gives another shape, or nothing, is found out") func wrongSource() throws {
    let corpus = try SyntheticCorpus(utterances: 2)
    var wide = SyntheticSource()
    wide.taps[1] = TapPoint(name: "sound", width: 4, timing: SyntheticSource.timing)
    wide.declared = 5
    #expect {
      try ExtractionPass(of: wide, over: corpus.utterances).run()
    } throws: { "\($0)".contains("layer sound has shape [24, 5], expected [frames, 4]") }
    var silent = SyntheticSource()
    silent.withheld = ["time"]
    #expect {
      try ExtractionPass(of: silent, over: corpus.utterances).run()
    } throws: { "\($0)".contains("the model gave no values for layer time") }
  }

  @Test("a level without labels and a layer that does not exist") func unknown() throws {
    let corpus = try SyntheticCorpus(utterances: 2)
    func run(_ settings: ExtractionSettings) throws -> Extraction {
      try ExtractionPass(of: SyntheticSource(), over: corpus.utterances, settings: settings).run()
    }
    #expect(throws: ActivationError.noSpans(level: "phrase", utterances: 2)) {
      try run(ExtractionSettings(levels: [.word, .phrase]))
    }
    #expect(
      throws: ActivationError.unknownLayer(
        "hidden.1", source: "synthetic", available: ["time", "sound", "slow"])
    ) { try run(ExtractionSettings(layers: ["hidden.1"])) }
    #expect(throws: ActivationError.noSpans(level: nil, utterances: 0)) {
      try ExtractionPass(of: SyntheticSource(), over: []).run()
    }
  }
}
