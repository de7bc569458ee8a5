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

  @Test("a pipe where a file or a model is expected is refused at once") func pipe() throws {
    let folder = try TemporaryFolder()
    let pipe = try folder.file("model.ckpt")
    #expect(mkfifo(pipe, 0o600) == 0)
    for arguments in [
      ["inspect", pipe], ["run", pipe], ["extract", pipe, pipe, "-o", folder.path + "/a.npz"],
    ] {
      let run = try CommandRun(arguments)
      #expect(run.status == 65 || run.status == 66, "\(arguments): \(run.errors)")
    }
  }
}
