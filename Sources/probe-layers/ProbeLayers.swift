import ArgumentParser
import CFaults
import CRelease
import Files
import Foundation
import Foundations
import Strata

/// The command: arguments in, progress and tables out, an exit status at the end. What it does is in
/// `Strata`.
@main
struct ProbeLayers: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe-layers",
    abstract: "Which layers of a trained speech model encode which levels of speech, and how sure that is.",
    discussion: """
      EXAMPLES
        probe-layers model.ckpt                          the whole study on the bundled corpus
        probe-layers hubert-base/ --corpus my-corpus     a Hugging Face folder, your own labels
        probe-layers model.ckpt --levels phoneme,word --layers hidden.0,hidden.6
        probe-layers inspect model.ckpt                  its layers, sizes and frame times
        probe-layers extract model.ckpt a.wav -o a.safetensors
        probe-layers attribute model.ckpt a.wav --class AE --at AE
        probe-layers similarity a.ckpt [b.ckpt]          layer by layer, within a model or between two
        probe-layers compare before/ after/              side by side; a folder of checkpoints: a run's course
        probe-layers merge shards/shard-*                adds up what --shard made
        probe-layers corpus check my-corpus              what is wrong with these labels
        probe-layers measures model.ckpt                 ABX, clusters, CCA, codelengths, a hidden layer
        probe-layers intervene model.ckpt                what the model uses: levels erased layer by layer
        probe-layers finetune model.ckpt --corpus mine   adapt it, and see what its layers gained
        probe-layers variance model.ckpt                 how much of each layer is sound, phones, words
        probe-layers schema study                        what study.json means
        probe-layers self-test                           does this installation measure what it says

      EXIT STATUS
        0 done    64 usage    65 input is not what it claims to be    66 input is missing
        70 internal error    74 a write failed
        130 interrupted by Ctrl-C, SIGTERM or SIGHUP (finished work is kept)
        141 nobody reads standard output any more (results that have a folder are in it)
      """,
    version: versionWords(commit: String(cString: strata_commit())),
    subcommands: [
      RunCommand.self, InspectCommand.self, ExtractCommand.self, CorpusCommand.self, ReportCommand.self,
      MergeCommand.self, AttributeCommand.self, SimilarityCommand.self, CompareCommand.self,
      SelfTestCommand.self, MeasuresCommand.self, InterveneCommand.self, FinetuneCommand.self,
      VarianceCommand.self,
      SchemaCommand.self,
    ],
    defaultSubcommand: RunCommand.self)

  /// `1.0.0 (8fc30ef1a2b3)`; the version alone where no commit is known.
  static func versionWords(commit: String) -> String {
    commit.isEmpty ? Release.version : "\(Release.version) (\(commit))"
  }

  static func main() async {
    // Writing to a closed pipe, or past a limit on files' size, is told by the write.
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    strata_tell_bus_errors(ExitStatus.badInput.rawValue)
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let failure as CommandFailure {
      standardError(Terminal.shortened("error: \(failure.message)"))
      exit(withError: failure.status.code)
    } catch let failure as OutputFailure {
      guard !failure.isClosedPipe else { exit(withError: ExitStatus.closedPipe.code) }
      let reason = String(cString: strerror(failure.number))
      standardError("error: standard output could not be written: \(reason)")
      exit(withError: ExitStatus.writeFailed.code)
    } catch let error as CocoaError where error.isOfWriting {
      standardError("error: \(error.filePath ?? "a file") could not be written: \(plainReason(error))")
      exit(withError: ExitStatus.writeFailed.code)
    } catch {
      guard let kind = FailureKind(error) else { exit(withError: error) }
      standardError(Terminal.shortened(kind == .interrupted ? "\(error)" : "error: \(error)"))
      exit(withError: ExitStatus(kind).code)
    }
  }
}

/// A failure that the command itself finds, outside any input file.
struct CommandFailure: Error {
  let status: ExitStatus
  let message: String
}

extension ExitStatus {
  init(_ kind: FailureKind) {
    self =
      switch kind {
      case .badInput: .badInput
      case .missingInput: .missingInput
      case .badRequest: .usage
      case .writeFailed: .writeFailed
      case .interrupted: .interrupted
      case .internalFault: .internalFault
      }
  }
}

extension CocoaError {
  fileprivate var isOfWriting: Bool {
    (CocoaError.fileWriteUnknown.rawValue...CocoaError.fileWriteUnknown.rawValue + 511).contains(
      code.rawValue)
  }
}
