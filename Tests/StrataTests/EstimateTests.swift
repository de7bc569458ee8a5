import Foundation
import Testing

@testable import Strata

@Suite("Estimates") struct EstimateTests {
  @Test("a cost grows as it was seen to grow, within reason", arguments: [0.8, 1, 1.5, 2])
  func powers(exponent: Double) {
    func cost(_ size: Double) -> Double { 3 * pow(size, exponent) }
    let growth = Growth(10, cost(10), 40, cost(40))
    for size in [5.0, 40, 1000] { #expect(abs(growth.value(at: size) / cost(size) - 1) < 1e-9) }
  }

  @Test("measurements that tell nothing are taken as proportional; more than squares are none")
  func bounds() {
    #expect(Growth(10, 0, 20, 4).value(at: 40) == 8)
    #expect(Growth(20, 4, 20, 4).value(at: 10) == 2)
    #expect(Growth(10, 1, 20, 100).value(at: 40) == 400)
    #expect(Growth(10, 5, 20, 5).value(at: 80) == 10)
    #expect(Growth(10, 1, 20, 2).value(at: 0) == 0)
  }

  @Test("times as people write them") func clock() {
    #expect([0.4, 21, 61.6, 3723].map(StudyEstimate.clock) == ["0:00", "0:21", "1:02", "1:02:03"])
    #expect(StudyEstimate.clock(.infinity).hasSuffix(":40"))
  }
}
