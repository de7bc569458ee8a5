import ArgumentParser
import Foundation
import Strata

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Redraw the tables and figures of a finished study.",
    discussion: """
      EXAMPLE
        probe-layers report strata-study
        probe-layers report strata-study --pdf --tensorboard runs
        probe-layers report study-step2000 --training study-step500 study-step1000
      """)

  @Argument(help: "A study's folder, or its study.json.", completion: .file())
  var study: String

  @OptionGroup var results: ResultOptions

  @Option(help: "A folder to write the study into for TensorBoard.", completion: .directory)
  var tensorboard: String?

  @Option(
    parsing: .upToNextOption,
    help: """
      Finished studies of other checkpoints of the same training, or a comparison's folder: the report shows where \
      each level peaks along it, from now on.
      """, completion: .directory)
  var training: [String] = []

  @OptionGroup var showing: ShowingOptions

  func run() async throws {
    try await CommandFrame.around(showing) { frame in
      frame.note("reading \(study)")
      let (_, folder) = try StudyFolder.read(study)
      try await frame.holding(folder) { try redraw(in: folder) }
    }
  }

  private func redraw(in folder: String) throws {
    let (read, _) = try StudyFolder.read(study)
    let result = training.isEmpty ? read : try read.among(RunCommand.folders(training))
    // The run that made the study is still the same.
    let records = ["run.yaml", WrittenBy.fileName].compactMap { name in
      FileManager.default.contents(atPath: "\(folder)/\(name)").map { (name: name, data: $0) }
    }
    try StudyFolder.write(result, to: folder, pictures: results.pictures, records: records)
    if let tensorboard, let remark = try TensorBoardExport(result).write(to: tensorboard) {
      standardError("warning: \(remark)")
    }
    try showing.show(StudyResult.fileName, in: folder, result.terminalSummary)
  }
}
