import ArgumentParser
import Strata

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Draw the tables and figures of a finished study again.",
    discussion: """
      EXAMPLE
        probe-layers report strata-study
        probe-layers report strata-study --png --tensorboard runs
      """)

  @Argument(help: "A study's folder, or its study.json.")
  var study: String

  @Flag(help: "Also make a PNG of each figure (needs rsvg-convert).")
  var png = false

  @Option(help: "A folder to write the study into for TensorBoard.")
  var tensorboard: String?

  func run() throws {
    let (result, folder) = try StudyFolder.read(study)
    try StudyFolder.write(result, to: folder, png: png)
    if let tensorboard, let remark = try TensorBoardExport(result).write(to: tensorboard) {
      standardError("warning: \(remark)")
    }
    standardOutput(StudyFolder.terminalSummary(of: result))
  }
}
