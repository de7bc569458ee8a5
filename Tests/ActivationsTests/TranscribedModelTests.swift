import Audio
import Corpora
import Foundation
import Foundations
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Activations

/// A decoder that reads the word tier: its tokens, where they lie, and what cannot be read.
@Suite("Models that read along") struct TranscribedModelTests {
  private let letters = (0..<26).map { String(UnicodeScalar(UInt8(97 + $0))) }

  /// The tiny Whisper of the models' tests, in a folder with a tokeniser of single letters and a few merges.
  private func withModel(
    _ files: (String) throws -> Void = { _ in }, _ body: (SpeechModel) throws -> Void
  ) throws {
    let whisper = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../ModelsTests/Resources/whisper").standardizedFileURL.path
    let folder = try TemporaryFolder()
    let path = folder.path + "/whisper"
    try FileManager.default.copyItem(atPath: whisper, toPath: path)
    try files(path)
    try withExtendedLifetime(folder) { try body(SpeechModel.load(path)) }
  }

  private func writeTokenizer(_ path: String) throws {
    let names = ["Ġ"] + letters + ["Ġt", "Ġth", "Ġthe"]
    var vocabulary = Dictionary(uniqueKeysWithValues: zip(names, 0...))
    vocabulary["<|endoftext|>"] = 110
    try JSONSerialization.data(withJSONObject: vocabulary)
      .write(to: URL(fileURLWithPath: path + "/vocab.json"))
    try JSONSerialization.data(withJSONObject: ["<|startoftranscript|>": 111, "<|notimestamps|>": 112])
      .write(to: URL(fileURLWithPath: path + "/added_tokens.json"))
    try Data("#version: 0.2\nĠ t\nĠt h\nĠth e\n".utf8).write(to: URL(fileURLWithPath: path + "/merges.txt"))
  }

  private func utterance(_ words: [Interval]) -> Utterance {
    Utterance(
      id: "u", audioPath: "u.wav", labelPath: "u.TextGrid", speaker: "s", sentence: "u", seconds: 2,
      tiers: words.isEmpty ? [:] : [.word: Tier(name: "words", level: .word, intervals: words)])
  }

  private var sound: Waveform {
    var numbers = RandomNumbers(seed: 1)
    return Waveform(samples: (0..<32_000).map { _ in Float(numbers.normal() * 0.1) }, samplingRate: 16_000)
  }

  private let words = [
    Interval(start: 0.2, end: 0.6, label: "The"), Interval(start: 0.6, end: 0.7, label: "sil"),
    Interval(start: 1, end: 1.8, label: "cat"),
  ]

  @Test("each token's centre lies in its word's share of the time")
  func centres() throws {
    try withModel(writeTokenizer) { model in
      let source = try #require(TeacherForcedModel(model))
      #expect(source.taps == model.taps + model.decoderTaps)
      let tap = try #require(model.decoderTaps.first { $0.name == "decoder.hidden.2" })
      let centres = try #require(try source.centres(of: tap, in: utterance(words)))
      // The prefix of two; "Ġthe"; "Ġ", "c", "a", "t".
      #expect(centres.prefix(2).allSatisfy { $0 == -.infinity })
      #expect(zip(centres.dropFirst(2), [0.4, 1.1, 1.3, 1.5, 1.7]).allSatisfy { abs($0 - $1) < 1e-9 })
      #expect(centres.count == 7)
      #expect(try source.centres(of: model.taps[2], in: utterance(words)) == nil)

      var found: [String: Tensor] = [:]
      let taps: Set<String> = ["hidden.1", "decoder.hidden.2", "logits"]
      try source.forward(utterance(words), sound, taps: taps, threads: 1) { found[$0] = $1 }
      #expect(found["decoder.hidden.2"]?.shape == [7, 48] && found["hidden.1"]?.shape == [100, 48])
      var expected: Tensor?
      try model.forward(sound, tokens: [111, 112, 29, 0, 3, 1, 20], taps: ["decoder.hidden.2"]) {
        expected = $1
      }
      #expect(found["decoder.hidden.2"] == expected)
    }
  }

