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
    #expect(result.verdict(of: .word)?.decision == .encoded)
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
}
