import Foundation
import StrataTestSupport
import Testing

/// Completions in the shells themselves: of files, folders, names, and names in lists.
@Suite("Completions") struct CompletionTests {
  @Test("complete commands, files, folders, values and lists in every shell that is here")
  func shells() throws {
    let folder = try TemporaryFolder()
    let run = try CommandRun(
      shell: "\(Repository.path("scripts/check-completions.py")) \"$(command -v probe-layers)\"",
      in: folder.path)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("bash: 7 of 7 completed"))
  }
}
