import Audio
import Checkpoints
import Foundations
import Strata
import StrataTestSupport
import Testing

@Suite("What a study is about")
struct FactsTests {
  @Test("failures have the kind that an exit status is made of")
  func failureKinds() {
    #expect(FailureKind(StudyError.interrupted) == .interrupted)
    #expect(FailureKind(AudioError.missing(path: "a.wav")) == .missingInput)
    #expect(FailureKind(CheckpointError.writeFailed(path: "x", reason: "full")) == .writeFailed)
    #expect(FailureKind(CheckpointError.noTensors(path: "x", keys: [])) == .badInput)
    #expect(FailureKind(CancellationError()) == nil)
  }

  @Test("a corpus is counted level by level")
  func overview() throws {
    let overview = CorpusOverview(try Corpus.load(Repository.path("fixtures/unseen")))
    #expect(overview.utterances == 125 && overview.speakers == 5 && overview.sentences == 25)
    #expect(overview.levels.first { $0.level == .phoneme }?.spans == 3650)
    #expect(overview.levels.first { $0.level == .word }?.spans == 1095)
    #expect(overview.description.contains("syllable  1380 spans"))
  }
}
