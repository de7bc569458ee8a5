import Files
import Foundation
import Foundations
import Probing
import Strata
import StrataTestSupport
import Synchronization
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
    #expect(try select("tone,mora") == ["mora", "tone"] && study.levels == [.mora, .syllable])
    #expect(try select(nil, "manner,pitch") == ["manner", "pitch"] && study.levels == [.sound, .phoneme])
    #expect(try select("phoneme", "manner,pitch") == ["manner"])
    #expect(try select(nil, "all").count == ProbeSpec.bundled.count { $0.fits(ofText: false) })
    let error = #expect(throws: StudyError.self) { try select("phonem") }
    #expect(error?.description.contains("phoneme, mora, syllable") == true)
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

  /// A small study of recordings that may be changed, which keeps its work.
  private func keptStudy(_ folder: TemporaryFolder, model: String? = nil) throws -> LayerStudy {
    for name in ["kal/kal_s005", "kal/kal_s195", "slt/slt_s005", "slt/slt_s195"] {
      for kind in ["flac", "TextGrid"] {
        let target = try folder.file("corpus/\(name).\(kind)")
        guard !FileManager.default.fileExists(atPath: target) else { continue }
        try FileManager.default.copyItem(
          atPath: Repository.path("fixtures/unseen/\(name).\(kind)"), toPath: target)
      }
    }
    var study = LayerStudy(
      model: try SpeechModel.load(model ?? self.model), corpus: try Corpus.load(folder.path + "/corpus"))
    (study.levels, study.layers, study.twinSeeds) = ([.phoneme], ["conv.2", "conv.7"], [9])
    var probe = ProbeSpec(name: "phoneme", level: .phoneme)
    (probe.penalties, probe.minimumCount) = ([10], 4)
    (study.probes, study.bootstrapResamples, study.threads) = ([probe], 50, 2)
    study.workFolder = folder.path + "/work"
    return study
  }

  @Test(
    "probing that was interrupted goes on with the fits that are missing, and the work of other studies stays"
  )
  func fitsAreKept() async throws {
    let folder = try TemporaryFolder()
    func logs() -> [String] { folder.contents().filter { $0.hasPrefix("work/fits-") } }
    func size() throws -> Int { try Data(contentsOf: URL(filePath: "\(folder.path)/\(logs()[0])")).count }
    let whole = try await keptStudy(folder).run()
    let complete = try size()
    let other = try keptStudy(folder)
    try FileManager.default.removeItem(atPath: "\(folder.path)/\(logs()[0])")

    var study = try keptStudy(folder)
    let fits = Mutex(0)
    study.onProgress = { step in if step.stage.hasPrefix("Probing") { fits.withLock { $0 = step.done } } }
    study.isCancelled = { fits.withLock { $0 >= 5 } }
    await #expect(throws: (any Error).self) { try await study.run() }
    let interrupted = try size()
    #expect(interrupted > 0 && interrupted < complete)
    // A run that was killed while it was writing leaves a piece at the end.
    let log = try #require(FileHandle(forWritingAtPath: "\(folder.path)/\(logs()[0])"))
    try log.seekToEnd()
    try log.write(contentsOf: Data("StrFit1\nhalf".utf8))
    try log.close()
    study.isCancelled = { false }
    #expect(try await study.run() == whole)
    // Fits that were made twice would be there twice.
    #expect(try size() == complete)

    _ = try folder.write(Data(), to: "work/another/kept")
    _ = try folder.write(Data(), to: "work/fits-another.log")
    study.work.remove()
    other.work.remove()
    #expect(
      folder.contents().filter { $0.hasPrefix("work/") } == [
        "work/another", "work/another/kept", "work/fits-another.log",
      ]
    )
  }

  @Test("a recording that is changed while a study runs is told, and its part is done again")
  func changedSound() async throws {
    let folder = try TemporaryFolder()
    var study = try keptStudy(folder)
    let isChanged = Mutex(false)
    let told = Mutex<[String]>([])
    let path = folder.path + "/corpus/slt/slt_s005.flac"
    let other = Repository.path("fixtures/unseen/awb/awb_s005.flac")
    study.onNotice = { notice in told.withLock { $0.append(notice) } }
    study.onProgress = { step in
      guard step.stage.hasPrefix("Probing"), !isChanged.withLock({ $0 }) else { return }
      isChanged.withLock { $0 = true }
      try? FileManager.default.removeItem(atPath: path)
      try? FileManager.default.copyItem(atPath: other, toPath: path)
    }
    let result = try await study.run()
    #expect(told.withLock { $0.first } == "\(path) was changed; what was made of it is made again")
    study.onProgress = { _ in }
    study.workFolder = nil
    #expect(try await study.run() == result)
    // One that is changed all the time is given up.
    let turn = Mutex(0)
    study.onProgress = { step in
      guard step.stage.hasPrefix("Probing"), step.done == 1 else { return }
      let name = turn.withLock { turn in
        turn += 1
        return ["awb/awb_s005", "slt/slt_s195"][turn % 2]
      }
      try? FileManager.default.removeItem(atPath: path)
      try? FileManager.default.copyItem(
        atPath: Repository.path("fixtures/unseen/\(name).flac"), toPath: path)
    }
    await #expect(throws: StudyError.soundChanges(corpus: "corpus")) { try await study.run() }
  }

  @Test("a checkpoint that is written over while a study runs is told, and no number is given")
  func changedModel() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try Data(contentsOf: URL(filePath: model)), to: "model.ckpt")
    var study = try keptStudy(folder, model: path)
    study.onProgress = { step in
      guard step.stage.hasPrefix("Probing"), let file = FileHandle(forWritingAtPath: path) else { return }
      // Somewhere among the weights.
      try? file.seek(toOffset: 40_000)
      try? file.write(contentsOf: Data(repeating: 7, count: 4000))
      try? file.close()
    }
    let error = await #expect(throws: FileError.self) { try await study.run() }
    #expect(error?.description.hasPrefix(path + " was changed while it was in use") == true)
    #expect(error.flatMap { FailureKind($0) } == .badInput)
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
