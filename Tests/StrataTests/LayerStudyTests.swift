import Foundation
import Foundations
import Probing
import Strata
import StrataTestSupport
import Testing

@Suite("A study's settings")
struct LayerStudyTests {
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")

  private func study() throws -> LayerStudy {
    LayerStudy(
      model: try SpeechModel.load(model), corpus: try Corpus.load(Repository.path("fixtures/human")))
  }

  @Test("levels, groups and probes by name, and what is said of one that is not there")
  func levelsByName() throws {
    var study = try study()
    func select(_ levels: String?, _ probes: String? = nil) throws -> [String] {
      try study.select(probes: probes, levels: levels)
      return study.probes.map(\.name)
    }
    #expect(try select(nil) == ["phoneme", "syllable", "word"])
    #expect(try select("phoneme, word") == ["phoneme", "word"] && study.levels == [.phoneme, .word])
    #expect(
      try select("word,boundary") == [
        "word", "phone-boundary", "phrase-boundary", "sentence-boundary", "syllable-boundary",
        "word-boundary",
      ])
    #expect(study.levels == [.sound, .word])
    #expect(
      try Set(select("articulation")) == ["voicing", "manner", "place", "height", "backness", "rounding"])
    #expect(try select("sound").count == 5 && study.levels == [.sound])
    #expect(try select(nil, "manner,pitch") == ["manner", "pitch"] && study.levels == [.sound, .phoneme])
    #expect(try select("phoneme", "manner,pitch") == ["manner"])
    #expect(try select(nil, "all").count == ProbeSpec.bundled.count { $0.fits(ofText: false) })
    let error = #expect(throws: StudyError.self) { try select("phonem") }
    #expect(error?.description.contains("phoneme, syllable") == true)
    #expect(throws: ProbeSpecError.self) { try select(nil, "maner") }
    #expect(throws: ProbeSpecError.noSuchFolder("no/such")) { try select(nil, "no/such") }
  }

  @Test("a level without a probe definition is refused")
  func noProbe() async throws {
    var study = try study()
    study.levels = [.sentence]
    await #expect(throws: StudyError.noProbe(levels: [.sentence])) { try await study.run() }
  }

  @Test("a cancelled task ends with an interruption, and the next run goes on from what was kept")
  func cancellation() async throws {
    let folder = try TemporaryFolder()
    var study = try study()
    study.levels = [.phoneme]
    study.layers = ["hidden.6"]
    study.twinSeeds = []
    study.workFolder = folder.path + "/work"
    study.isCancelled = { true }
    let error = await #expect(throws: (any Error).self) { try await study.run() }
    #expect(error.flatMap { FailureKind($0) } == .interrupted)

    study.isCancelled = { false }
    let result = try await study.run()
    #expect(result.peak(of: .phoneme)?.layer.name == "hidden.6")
    #expect(result.summary.contains("hidden.6"))
    try await expectSpectra(of: result)
  }

  /// The spectra of a study are those that `probe-layers similarity` gives over the same spans.
  private func expectSpectra(of result: StudyResult) async throws {
    var other = SimilarityStudy(
      model: try SpeechModel.load(model), corpus: try Corpus.load(Repository.path("fixtures/human")))
    (other.layers, other.measuresSpectra) = (["hidden.6"], true)
    let expected = try #require(try await other.run().spectra.first)
    let spectrum = try #require(result.spectra?.first)
    #expect(result.spectra?.count == 1 && spectrum.layer == "hidden.6" && spectrum.width == expected.width)
    #expect(spectrum.rows == expected.rows && spectrum.rows >= result.levels[0].examples)
    #expect(abs(spectrum.effectiveRank - expected.effectiveRank) < 1e-4)
    #expect(abs(spectrum.participationRatio - expected.participationRatio) < 1e-4)
    #expect(abs((spectrum.anisotropy ?? 9) - (expected.anisotropy ?? 0)) < 1e-5)
  }

  @Test("a written study is read back as it was")
  func roundTrip() async throws {
    var study = try study()
    study.levels = [.phoneme]
    study.layers = ["conv.7"]
    study.twinSeeds = [1]
    study.bootstrapResamples = 100
    let result = try await study.run()
    let folder = try TemporaryFolder()
    try result.write(to: folder.path)
    #expect(try StudyFolder.read(folder.path).study == result)
    #expect(result.settings.layers == ["conv.7"])
    let layer = try #require(result.result(of: .phoneme)?.layers.first)
    #expect(layer.twin != nil && layer.gainOverMel != nil && layer.selectivity != nil)
  }
}
