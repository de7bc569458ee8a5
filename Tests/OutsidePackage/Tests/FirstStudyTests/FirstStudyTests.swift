import Foundation
import Strata
import Testing

/// The repository's `fixtures`, found from this file.
private let fixtures = URL(filePath: #filePath)
  .deletingLastPathComponent().appending(path: "../../../../fixtures").standardized.path

@Suite("A study from somebody else's package")
struct FirstStudyTests {
  @Test("finds what each layer encodes")
  func firstStudy() async throws {
    let model = try SpeechModel.load("\(fixtures)/w2v2-tiny-phones/model.ckpt")
    let corpus = try Corpus.load("\(fixtures)/unseen")
    var study = LayerStudy(model: model, corpus: corpus)
    study.levels = [.word]
    study.layers = ["conv.1", "hidden.5"]
    study.twinSeeds = [1]
    let result = try await study.run()

    #expect(result.peak(of: .word)?.layer.name == "hidden.5")
    // Words can be read there, but no better than from their phones and what is simpler.
    #expect(result.verdict(of: .word)?.isReadable == true)
    #expect(result.verdict(of: .word)?.isBeyondBaseline == false)
    #expect(result.peak(of: .phoneme) == nil)
    print(result.summary)
  }

  @Test("every layer of one recording")
  func activations() throws {
    let model = try SpeechModel.load("\(fixtures)/w2v2-tiny-phones/model.ckpt")
    let speech = try Waveform.read("\(fixtures)/human/austen/austen_0880.flac")
    var widths: [String: Int] = [:]
    try model.forward(speech, taps: ["conv.7", "hidden.6"]) { layer, states in
      widths[layer] = states.width  // states: [frames × dim]
    }
    #expect(widths == ["conv.7": 128, "hidden.6": 144])
  }

  @Test("layers of one's own")
  func ownLayers() async throws {
    var study = LayerStudy(model: Loudness(), corpus: try Corpus.load("\(fixtures)/human"))
    study.levels = [.phoneme]
    let result = try await study.run()

    #expect(result.settings.layers == ["level", "memory"])
    #expect(result.peak(of: .phoneme) != nil)
  }
}

/// How loud every 20 ms are, and what a leaky memory keeps of it.
struct Loudness: ActivationSource {
  let name = "loudness"
  let fingerprint = "loudness, leak 0.9"  // differs wherever the values may
  let facts = SourceFacts(
    family: "my own", parameters: 1, samplingRate: 16_000, inputNormalisation: "none")
  let taps = ["level", "memory"].map {
    TapPoint(
      name: $0, width: 1, timing: FrameTiming(samplingRate: 16_000, kernels: [320], strides: [320]))
  }

  func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    guard let samples = try waveform?.resampled(to: 16_000).samples else { return }
    let level = stride(from: 0, through: samples.count - 320, by: 320).map { start in
      log(1e-6 + samples[start..<(start + 320)].reduce(0) { $0 + $1 * $1 })
    }
    var kept: Float = 0
    let memory = level.map { value in
      kept = 0.9 * kept + 0.1 * value
      return kept
    }
    for (layer, values) in [("level", level), ("memory", memory)] where taps.contains(layer) {
      try visit(layer, Tensor(values, shape: [values.count, 1]))  // [frames × width]
    }
  }
}
