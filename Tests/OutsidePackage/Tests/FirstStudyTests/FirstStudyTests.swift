import Foundation
import Strata
import Testing

/// The repository's `fixtures`, found from this file.
private let fixtures = URL(filePath: #filePath)
  .deletingLastPathComponent().appending(path: "../../../../fixtures").standardized

@Suite("A study from somebody else's package")
struct FirstStudyTests {
  @Test("finds what each layer encodes")
  func firstStudy() async throws {
    let model = try SpeechModel.load(fixtures.appending(path: "w2v2-tiny-phones/model.ckpt").path)
    let corpus = try Corpus.load(fixtures.appending(path: "unseen").path)
    var study = LayerStudy(model: model, corpus: corpus)
    study.levels = [.phoneme, .word]
    study.layers = ["hidden.0", "hidden.3", "hidden.6"]
    study.twinSeeds = [1]

    let result = try await study.run()

    let phoneme = try #require(result.peak(of: .phoneme))
    #expect(phoneme.layer > Layer(name: "hidden.0", depth: 8))
    #expect(result.verdict(of: .phoneme)?.decision == .encoded)
    #expect(result.summary.contains("phoneme"))
  }
}
