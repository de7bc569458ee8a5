import Foundation
import StrataTestSupport
import Testing

/// Completions in the shells themselves: of files, folders, names, and names in lists.
@Suite("Completions") struct CompletionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    /// The words of the line; the last is completed.
    let words: [String]
    let expected: Set<String>
    /// What must not be offered.
    var others: Set<String> = []
    var testDescription: String { words.joined(separator: " ") }
  }

  static let cases = [
    Case(words: ["ins"], expected: ["inspect"]),
    Case(words: ["run", "mod"], expected: ["model.ckpt", "models"]),
    Case(words: ["run", "model.ckpt", "--corpus", "my-"], expected: ["my-corpus"]),
    Case(words: ["run", "model.ckpt", "--output", "mo"], expected: ["models"], others: ["model.ckpt"]),
    Case(words: ["run", "model.ckpt", "--levels", "ph"], expected: ["phoneme", "phrase"]),
    Case(words: ["run", "model.ckpt", "--levels", "phoneme,wo"], expected: ["phoneme,word"]),
    Case(words: ["run", "model.ckpt", "--search", "ba"], expected: ["bayesian"]),
    Case(words: ["run", "model.ckpt", "--norm", "fi"], expected: ["first"]),
    Case(
      words: ["attribute", "model.ckpt", "my-corpus", "--methods", "lrp,occ"], expected: ["lrp,occlusion"]),
    Case(words: ["schema", "stu"], expected: ["study"]),
    Case(words: ["report", "my-"], expected: ["my-corpus"]),
  ]

  private static func has(_ program: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
    }
  }

  /// What a shell offers for the last of the words.
  private func offered(_ shell: String, _ words: [String]) throws -> Set<String> {
    let folder = try TemporaryFolder()
    for name in ["model.ckpt", "models/a.ckpt", "my-corpus/a.wav"] { try folder.write(Data(), to: name) }
    let script =
      shell == "bash"
      ? """
      source <(probe-layers --generate-completion-script bash)
      COMP_WORDS=(probe-layers "$@") COMP_CWORD=$# COMP_LINE="probe-layers $*" COMP_POINT=$((13 + ${#*}))
      COMP_TYPE=9 COMP_KEY=9
      function=$(complete -p probe-layers | sed 's/.*-F \\([^ ]*\\).*/\\1/')
      set +eu
      $function probe-layers "${!#}" "${@: -2:1}" 2> /dev/null
      printf '%s\\n' "${COMPREPLY[@]}"
      """
      : """
      probe-layers --generate-completion-script fish > .completions.fish
      fish --no-config -c "source .completions.fish; complete -C 'probe-layers $*'" | cut -f1
      """
    let run = try CommandRun(shell: script, in: folder.path, words)
    return Set(
      run.output.split(separator: "\n").map { line in
        var name = line.trimmingCharacters(in: .whitespaces)
        if name.hasSuffix("/") { name.removeLast() }
        return name
      })
  }

  @Test("in bash", arguments: cases)
  func bash(example: Case) throws { try check("bash", example) }

  @Test("in fish", .enabled(if: has("fish")), arguments: cases)
  func fish(example: Case) throws { try check("fish", example) }

  private func check(_ shell: String, _ example: Case) throws {
    let found = try offered(shell, example.words)
    #expect(found.isSuperset(of: example.expected), "\(found)")
    #expect(found.isDisjoint(with: example.others), "\(found)")
  }
}
