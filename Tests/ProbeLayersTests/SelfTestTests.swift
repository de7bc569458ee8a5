import Testing

@testable import Strata

@Suite("The self-test that ships")
struct SelfTestTests {
  @Test("passes as a command, and says what was checked")
  func command() throws {
    let run = try CommandRun(["self-test", "--threads", "2"])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("ABX error of random frames, across speakers, dtw: 0."))
    #expect(run.output.contains("words planted in hidden.5 of six layers, peak set: hidden.5"))
    #expect(!run.output.contains("FAIL") && run.output.contains("checks passed."))
  }

  @Test("stops when it is told to, and a check that fails says so")
  func failures() async throws {
    await #expect(throws: StudyError.interrupted) { try await SelfTest().run(isCancelled: { true }) }
    let check = SelfTest.Check(subject: "a", found: "1", expected: "0", passes: false)
    #expect(check.description == "FAIL a: 1 (expected 0)")
  }
}
