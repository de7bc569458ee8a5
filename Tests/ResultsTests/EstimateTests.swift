import Foundation
import Results
import Testing

@Suite("Estimates")
struct EstimateTests {
  @Test("are above or below zero only with their whole interval")
  func signs() {
    #expect(Estimate(value: 1, low: 0.1, high: 2).isPositive)
    #expect(!Estimate(value: 1, low: 0, high: 2).isPositive)
    #expect(Estimate(value: -1, low: -2, high: -0.1).isNegative)
    #expect(!Estimate(value: -1, low: -2, high: 0.1).isNegative)
  }

  @Test("that are not finite are written as null and read back as no number")
  func notFinite() throws {
    let data = try JSONEncoder().encode(Estimate(value: .nan, low: 1, high: .infinity))
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.contains("null"))
    let estimate = try JSONDecoder().decode(Estimate.self, from: data)
    #expect(estimate.value.isNaN && estimate.low == 1 && !estimate.isFinite)
  }

  @Test("layers are ordered by their depth, not by their names")
  func layerOrder() {
    #expect(Layer(name: "hidden.2", depth: 10) < Layer(name: "hidden.10", depth: 18))
  }
}
