import Testing

@testable import Models

@Suite("Lists of layers") struct LayerRangeTests {
  private func names(_ list: String, of points: [TapPoint] = LayerRangeTests.points) throws -> [String] {
    try points.resolve(layers: list).map(\.name)
  }

  private static func point(_ name: String) -> TapPoint {
    TapPoint(name: name, width: 8, timing: nil)
  }

  private static let points =
    (1...3).map { point("conv.\($0)") } + [point("projection")]
    + (0...6).map { point("hidden.\($0)") } + [point("my-layer")]

  @Test(
    "ranges have both ends and what lies between",
    arguments: [
      ("3-6,1", ["hidden.3", "hidden.4", "hidden.5", "hidden.6", "hidden.1"]),
      ("-3--1", ["hidden.4", "hidden.5", "hidden.6"]),
      ("5--1", ["hidden.5", "hidden.6"]),
      ("2-2", ["hidden.2"]),
      ("conv.2-conv.3", ["conv.2", "conv.3"]),
      ("conv.1-2, 0", ["conv.1", "conv.2", "hidden.0"]),
      ("conv.3-hidden.1", ["conv.3", "projection", "hidden.0", "hidden.1"]),
      ("my-layer", ["my-layer"]),
      ("3-5,4-6", ["hidden.3", "hidden.4", "hidden.5", "hidden.6"]),
    ])
  func ranges(list: String, expected: [String]) throws {
    #expect(try names(list) == expected)
  }

  @Test("what is no range is told")
  func refused() {
    #expect(throws: ModelError.backwardRange("6-3")) { try names("6-3") }
    #expect(throws: ModelError.backwardRange("hidden.2-conv.1")) { try names("hidden.2-conv.1") }
    #expect(throws: ModelError.layerOutOfRange(number: 9, layers: 6)) { try names("3-9") }
    #expect(throws: ModelError.self) { try names("conv.2-7") }
    #expect(throws: ModelError.self) { try names("con-3") }
    #expect(throws: ModelError.self) { try names("3-") }
    #expect(throws: ModelError.self) { try names(",") }
  }
}
