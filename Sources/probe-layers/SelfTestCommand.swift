import ArgumentParser
import Foundation
import Strata

struct SelfTestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "self-test", abstract: "Checks that this installation measures what it says.",
    discussion: """
      Random features must tell nothing: probes at the rate of the commonest class, an ABX error of one half, a \
      debiased CKA of zero. What is planted in one of six layers must be found there and nowhere else. No model and \
      no corpus is read. The exit status is 70 where a check fails: then no number of this machine can be trusted.

      EXAMPLES
        probe-layers self-test
        probe-layers self-test --seed 7 --quiet && sbatch study.sh
      """)

  @Option(help: "The seed of what is drawn.")
  var seed: UInt64 = 0

  @OptionGroup var running: RunningOptions

  func run() async throws {
    try await CommandFrame.around(running, keepsWork: false) { frame in
      let checks = try await SelfTest(seed: seed).run(
        threads: running.threads, progress: { frame.onStage("Checking", $0, $1) },
        isCancelled: frame.isCancelled)
      frame.progress.finish()
      try show(checks)
    }
  }

  private func show(_ checks: [SelfTest.Check]) throws {
    let shown = checks.filter { !running.showing.quiet || !$0.passes }
    if running.showing.json {
      try standardOutput(try ResultJSON.text(of: SelfTestResult(checks, seed: seed)))
    } else {
      for check in shown { try standardOutput(check.description) }
    }
    let failed = checks.count { !$0.passes }
    guard failed == 0 else {
      throw CommandFailure(
        status: .internalFault,
        message:
          "\(failed) of \(checks.count) checks failed; this installation is broken, or its BLAS library is")
    }
    if !running.showing.quiet, !running.showing.json {
      try standardOutput("All \(checks.count) checks passed.")
    }
  }
}
