import Foundation
import Strata
import StrataTestSupport
import Testing

@Suite("Studies along a training") struct TrainingTests {
  private func study(_ name: String, fingerprint: String, corpus: String = "c", seed: UInt64 = 0)
    -> StudyResult
  {
    StudyResult(
      model: ModelSummary(
        name: name, family: "wav2vec2", parameters: 1, samplingRate: 16_000, inputNormalisation: "",
        tapPoints: [], fingerprint: fingerprint),
      corpus: CorpusSummary(
        name: "corpus", utterances: 1, speakers: 1, sentences: 1, seconds: 1, silenceLabels: [],
        fingerprint: corpus),
      settings: Settings(
        seed: seed, levels: [], layers: [], twinSeeds: [], bootstrapResamples: 1, version: "1"),
      levels: [], similarity: [], warnings: [])
  }

  @Test("stand by their steps, each checkpoint once, in folders of folders too")
  func order() throws {
    let folder = try TemporaryFolder()
    for (name, print) in [("step2000", "c"), ("step500", "a"), ("step1000", "own")] {
      try study(name, fingerprint: print).write(to: "\(folder.path)/all/\(name)")
    }
    let own = study("step1000", fingerprint: "own")
    let among = try own.among([folder.path + "/all", folder.path + "/all/step500"])
    #expect(among.training?.map(\.name) == ["step500", "step1000", "step2000"])
    #expect(among.training?.map(\.step) == [500, 1000, 2000])
    // Names that more than numbers tell apart have no steps: as given, this study last.
    let last = try study("final", fingerprint: "z").among([folder.path + "/all/step2000"])
    #expect(last.training?.map(\.name) == ["step2000", "final"] && last.training?.first?.step == nil)
    #expect(try own.among([folder.path + "/all/step1000"]).training == nil)
  }

  @Test("of another corpus or seed are refused, and what is no study")
  func refused() throws {
    let folder = try TemporaryFolder()
    try study("step500", fingerprint: "a").write(to: folder.path + "/a")
    for other in [study("x", fingerprint: "x", corpus: "d"), study("x", fingerprint: "x", seed: 1)] {
      #expect(throws: StudyError.self) { try other.among([folder.path + "/a"]) }
    }
    #expect(throws: (any Error).self) { try study("x", fingerprint: "x").among([folder.path + "/none"]) }
  }
}
