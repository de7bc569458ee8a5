import Foundation
import StrataTestSupport
import Testing

/// Standard streams that cannot be written, and what stands in errors.
@Suite("What the command says, and where it cannot") struct StreamTests {
  private let folder: TemporaryFolder
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")

  init() throws { folder = try TemporaryFolder() }

  private func shell(_ script: String) throws -> CommandRun {
    try CommandRun(shell: script, in: folder.path)
  }

  @Test(
    "a full standard output is a failed write, a full standard error is none, a closed pipe is quiet",
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func streams() throws {
    let run = try shell(
      """
      set +e
      probe-layers inspect \(model) > /dev/full; echo $?
      probe-layers inspect \(model) --verbose 2> /dev/full | wc -l; echo ${PIPESTATUS[0]}
      probe-layers inspect no-such-file 2> /dev/full; echo $?
      probe-layers inspect \(model) 2>&-  > /dev/null; echo $?
      (sleep 0.5; probe-layers schema study; echo $? > status) | true; cat status
      """)
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(
      lines.count == 6 && lines[0] == "74" && Array(lines[2...]) == ["0", "66", "0", "141"], "\(lines)")
    #expect(run.errors == "error: standard output could not be written: No space left on device\n")
  }

  @Test(
    "lists that name nothing and layers that are not there are refused",
    arguments: [
      ("attribute MODEL SOUND --methods ,", "--methods names nothing"),
      ("attribute MODEL SOUND --layer nope", "nope"),
      ("MODEL --levels ,", "--levels names nothing"), ("MODEL --probes ', '", "--probes names nothing"),
      ("MODEL --errors ,", "--errors names nothing"), ("MODEL --layers ,", "layer"),
      ("similarity MODEL --measure ,", "--measure names nothing"),
      ("compare MODEL MODEL --levels ,", "--levels names nothing"),
    ])
  func nothingNamed(arguments: String, words: String) throws {
    let sound = Repository.path("fixtures/human/austen/austen_0880.flac")
    let line = arguments.replacingOccurrences(of: "MODEL", with: model)
      .replacingOccurrences(of: "SOUND", with: sound)
    let run = try shell("probe-layers \(line) --output out")
    #expect(run.status == 64 && run.errors.contains(words), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/out"))
  }

  @Test("control characters of names and files do not reach the terminal") func escaped() throws {
    let run = try shell("set +e; probe-layers inspect $'a\\e]0;title\\a\\u202eb.ckpt'; echo $?")
    #expect(run.output == "66\n")
    #expect(run.errors.contains("a\\u{1b}]0;title\\u{7}\\u{202e}b.ckpt"), "\(run.errors)")
    #expect(!run.errors.unicodeScalars.contains("\u{1b}"))
  }

  @Test("a folder for temporary files that is not there is a failed write with its path")
  func temporaryFolder() throws {
    let sound = Repository.path("fixtures/human/austen/austen_0880.flac")
    let run = try shell(
      "touch file; set +e; TMPDIR=$PWD/file probe-layers attribute \(model) \(sound) --methods grad-cam --output out; echo $?"
    )
    #expect(run.output == "74\n", "\(run.errors)")
    #expect(run.errors.contains("\(folder.path)/file"), "\(run.errors)")
  }
}
