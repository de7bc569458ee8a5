import ArgumentParser
import Strata

extension CorpusConverter.Form: ExpressibleByArgument {}

struct CorpusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "corpus", abstract: "Look after a folder of labelled speech.",
    discussion: """
      EXAMPLES
        probe-layers corpus check my-corpus
        probe-layers corpus convert my-corpus --to jsonl --output labels
      """,
    subcommands: [CheckCommand.self, ConvertCommand.self])

  struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Say what a corpus holds and what is wrong with it, by file and line.",
      discussion: """
        EXAMPLE
          probe-layers corpus check my-corpus
          probe-layers corpus check treebank.conllu
        """)

    @Argument(help: "A folder of audio and labels; a .conllu or .tsv file, or a folder of them.")
    var folder: String

    func run() throws {
      let corpus = try Corpus.load(folder)
      var advised: Set<String> = []
      for issue in corpus.issues {
        standardOutput(issue.description)
        if let fix = issue.fix, advised.insert(fix).inserted { standardOutput("    fix: \(fix)") }
      }
      standardOutput(CorpusOverview(corpus).description)
    }
  }

  struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "convert",
      abstract: "Write a corpus's labels as TextGrids or JSON Lines, as they were understood.",
      discussion: """
        The new folder holds labels and says where the audio is, so that it is a corpus itself.

        EXAMPLES
          probe-layers corpus convert timit --to textgrid --output timit-textgrids
          probe-layers corpus convert kaldi/data --to jsonl --output labels
        """)

    @Argument(help: "A folder of audio and labels, or texts.")
    var corpus: String

    @Option(help: "textgrid or jsonl.")
    var to: CorpusConverter.Form

    @Option(name: [.short, .long], help: "A new folder.")
    var output: String

    @Flag(name: [.short, .long], help: "Only errors.")
    var quiet = false

    func run() throws {
      let corpus = try Corpus.load(corpus)
      try CorpusConverter(corpus).write(to, to: output)
      if !quiet { standardOutput("\(corpus.utterances.count) utterances: \(output)") }
    }
  }
}
