import ArgumentParser
import Foundation
import Strata

/// What a command says of its work.
struct ShowingOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "No progress and no summary; only errors.")
  var quiet = false

  @Flag(name: [.short, .long], help: "Say on standard error what is read, assumed and done.")
  var verbose = false

  @Flag(help: "Print the result as JSON on standard output; probe-layers schema describes it.")
  var json = false

  var progress: ProgressLine { ProgressLine(isTerminal: Terminal.isError, isQuiet: quiet) }

  func note(_ words: String) {
    if verbose { standardError(words) }
  }

  /// What a command is for: its result as JSON where that was asked for, else `text`, else nothing.
  func show(_ result: @autoclosure () throws -> some Encodable, _ text: @autoclosure () -> String) throws {
    if json {
      try standardOutput(try ResultJSON.text(of: result()))
    } else if !quiet {
      try standardOutput(text())
    }
  }

  /// The same of a result that is written into `folder`, with a report and as JSON in `file`.
  func show(_ file: String, in folder: String, _ text: @autoclosure () -> String) throws {
    if json {
      let path = URL(filePath: folder).appending(path: file)
      let written = try String(contentsOf: path, encoding: .utf8)
      try standardOutput(written.trimmingCharacters(in: .newlines))
    } else if !quiet {
      try standardOutput(text())
      try standardOutput("Report: \((folder as NSString).appendingPathComponent("report.html"))")
    }
  }
}

/// How a command does its work, whatever that is.
struct RunningOptions: ParsableArguments {
  @Option(
    name: .customLong("threads"),
    help: "Worker threads. Default: one a core. The results do not depend on it.")
  var asked: Int?

  @OptionGroup var showing: ShowingOptions

  var threads: Int { asked ?? ProcessInfo.processInfo.activeProcessorCount }

  var progress: ProgressLine { showing.progress }

  func note(_ words: String) { showing.note(words) }

  func validate() throws {
    guard asked.map({ (1...1024).contains($0) }) ?? true else {
      throw ValidationError("--threads takes a number from 1 to 1024.")
    }
  }
}
