import Foundation
import Strata
import StrataTesting
import Testing

@Suite("A test of somebody else's that plants structure")
struct TestingProductTests {
  @Test("finds phones and words in the layers in which they were planted")
  func planted() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var speech = PlantedCorpus()
    (speech.speakers, speech.sentences, speech.words) = (4, 8, 8)
    let corpus = try speech.write(to: folder)

    var model = PlantedModel(layers: ["hidden.1", "hidden.2", "hidden.3"])
    model.plant(.phoneme, in: "hidden.1")
    model.plant(.word, in: "hidden.3")
    var study = LayerStudy(model: model, corpus: corpus)
    study.levels = [.phoneme, .word]
    study.twinSeeds = [1]
    let result = try await study.run()

    #expect(try result.encodes(.phoneme, at: "hidden.1"))
    #expect(try result.peaks(.phoneme, at: "hidden.1"))
    #expect(try !result.encodes(.phoneme, at: "hidden.2"))
    #expect(try result.peaks(.word, at: "hidden.3"))
    #expect(try !result.peaks(.word, at: "hidden.2"))
    for (level, layer) in [(Level.phoneme, "hidden.1"), (.word, "hidden.3")] {
      print(try result.evidence(of: level, at: layer))
    }
    #expect(
      try result.evidence(of: .phoneme, at: "hidden.1").hasPrefix("phoneme: encoded, peak set hidden.1"))
    // What was not studied is an error, not a plain false.
    #expect(throws: ResultError.self) { try result.encodes(.syllable) }
    #expect(throws: ResultError.self) { try result.encodes(.word, at: "hiden.3") }
    #expect(throws: ResultError.self) { try result.peaks(.word, at: "hiden.3") }
  }

  @Test("does not find what is not there")
  func noise() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let corpus = try PlantedCorpus().write(to: folder)
    var study = LayerStudy(model: PlantedModel(layers: ["hidden.1", "hidden.2"]), corpus: corpus)
    study.levels = [.phoneme]
    study.twinSeeds = [1]
    let result = try await study.run()
    #expect(try !result.encodes(.phoneme))
    #expect(try !result.encodes(.phoneme, at: "hidden.2"))
  }

  @Test("compares layers of one recording within a tolerance")
  func tolerance() throws {
    let fixtures = URL(filePath: #filePath)
      .deletingLastPathComponent().appending(path: "../../../../fixtures").standardized.path
    let model = try SpeechModel.load("\(fixtures)/w2v2-tiny-phones/model.ckpt")
    let speech = try Waveform.read("\(fixtures)/human/austen/austen_0880.flac")
    func states(threads: Int) throws -> Tensor? {
      var found: Tensor?
      try model.forward(speech, taps: ["hidden.6"], threads: threads) { _, states in found = states }
      return found
    }
    let (one, two) = (try #require(try states(threads: 1)), try #require(try states(threads: 2)))
    #expect(Closeness(of: two, to: one).isWithin(.otherKernel))
  }
}
