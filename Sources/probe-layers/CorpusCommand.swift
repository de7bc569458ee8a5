import ArgumentParser
import Strata

struct CorpusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "corpus", abstract: "Look after a folder of labelled speech.",
    discussion: """
      EXAMPLE
        probe-layers corpus check my-corpus
      """,
    subcommands: [CheckCommand.self])

  struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Say what a corpus holds and what is wrong with it, by file and line.",
      discussion: """
        EXAMPLE
          probe-layers corpus check my-corpus
        """)

    @Argument(help: "A folder of audio files with a Praat TextGrid beside each.")
    var folder: String

    func run() throws {
      let corpus = try Corpus.load(folder)
      for issue in corpus.issues { standardOutput(issue.description) }
      standardOutput(CorpusOverview(corpus).description)
    }
  }
}
