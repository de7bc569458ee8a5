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
        probe-layers hubert-base/ --corpus my-corpus     a Hugging Face folder, your own labels
        probe-layers model.ckpt --demo                   on the small corpus that comes with it
        probe-layers model.ckpt --corpus timit:/data/TIMIT --levels phoneme,word --layers 3-6
        probe-layers estimate model.ckpt --demo          time, memory and disk that a study takes here
        probe-layers inspect model.ckpt                  its layers, sizes and frame times
        probe-layers extract model.ckpt a.wav -o a.safetensors
        probe-layers attribute model.ckpt a.wav --class AE --at AE
        probe-layers similarity a.ckpt [b.ckpt] --demo   layer by layer, within a model or between two
        probe-layers compare before/ after/ --demo       side by side; a folder of checkpoints: a run's course
        probe-layers merge shards/shard-*                adds up what --shard made
        probe-layers corpus check my-corpus              what is wrong with these labels
        probe-layers measures model.ckpt --demo          ABX, clusters, CCA, codelengths, a hidden layer
        probe-layers intervene model.ckpt --demo         what the model uses: levels erased layer by layer
        probe-layers finetune model.ckpt --corpus mine   adapt it, and see what its layers gained
        probe-layers variance model.ckpt --demo          how much of each layer is sound, phones, words
        probe-layers geometry model.ckpt --demo          how states move: in time, in noise, at another tempo
        probe-layers curves model.ckpt --demo            accuracy over time around spans, or over their number
        probe-layers replicates study-1 study-2 …        finished studies as one, with what differs between them
        probe-layers schema study                        what study.json means
        probe-layers self-test                           does this installation measure what it says

      EXIT STATUS
        0 done    64 usage    65 input is not what it claims to be    66 input is missing
        70 internal error    71 a limit of the system    74 a write failed
        130 interrupted by Ctrl-C, SIGTERM or SIGHUP (finished work is kept)
        141 nobody reads standard output any more (results that have a folder are in it)
      """,
    version: versionWords(commit: String(cString: strata_commit())),
    subcommands: [
      RunCommand.self, EstimateCommand.self, InspectCommand.self, ExtractCommand.self, CorpusCommand.self,
      ReportCommand.self,
      MergeCommand.self, AttributeCommand.self, SimilarityCommand.self, CompareCommand.self,
      SelfTestCommand.self, MeasuresCommand.self, InterveneCommand.self, FinetuneCommand.self,
      VarianceCommand.self, GeometryCommand.self, CurvesCommand.self, ReplicatesCommand.self,
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
      try requireOpenFiles()
      var command = try parsed(Array(CommandLine.arguments.dropFirst()))
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
    } catch let error as AddressSpaceError {
      standardError("error: \(error)")
      exit(withError: ExitStatus.systemLimit.code)
    } catch let error as CocoaError where error.isOfWriting {
      standardError("error: \(error.filePath ?? "a file") could not be written: \(plainReason(error))")
      exit(withError: ExitStatus.writeFailed.code)
    } catch {
      guard let kind = FailureKind(error) else { leave(with: error) }
      standardError(Terminal.shortened(kind == .interrupted ? "\(error)" : "error: \(error)"))
      exit(withError: ExitStatus(kind).code)
    }
  }
}

extension ProbeLayers {
  /// Files that the libraries alone have open; where they may not, libdispatch ends the process without a word.
  private static let openFilesNeeded = 16

  private static func requireOpenFiles() throws(CommandFailure) {
    let limit = strata_open_file_limit()
    guard limit >= 0, limit < openFilesNeeded else { return }
    throw CommandFailure(
      status: .systemLimit,
      message:
        "a limit on open files (ulimit -n) leaves \(limit), and at least \(openFilesNeeded) are needed: raise it, "
        + "as with `ulimit -n 256`")
  }

  /// The command that is meant; its options may stand before its name, too.
  static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
    let first = Result { try parseAsRoot(arguments) }
    guard arguments.first?.hasPrefix("-") == true, let moved = withCommandInFront(arguments) else {
      return try first.get()
    }
    switch first {
    case .failure(let error) where exitCode(for: error).isSuccess: throw error
    case .success(let command):
      // Of one word alone after the options, it is that word.
      guard let run = command as? RunCommand, moved.first == run.model,
        !FileManager.default.fileExists(atPath: run.model)
      else { return command }
      fallthrough
    case .failure: return try parseAsRoot(moved)
    }
  }

  /// The arguments with a command's name, which has options before it, in front; nil where there is no such name.
  private static func withCommandInFront(_ arguments: [String]) -> [String]? {
    var (rest, names) = (arguments, [String]())
    var commands = configuration.subcommands
    while let place = rest.firstIndex(where: { word in commands.contains { $0._commandName == word } }),
      let command = commands.first(where: { $0._commandName == rest[place] })
    {
      names.append(rest.remove(at: place))
      commands = command.configuration.subcommands
    }
    return names.isEmpty ? nil : names + rest
  }

  /// Ends with what the parser of arguments says, which begins as every error does.
  private static func leave(with error: any Error) -> Never {
    guard !exitCode(for: error).isSuccess else { exit(withError: error) }
    let text = fullMessage(for: error)
    let parser = "Error: "
    standardError(text.hasPrefix(parser) ? "error: " + text.dropFirst(parser.count) : text)
    exit(withError: exitCode(for: error))
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
