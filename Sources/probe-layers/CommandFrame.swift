import Files
import Foundation
import Strata
import Tensors

/// What surrounds a command's own work, whatever that is: progress, Ctrl-C, notes, the hold on its output folder.
struct CommandFrame: Sendable {
  let showing: ShowingOptions
  let threads: Int
  let progress: ProgressLine
  let interruption: Interruption

  /// Runs `work`, and leaves a clean line behind. Where nothing is kept of work that is stopped, the user is told so.
  static func around(
    _ running: RunningOptions, keepsWork: Bool = true, _ work: (CommandFrame) async throws -> Void
  ) async throws {
    try MemoryPool.requireAddressSpace(threads: running.threads)
    try await around(running.showing, threads: running.threads, keepsWork: keepsWork, work)
  }

  /// The same for work of one thread.
  static func around(
    _ showing: ShowingOptions, threads: Int = 1, keepsWork: Bool = false,
    _ work: (CommandFrame) async throws -> Void
  ) async throws {
    let frame = CommandFrame(
      showing: showing, threads: threads, progress: showing.progress,
      interruption: keepsWork
        ? Interruption() : Interruption(advice: "Stopping.", farewell: "Stopped; nothing was written."))
    defer { frame.progress.finish() }
    try await work(frame)
  }

  var isCancelled: @Sendable () -> Bool { { [interruption] in interruption.isRequested } }

  /// For work that tells of a stage and of how much of it is done.
  var onStage: @Sendable (_ stage: String, _ done: Int, _ total: Int) -> Void {
    { [progress] in progress.update(stage: $0, done: $1, total: $2) }
  }

  /// For studies; `name` says whose, where there are several.
  func onStep(of name: String? = nil) -> @Sendable (StudyProgress) -> Void {
    { [progress] step in
      progress.update(
        stage: (name.map { "\($0): " } ?? "") + step.stage, done: step.done, total: step.total,
        detail: step.detail)
    }
  }

  func note(_ words: String) { showing.note(words) }

  /// For all but those who want it quiet, before the result.
  func say(_ words: String) {
    progress.finish()
    if !showing.quiet { standardError(words) }
  }

  /// A study of layers, chosen by name or number, that tells of itself through this frame.
  func study(
    of model: any ActivationSource, on corpus: Corpus, layers: String?, seed: UInt64,
    called name: String? = nil
  ) throws -> LayerStudy {
    var study = LayerStudy(model: model, corpus: corpus)
    surround(&study, called: name)
    study.seed = seed
    if let layers { study.layers = try model.taps.resolve(layers: layers).map(\.name) }
    return study
  }

  /// Tells a study's progress, notices and end through this frame.
  func surround(_ study: inout LayerStudy, called name: String? = nil) {
    study.threads = threads
    study.onProgress = onStep(of: name)
    study.isCancelled = isCancelled
    study.onNotice = { notice in standardError("warning: \(notice)") }
  }

  /// Runs `body` while `folder` is this command's own. Where another run is writing it, the user is told whom it waits for.
  func holding(_ folder: String, _ body: () async throws -> Void) async throws {
    let lock = try FolderLock.take(
      folder, command: WrittenBy.line(CommandLine.arguments), isCancelled: isCancelled,
      whenHeld: { owner in
        let who = owner.map(\.description) ?? "another run"
        standardError("\(folder) is being written by \(who); waiting for it to end. Ctrl-C stops waiting.")
      },
      whenLeft: { owner in
        standardError(
          "\(folder) was left by process \(owner.process) on \(owner.host) (\(owner.command)), which died at its work; "
            + "this run takes it over, and what was kept is used.")
      })
    defer { lock.release() }
    interruption.beforeLeaving {
      PartFile.removeOwn(in: folder)
      lock.release()
    }
    try await body()
  }
}
