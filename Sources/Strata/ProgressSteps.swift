import Synchronization

/// Counts what parallel workers have finished, for a progress line.
final class ProgressSteps: Sendable {
  private let done = Mutex(0)
  private let report: @Sendable (StudyProgress) -> Void
  private let stage: String
  private let total: Int

  init(_ stage: String, total: Int, report: @escaping @Sendable (StudyProgress) -> Void) {
    (self.stage, self.total, self.report) = (stage, total, report)
  }

  func advance() {
    done.withLock {
      $0 += 1
      report(StudyProgress(stage: stage, done: $0, total: total, detail: nil))
    }
  }
}
