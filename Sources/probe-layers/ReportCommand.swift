import ArgumentParser
import Strata

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Draw the tables and figures of a finished study again.",
    discussion: """
      EXAMPLE
        probe-layers report strata-study
      """)

  @Argument(help: "A study's folder, or its study.json.")
  var study: String

  func run() throws {
    let (result, folder) = try StudyFolder.read(study)
    try StudyFolder.write(result, to: folder)
    standardOutput(StudyFolder.terminalSummary(of: result))
  }
}
