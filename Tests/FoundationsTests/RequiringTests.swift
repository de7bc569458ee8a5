import Testing

@testable import Foundations

@Suite("What was changed under way") struct RequiringTests {
  private struct Failure: StrataError {
    var kind = FailureKind.badInput
    var description = "it came out wrong"
  }

  private struct Changed: Error {}

  private func changed() throws { throw Changed() }
  private func nothing() {}

  @Test("comes before what went wrong by it, and never in the place of an interruption") func order() throws
  {
    #expect(throws: Changed.self) { try requiring(changed) { throw Failure() } }
    #expect(throws: Changed.self) { try requiring(changed) { 1 } }
    #expect(throws: Failure.self) {
      try requiring(changed) { throw Failure(kind: .interrupted) }
    }
  }

  @Test("says nothing where nothing changed") func none() throws {
    #expect(throws: Failure.self) { try requiring(nothing) { throw Failure() } }
    #expect(try requiring(nothing) { 1 } == 1)
  }
}
