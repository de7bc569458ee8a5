import Foundation
import Strata
import StrataTestSupport
import Testing

/// What the command says of itself: examples that its options bear out, and what is installed with it.
@Suite("Help, manual and installation") struct HelpTests {
  /// A command as `--experimental-dump-help` describes it.
  private struct Command: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable {
        let kind: String
        let name: String
      }
      let names: [Name]?
    }
    let commandName: String
    let discussion: String?
    let arguments: [Argument]?
    let subcommands: [Command]?

    var options: Set<String> {
      Set((arguments ?? []).flatMap { $0.names ?? [] }.map { ($0.kind == "long" ? "--" : "-") + $0.name })
    }

    /// The lines under EXAMPLES.
    var examples: [String] {
      let parts = (discussion ?? "").components(separatedBy: "EXAMPLE")
      guard parts.count > 1 else { return [] }
      return parts[1].split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
        .prefix { !$0.isEmpty }.map(String.init)
    }
  }

  private struct Help: Decodable { let command: Command }

  private func root() throws -> Command {
    let run = try CommandRun(["--experimental-dump-help"])
    return try JSONDecoder().decode(Help.self, from: Data(run.output.utf8)).command
  }

  private func every(_ command: Command) -> [Command] {
    [command] + (command.subcommands ?? []).filter { $0.commandName != "help" }.flatMap(every)
  }

  @Test("a study file in Swift knows every option that the command writes into one")
  func studyFileOptions() throws {
    let run = try #require(root().subcommands?.first { $0.commandName == "run" })
    let names = (run.arguments ?? []).compactMap { argument in
      argument.names?.first { $0.kind == "long" }?.name
    }
    #expect(names.count > 30)
    // A part of a study has no result to make again, `normalise: false` is the negation, and two say what the program is.
    let others = ["shard", "no-normalise", "help", "version"]
    let strangers = Set(names).subtracting(StudyRequest.options).subtracting(others)
    #expect(strangers.isEmpty, "\(strangers.sorted())")
  }

  @Test("every command has examples, and every option in them is one of its command's")
  func examples() throws {
    let root = try root()
    let commands = every(root)
    #expect(commands.count >= 8)
    for command in commands {
      #expect(!command.examples.isEmpty, "\(command.commandName)")
      for example in command.examples {
        let words = example.split(separator: " ").map(String.init)
        #expect(words.first == "probe-layers", "\(example)")
        // The deepest command that is named; where none is, it is `run`.
        var called = root
        for word in words.dropFirst() {
          guard let next = called.subcommands?.first(where: { $0.commandName == word }) else { break }
          called = next
        }
        if called.commandName == root.commandName, let run = root.subcommands?.first { called = run }
        // Two blanks or more begin a remark.
        let line = example.trimmingCharacters(in: .whitespaces).components(separatedBy: "   ")[0]
        for word in line.split(separator: " ") where word.hasPrefix("-") && Double(word) == nil {
          #expect(called.options.contains(String(word.prefix { $0 != "=" })), "\(word) in: \(example)")
        }
      }
    }
  }

  @Test("the version is that of every file, alone or with the commit that a release was built from")
  func version() throws {
    let run = try CommandRun(["--version"])
    #expect(run.status == 0)
    let words = try #require(
      run.output.wholeMatch(of: /(\d+\.\d+\.\d+)( \([0-9a-f]{7,40}\))?\n/), "\(run.output)")
    #expect(words.1 == Release.version)
  }

  @Test("installed into a folder, run from there, found again by shells and man, and taken away whole")
  func installation() throws {
    let folder = try TemporaryFolder()
    let install = Repository.path("scripts/install.sh")
    let prefix = "\(folder.path)/a prefix"
    let run = try CommandRun(
      shell: """
        "\(install)" --prefix "\(prefix)" --binary "$(command -v probe-layers)" >log
        grep -q "man -M" log
        "\(prefix)/bin/probe-layers" --version
        ls "\(prefix)/share/strata/fixtures/unseen" | grep -c kal
        cat "\(prefix)/share/man/man1/probe-layers.1"
        source "\(prefix)/share/bash-completion/completions/probe-layers"
        complete -p probe-layers
        test -s "\(prefix)/share/zsh/site-functions/_probe-layers"
        test -s "\(prefix)/share/fish/vendor_completions.d/probe-layers.fish"
        touch "\(prefix)/share/somebody-elses"
        "\(install)" --prefix "\(prefix)" --uninstall
        find "\(prefix)" -type f
        """, in: folder.path)
    try #require(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("complete ") && run.output.contains("probe-layers\n"))
    #expect(run.output.contains(".TH PROBE-LAYERS 1"))
    for command in every(try root()) where (command.subcommands ?? []).isEmpty {
      let name = command.commandName.replacing("-", with: "\\-")
      #expect(run.output.contains("\(name)\\fR"), "\(name) is not in the manual")
      for option in command.options
      where option.hasPrefix("--") && !["--help", "--version"].contains(option) {
        #expect(run.output.contains("\\fB\(option.replacing("-", with: "\\-"))\\fR"), "\(option)")
      }
    }
    #expect(run.output.hasSuffix("Removed Strata from \(prefix)\n\(prefix)/share/somebody-elses\n"))
  }

  @Test("a prefix that cannot be written to, and nothing to take away")
  func refusedInstallation() throws {
    let folder = try TemporaryFolder()
    let install = Repository.path("scripts/install.sh")
    let none = try CommandRun(shell: "\(install) --prefix none --uninstall", in: folder.path)
    #expect(none.status == 66 && none.errors.contains("nothing was installed into"))
    try folder.write(Data(), to: "file")
    let file = try CommandRun(shell: "\(install) --prefix file/below", in: folder.path)
    #expect(file.status == 74 && file.errors.contains("choose another with --prefix"), "\(file.errors)")
  }
}
