import Testing

@testable import Similarity

@Suite("How CKA is estimated") struct CKAEstimateTests {
  @Test("few rows take products of rows, many take moments, and only vast comparisons take batches")
  func choice() {
    #expect(CKAEstimate.cheapest(rows: 500, totalWidth: 13 * 768, layers: 13) == .gram)
    #expect(CKAEstimate.cheapest(rows: 20_000, totalWidth: 13 * 768, layers: 13) == .features)
    // 49 layers of 1,920, as the largest published models have.
    #expect(CKAEstimate.cheapest(rows: 20_000, totalWidth: 49 * 1920, layers: 49) == .minibatch)
    #expect(CKAEstimate.cheapest(rows: 3000, totalWidth: 49 * 1920, layers: 49) == .gram)
  }

  @Test("no estimate that was passed over is cheaper, below the limit of exact ones")
  func cheapest() {
    for rows in [10, 100, 1000, 4000, 4096] {
      for layers in [2, 13, 25] {
        let width = layers * 768
        let chosen = CKAEstimate.cheapest(rows: rows, totalWidth: width, layers: layers)
        let cost = chosen.cost(rows: rows, totalWidth: width, layers: layers)
        #expect(chosen != .minibatch && cost <= CKAEstimate.exactLimit)
        let other: CKAEstimate = chosen == .gram ? .features : .gram
        #expect(cost <= 2.1 * other.cost(rows: rows, totalWidth: width, layers: layers))
      }
    }
  }
}
