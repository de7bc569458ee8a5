import ArgumentParser
import Strata

/// What is studied: a corpus, which nobody is given without asking.
struct CorpusOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      A folder of audio and labels, or one as a corpus is handed out (\(NamedLayout.usage)); for a text model a .conllu \
      file, a .tsv file, or a folder of them.
      """, valueName: "folder"), completion: .file())
  var corpus: String?

  @Flag(help: "Study the small corpus that comes with the command: six minutes of five synthetic voices.")
  var demo = false

  @OptionGroup var shifting: ShiftOption

  var isGiven: Bool { corpus != nil || demo }

  func validate() throws {
    if demo, corpus != nil { throw ValidationError("--corpus and --demo exclude each other.") }
  }

  /// The folder of the corpus; throws where none was asked for.
  var folder: String {
    get throws {
      if let corpus { return corpus }
      guard demo else {
        throw CommandFailure(
          status: .usage,
          message:
            "which recordings? Give --corpus FOLDER, a folder of audio and labels (probe-layers corpus check "
            + "FOLDER says how it is understood), or --demo for the small corpus that comes with the command"
        )
      }
      guard let bundled = BundledFiles.corpus else {
        throw CommandFailure(
          status: .missingInput,
          message: "the corpus of --demo was not found beside the program; give one with --corpus FOLDER")
      }
      return bundled
    }
  }

  /// The corpus, with what is to be said of it told to `note`.
  func load(_ note: (String) -> Void) throws -> Corpus {
    let folder = try folder
    note("reading \(folder)")
    let corpus = try Corpus.load(folder, overriding: shifting.overrides)
    corpus.issues.map(\.description).forEach(note)
    return corpus
  }
}
