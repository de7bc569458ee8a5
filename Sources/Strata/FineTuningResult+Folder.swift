import FineTuning
import Foundation
import Reports
import Results

extension FineTuningRun {
  /// Trains away from the caller's thread, or goes on with what an interrupted run of the same settings left in `folder`;
  /// cancelling the task stops it.
  /// - Throws: `FineTuningError`, `ModelError`, `CorpusError`, `FileError`.
  public func finished(in folder: String) async throws -> FineTuningResult {
    try await runBlocking(asking: isCancelled) { isCancelled in
      var own = self
      own.isCancelled = isCancelled
      return try own.finished(in: folder)
    }
  }
}

extension FineTuningResult {
  /// How each fold's training in the run's folder went.
  public func curves(in folder: String) -> [LearningCurve] {
    folds.indices.map { fold in
      let name = folds.count == 1 ? "training" : "fold-\(fold + 1)"
      return LearningCurve(
        log: folds.count == 1 ? "\(folder)/training.jsonl" : "\(folder)/\(name)/training.jsonl", name: name)
    }
  }

  /// Writes `report.html`, `summary.md` and `figures/` with the learning curves into `learning/` of the run's folder.
  /// `records` tell of the run that made it.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public func writePage(in folder: String, records: [StudyWriter.Record] = []) throws {
    try FineTuningWriter.write(
      self, curves: curves(in: folder), to: "\(folder)/learning", version: Release.version, records: records
    )
  }

  /// The curves of the run in `folder` for TensorBoard.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public func writeTensorBoard(ofRun folder: String, to target: String) throws {
    try TensorBoardWriter.write(curves(in: folder), measure: measure, to: target)
  }
}
