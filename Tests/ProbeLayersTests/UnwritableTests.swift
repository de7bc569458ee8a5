import Foundation
import StrataTestSupport
import Testing

/// Where the command's own words cannot be written: a full device, a reader that has gone.
@Suite("Unwritable streams") struct UnwritableTests {
  private let corpus = Repository.path("fixtures/unseen")

  #if os(Linux)
    @Test("a full standard output ends with 74 and says why") func output() throws {
      let folder = try TemporaryFolder()
      let run = try CommandRun(shell: "probe-layers corpus check \(corpus) > /dev/full", in: folder.path)
      #expect(run.status == 74)
      #expect(run.errors.contains("standard output could not be written: No space left on device"))
    }

    @Test("a full standard error stops nothing") func errors() throws {
      let folder = try TemporaryFolder()
      let run = try CommandRun(shell: "probe-layers corpus check \(corpus) 2> /dev/full", in: folder.path)
      #expect(run.status == 0 && run.output.contains("125 utterances"))
    }
  #endif

  #if os(Linux)
    @Test("a limit on addresses that leaves no room is told at once") func addresses() throws {
      let folder = try TemporaryFolder()
      let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
      for command in [
        "inspect \(model) --no-cost", "corpus check \(corpus)", "merge \(folder.path)",
        "\(model) --corpus \(corpus) --shard 1/2 --output shards",
        "similarity \(model) --corpus \(corpus) --output out",
      ] {
        let run = try CommandRun(
          shell: "ulimit -v 530000; timeout 60 probe-layers \(command)", in: folder.path)
        #expect(
          run.status == 71 && run.errors.hasPrefix("error: a limit on memory"), "\(command): \(run.errors)")
      }
    }
  #endif

  @Test("a pipe where a file or a model is expected is refused at once") func pipe() throws {
    let folder = try TemporaryFolder()
    let pipe = try folder.file("model.ckpt")
    let study = try folder.file("study.yaml")
    let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
    let sound = Repository.path("fixtures/human/mary/mary_01.flac")
    for path in [pipe, study, try folder.file("study.json")] { #expect(mkfifo(path, 0o600) == 0) }
    for arguments in [
      ["inspect", pipe], ["run", pipe, "--demo"], ["run", study, "--demo"], ["report", pipe],
      ["report", folder.path], ["report", folder.path + "/none"],
      ["inspect", model, "--map", pipe], ["inspect", model, "--config", pipe], ["merge", pipe],
      ["corpus", "check", pipe], ["run", model, "--corpus", pipe],
      ["extract", model, pipe, "-o", "none.npz"],
      ["attribute", model, pipe], ["replicates", pipe, pipe], ["run", model, "--demo", "--training", pipe],
      ["finetune", pipe, "--demo"], ["intervene", pipe, "--demo"], ["variance", pipe, "--demo"],
      ["geometry", pipe, "--demo"], ["curves", pipe, "--demo"], ["measures", pipe, "--demo"],
      ["measures", model, "--demo", "--items", pipe],
      ["variance", model, "--demo", "--series", "a=\(pipe)@5ms"],
      ["attribute", model, sound, "--probe", pipe], ["extract", pipe, pipe, "-o", folder.path + "/a.npz"],
    ] {
      let run = try CommandRun(shell: "timeout 120 probe-layers \"$@\"", in: folder.path, arguments)
      #expect(run.status == 65 || run.status == 66, "\(arguments): \(run.errors)")
      #expect(!run.errors.contains("could not be completed"), "\(run.errors)")
    }
  }
}
