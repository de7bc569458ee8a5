import ArgumentParser
import Foundation

/// How a command does its work, whatever that is.
struct RunningOptions: ParsableArguments {
  @Option(
    name: .customLong("threads"),
    help: "Worker threads. Default: one a core. The results do not depend on it.")
  var asked: Int?

  @Flag(name: [.short, .long], help: "No progress and no summary; only errors.")
  var quiet = false

  var threads: Int { asked ?? ProcessInfo.processInfo.activeProcessorCount }

  var progress: ProgressLine { ProgressLine(isTerminal: Terminal.isError, isQuiet: quiet) }

  func validate() throws {
    guard asked.map({ (1...1024).contains($0) }) ?? true else {
      throw ValidationError("--threads takes a number from 1 to 1024.")
    }
  }
}