  @Test("a multilingual decoder is told its language, and a twin too; an unknown one is refused")
  func language() throws {
    func multilingual(_ path: String) throws {
      try writeTokenizer(path)
      try JSONSerialization.data(withJSONObject: [
        "<|startoftranscript|>": 111, "<|notimestamps|>": 112, "<|en|>": 113, "<|de|>": 114,
        "<|transcribe|>": 115,
      ]).write(to: URL(fileURLWithPath: path + "/added_tokens.json"))
    }
    try withModel(multilingual) { model in
      let source = try #require(TeacherForcedModel(model))
      #expect(source.lacksLanguage && source.prefix == [111, 112])
      let german = try source.speaking("de")
      #expect(!german.lacksLanguage && german.prefix == [111, 114, 115, 112])
      #expect(german.fingerprint != source.fingerprint && german.facts != source.facts)
      #expect((try german.randomTwin(ofSeed: 1) as? TeacherForcedModel)?.prefix == german.prefix)
      #expect(throws: ActivationError.noLanguage("xx", source: "whisper")) { try source.speaking("xx") }
    }
  }

  @Test("how many utterances no layer is read on is said once, with what keeps them")
  func leftOut() throws {
    try withModel(writeTokenizer) { model in
      let corpus = try SyntheticCorpus(utterances: 3)
      let samples = SyntheticCorpus.wav(Array(repeating: 100, count: 64_000), 16_000)
      try samples.write(to: URL(filePath: corpus.utterances[1].audioPath))
      let pass = ExtractionPass(
        of: try #require(TeacherForcedModel(model)), over: corpus.utterances,
        settings: ExtractionSettings(levels: [.word], layers: ["hidden.1", "decoder.hidden.1"]))
      let warnings = try pass.run().issues.filter { $0.severity == .warning }
      #expect(warnings.count == 1)
      #expect(
        warnings.first?.message.hasPrefix("1 of 3 utterances were left out at every layer; the first, u1: ")
          == true)
      #expect(warnings.first?.message.contains("layers of the encoder alone") == true)
    }
  }

  @Test("overlapping words do not make centres fall")
  func overlap() throws {
    try withModel(writeTokenizer) { model in
      let source = try #require(TeacherForcedModel(model))
      let overlapping = [
        Interval(start: 0, end: 1.8, label: "cat"), Interval(start: 0.1, end: 0.4, label: "the"),
      ]
      let centres = try #require(
        try source.centres(of: model.decoderTaps[0], in: utterance(overlapping)))
      #expect(zip(centres, centres.dropFirst()).allSatisfy { $0 <= $1 })
    }
  }

  @Test("utterances without words, without sound, and longer than a window")
  func refused() throws {
    try withModel(writeTokenizer) { model in
      let source = try #require(TeacherForcedModel(model))
      let ignore: (String, Tensor) throws -> Void = { _, _ in }
      #expect(throws: ActivationError.noWords(utterance: "u", source: "whisper")) {
        try source.forward(utterance([]), sound, taps: ["logits"], threads: 1, visit: ignore)
      }
      #expect(throws: ActivationError.noSound(utterance: "u", source: "whisper")) {
        try source.forward(utterance(words), nil, taps: ["logits"], threads: 1, visit: ignore)
      }
      try source.forward(utterance([]), sound, taps: ["hidden.1"], threads: 1, visit: ignore)
      let long = Waveform(samples: sound.samples + sound.samples, samplingRate: 16_000)
      #expect(throws: ModelError.self) {
        try source.forward(utterance(words), long, taps: ["logits"], threads: 1, visit: ignore)
      }
    }
  }

  @Test("twins read the same tokens; without a tokeniser the decoder is left out and a note says why")
  func twinsAndNotes() throws {
    try withModel(writeTokenizer) { model in
      let twin = try #require(try model.studied.randomTwin(ofSeed: 3) as? TeacherForcedModel)
      #expect(twin.taps == model.studied.taps && twin.fingerprint != model.studied.fingerprint)
      #expect(!model.tensorReport.notes.contains { $0.contains("tokenizer.json") })
    }
    try withModel { model in
      #expect(TeacherForcedModel(model) == nil && model.studied.taps == model.taps)
      #expect(model.tensorReport.notes.contains { $0.contains("tokenizer.json") && $0.contains("studies") })
    }
  }
}
