import ArgumentParser

struct EstimateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "estimate", abstract: "How long a study takes on this machine, how much memory and disk.",
    discussion: """
      Takes the options of a study, measures small parts of it for some seconds, and says what the whole would take, alone \
      and in shards. Nothing is written. The same as probe-layers run with --dry-run.

      EXAMPLES
        probe-layers estimate hubert-base/ --corpus my-corpus
        probe-layers estimate model.ckpt --demo --levels word --layers 3-6
        probe-layers estimate study.yaml --threads 8 --json
      """)

  @OptionGroup var study: RunCommand

  func run() async throws {
    var study = study
    study.dryRun = true
    try await study.run()
  }
}
