import ArgumentParser
import Strata
import Tensors

extension CorpusConverter.Form: ExpressibleByArgument {}

struct CorpusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "corpus", abstract: "Check or convert a folder of labelled speech.",
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
        Labels are also compared with the sound itself, on a sample: whether they lie where it changes, or would after a \
        shift or a stretch. The last line says whether the corpus is ready, or what to see to first.

        EXAMPLES
          probe-layers corpus check my-corpus
          probe-layers corpus check my-corpus --shift -0.066
          probe-layers corpus check buckeye:/data/Buckeye
          probe-layers corpus check treebank.conllu
          probe-layers corpus check my-corpus --json
        """)

    @Argument(
      help: """
        A folder of audio and labels, or one by the name of what it holds (\(NamedLayout.usage)); a .conllu or .tsv file, or a \
        folder of them.
        """, completion: .file())
    var folder: String

    @OptionGroup var shifting: ShiftOption

    @OptionGroup var showing: ShowingOptions

    func run() throws {
      try MemoryPool.requireAddressSpace(threads: 1)
      showing.note("reading \(folder)")
      let found = Corpus.read(folder, overriding: shifting.overrides)
      do {
        let corpus = try found.corpus.get().alignmentChecked()
        let last = CorpusOverview.readiness(corpus.issues)
        try showing.show(
          CorpusResult(corpus),
          (lines(corpus.issues) + [CorpusOverview(corpus).description, last]).joined(separator: "\n"))
      } catch {
        // What was found is worth seeing also where nothing can be used.
        if !showing.json, !showing.quiet, !found.issues.isEmpty {
          let last = CorpusOverview.readiness(found.issues, isUsable: false)
          try standardOutput((lines(found.issues) + [last]).joined(separator: "\n"))
        }
        throw error
      }
    }

    private func lines(_ issues: [CorpusIssue]) -> [String] {
      var advised: Set<String> = []
      return issues.flatMap { issue in
        [issue.description]
          + [issue.fix].compactMap { $0 }.filter { advised.insert($0).inserted }.map { "    fix: \($0)" }
      }
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

    @Argument(help: "A folder of audio and labels, or texts.", completion: .file())
    var corpus: String

    @Option(help: "textgrid or jsonl.")
    var to: CorpusConverter.Form

    @Option(name: [.short, .long], help: "A new folder.", completion: .directory)
    var output: String

    @OptionGroup var shifting: ShiftOption

    @OptionGroup var showing: ShowingOptions

    func run() throws {
      showing.note("reading \(corpus)")
      let corpus = try Corpus.load(corpus, overriding: shifting.overrides)
      corpus.issues.map(\.description).forEach(showing.note)
      try CorpusConverter(corpus).write(to, to: output)
      try showing.show(
        WrittenFiles(output: output, items: corpus.utterances.count),
        "\(corpus.utterances.count) utterances: \(output)")
    }
  }
}

/// What goes before a corpus.yaml's settings.
struct ShiftOption: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: """
      Seconds to add to the labels' times, such as -0.066, instead of what corpus.yaml says (shift:). Labels that were \
      drawn on another clock than the audio's need it.
      """)
  var shift: Double?

  var overrides: CorpusOverrides { CorpusOverrides(shift: shift) }

  func validate() throws {
    guard shift.map({ abs($0) <= LabelShift.limit }) ?? true else {
      throw ValidationError("--shift takes seconds, at most a day.")
    }
  }
}
