import Foundation
import StrataTestSupport
import Testing

/// Input that another program writes to while a command reads it.
@Suite("Input that is changed while it is in use") struct ChangedInputTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.path("fixtures/human"), toPath: try folder.file("corpus"))
    try FileManager.default.copyItem(
      atPath: Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"), toPath: try folder.file("model.ckpt")
    )
  }

  /// Commands that read a model and recordings, each at work for longer than a moment.
  static let commands = [
    "MODEL --corpus corpus --twins 0 --maps 0 --layers hidden.3 --levels phoneme",
    "similarity MODEL --corpus corpus --layers hidden.3",
    "variance MODEL --corpus corpus --layers hidden.3 --blocks phone,duration",
    "geometry MODEL --corpus corpus --layers hidden.3 --no-untrained",
    "curves MODEL --corpus corpus --layers hidden.3 --step 200",
    "measures MODEL --corpus corpus --layers hidden.3 --level syllable",
    "intervene MODEL --corpus corpus --layers hidden.3 --erase phoneme --controls 2 --no-untrained",
    "attribute MODEL corpus --layers hidden.3 --levels phoneme --spans 2",
    "finetune MODEL --corpus corpus --steps 80 --batch 1 --longest 4 --freeze all",
  ]

  /// Runs a command, stops it a moment after it holds its folder, changes something, and lets it go on.
  private func run(_ command: String, output: String = "out", change: String) throws -> CommandRun {
    let line = command.replacingOccurrences(of: "MODEL", with: "model.ckpt")
    return try CommandRun(
      shell: """
        probe-layers \(line) -o \(output) --quiet --threads 1 2> errors & process=$!
        until [ -s out/.strata-lock ] || ls out.npz.part-* > /dev/null 2>&1; do sleep 0.01; done
        sleep 0.1; kill -STOP $process; \(change); kill -CONT $process
        set +e; wait $process; echo $?; cat errors; ls out out.npz 2> /dev/null
        """, in: folder.path)
  }

  @Test("a model that is written over ends the work with its path", arguments: commands)
  func model(command: String) throws {
    let run = try run(
      command,
      change: "printf xxxxxxxxxxxxxxxx | dd of=model.ckpt bs=1 seek=60000 conv=notrunc 2> /dev/null")
    #expect(
      run.output.hasPrefix("65\nerror: ") && run.output.contains("model.ckpt was changed"), "\(run.output)")
    #expect(!run.output.contains("report.html") && !run.output.contains("finetune.json"), "\(run.output)")
  }

  @Test(
    "a recording that is written over ends the work with its path, or is read again",
    arguments: commands.dropFirst())
  func recording(command: String) throws {
    let recording = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/corpus/mary")
        .filter { $0.hasSuffix(".flac") }.sorted().last)
    let run = try run(
      command,
      change:
        "printf xxxxxxxxxxxxxxxx | dd of=corpus/mary/\(recording) bs=1 seek=9000 conv=notrunc 2> /dev/null")
    #expect(run.output.hasPrefix("65\nerror: "), "\(run.output)")
    #expect(
      run.output.contains(recording) || run.output.contains("recordings are no more"), "\(run.output)")
    #expect(!run.output.contains("report.html") && !run.output.contains("finetune.json"), "\(run.output)")
  }

  @Test("of an extraction nothing is left either", arguments: ["model.ckpt", "corpus/mary"])
  func extraction(what: String) throws {
    let run = try run(
      "extract MODEL corpus", output: "out.npz",
      change:
        "printf xxxxxxxxxxxxxxxx | dd of=$(ls \(what)/*.flac \(what) 2> /dev/null | head -1) bs=1 seek=9000 conv=notrunc 2> /dev/null"
    )
    #expect(run.output.hasPrefix("65\n") && !run.output.contains("\nout.npz\n"), "\(run.output)")
    #expect(!folder.contents().contains { $0.contains(".part-") })
  }
}
