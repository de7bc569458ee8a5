import Corpora
import Files
import Foundation
import Foundations
import Interventions
import Reports
import Results

extension InterventionStudy {
  /// Runs away from the caller's thread, with the version, the corpus's fingerprint and what is found in words in the result;
  /// cancelling the task stops it.
  ///
  /// Throws `InterventionError`, `StudyError.otherInput` for texts, and what passes and files throw.
  public func finished(threads: Int = 1) async throws -> InterventionResult {
    try corpus.requireReadable(by: model)
    return try await runBlocking(asking: isCancelled) { isCancelled in
      var study = self
      study.isCancelled = isCancelled
      var result = try FileFingerprints().requiringUnchanged(corpus.recordings) {
        try study.run(threads: threads)
      }
      (result.version, result.corpusFingerprint) = (Release.version, study.corpus.fingerprint)
      return result.inWords
    }
  }
}

extension MixingStudy {
  /// Runs away from the caller's thread; cancelling the task stops it.
  /// - Throws: `InterventionError`, and what passes throw.
  public func finished(threads: Int = 1) async throws -> [InterventionResult.Mixing] {
    try await runBlocking(asking: isCancelled) { isCancelled in
      var mixing = self
      mixing.isCancelled = isCancelled
      return try requiring(mixing.model.requireUnchanged) {
        try FileFingerprints().requiringUnchanged(mixing.corpus.recordings) {
          try mixing.run(threads: threads)
        }
      }
    }
  }
}

extension SimplificationStudy {
  /// Runs away from the caller's thread; cancelling the task stops it.
  /// - Throws: `InterventionError`, and what loading the smaller models and passes throw.
  public func finished(threads: Int = 1) async throws -> InterventionResult.Simplification {
    try await runBlocking(asking: study.isCancelled) { isCancelled in
      var simplification = self
      simplification.study.isCancelled = isCancelled
      let study = simplification.study
      return try requiring(study.model.requireUnchanged) {
        try FileFingerprints().requiringUnchanged(study.corpus.recordings) {
          try simplification.run(threads: threads)
        }
      }
    }
  }
}

extension InterventionResult {
  /// The verdicts and what a reader must know, in plain text.
  public var summary: String { InterventionWriter.text(of: self, .plain) }

  /// The same for standard output: in colour and as wide as the terminal where there is one.
  public var terminalSummary: String { InterventionWriter.text(of: self, .standardOutput()) }

  /// Writes `report.html`, `intervene.json`, `intervene.csv` and `figures/`; all or none. `png` also makes a PNG of each
  /// figure, which needs `rsvg-convert`.
  public func write(
    to folder: String, pictures: [PictureFormat] = [], records: [StudyWriter.Record] = []
  ) throws {
    try InterventionWriter.write(self, to: folder, pictures: pictures, records: records)
  }
}
