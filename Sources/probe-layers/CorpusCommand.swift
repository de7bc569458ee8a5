import ArgumentParser
import Strata

extension CorpusConverter.Form: ExpressibleByArgument {}

struct CorpusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "corpus", abstract: "Check or convert a corpus.",
    discussion: """
      EXAMPLES
        probe-layers corpus check my-corpus
        probe-layers corpus convert my-corpus --to jsonl --output labels
      """,
    subcommands: [CheckCommand.self, ConvertCommand.self])

  struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "List what a corpus contains and what is wrong with it, by file and line.",
      discussion: """
        EXAMPLE
          probe-layers corpus check my-corpus
          probe-layers corpus check treebank.conllu
          probe-layers corpus check my-corpus --json
        """)

    @Argument(help: "A folder of audio and labels; a .conllu or .tsv file, or a folder of them.")
    var folder: String

    @OptionGroup var showing: ShowingOptions

    func run() throws {
      showing.note("reading \(folder)")
      let corpus = try Corpus.load(folder)
      try showing.show(CorpusResult(corpus), text(of: corpus))
    }

    private func text(of corpus: Corpus) -> String {
      var advised: Set<String> = []
      let issues = corpus.issues.flatMap { issue in
        [issue.description]
          + [issue.fix].compactMap { $0 }.filter { advised.insert($0).inserted }.map { "    fix: \($0)" }
      }
      return (issues + [CorpusOverview(corpus).description]).joined(separator: "\n")
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

    @OptionGroup var showing: ShowingOptions

    func run() throws {
      showing.note("reading \(corpus)")
      let corpus = try Corpus.load(corpus)
      corpus.issues.map(\.description).forEach(showing.note)
      try CorpusConverter(corpus).write(to, to: output)
      try showing.show(
        WrittenFiles(output: output, items: corpus.utterances.count),
        "\(corpus.utterances.count) utterances: \(output)")
    }
  }
}
