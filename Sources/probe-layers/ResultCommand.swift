import ArgumentParser
import Strata

/// A command whose result fills a folder.
protocol ResultCommand: AsyncParsableCommand {
  associatedtype Outcome: FolderResult

  var output: String { get }
  var results: ResultOptions { get }
  var replacing: ForceOption { get }
  var running: RunningOptions { get }

  /// Reads the input and sets the work up, before anything is written.
  func prepare(_ frame: CommandFrame) throws -> PreparedWork<Outcome>
}

/// Work that is ready to be done.
struct PreparedWork<Outcome: FolderResult> {
  /// What its result hangs on.
  var claim: ResultClaim
  var seed: UInt64
  /// What is kept of it until the result is written.
  var work: UsedWork?
  var make: () async throws -> Outcome

  /// What is written of the run beside the result.
  func record(of outcome: Outcome) throws -> StudyWriter.Record {
    try WrittenBy(claim: claim, seed: seed, inputs: outcome.inputs).record()
  }
}

extension ResultCommand {
  func run() async throws {
    try await CommandFrame.around(running) { try await deliver(prepare($0), $0) }
  }

  /// Does the work while the output folder is held, writes its result there with a record of the run (usual: `WrittenBy`),
  /// and says what came out.
  func deliver(
    _ prepared: PreparedWork<Outcome>, _ frame: CommandFrame,
    record: ((Outcome) throws -> StudyWriter.Record)? = nil, also: (Outcome) throws -> Void = { _ in }
  ) async throws {
    try await frame.holding(output) {
      try prepared.claim.require(output, force: replacing.force)
      let outcome = try await prepared.make()
      frame.progress.finish()
      try outcome.write(
        to: output, pictures: results.pictures, records: [try (record ?? prepared.record)(outcome)])
      try also(outcome)
      if let work = prepared.work { StudyFolder.remove(work, of: output) }
      try running.showing.show(Outcome.fileName, in: output, outcome.terminalSummary)
    }
  }
}
