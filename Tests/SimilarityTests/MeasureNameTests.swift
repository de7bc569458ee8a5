import Results
import Tensors
import Testing

@testable import Similarity

@Suite("Measures by name, and the estimate that is chosen") struct MeasureNameTests {
  @Test("every name is that of its measure", arguments: MeasureName.allCases)
  func names(name: MeasureName) {
    #expect(name.measure.name == name.rawValue)
    #expect(MeasureName(name.rawValue) == name)
  }

  @Test("the space of fewer operations, and batches where neither can be afforded")
  func choice() {
    // Thirteen layers of 768: features cost n·W²/2, rows n²(W + 13²)/2.
    let widths = [Int](repeating: 768, count: 13)
    #expect(CKACost(rows: 20_000, widths: widths).choice() == .features)
    #expect(CKACost(rows: 500, widths: widths).choice() == .gram)
    #expect(CKACost(rows: 4_096, widths: [64, 64]).choice() == .features)
    // A layer of a million dimensions over many rows.
    #expect(CKACost(rows: 100_000, widths: [1_000_000]).choice() == .minibatch)
    let cost = CKACost(rows: 100, widths: [10, 20])
    #expect(cost.features == 100 * 30 * 30 / 2)
    #expect(cost.gram == 100 * 100 * (30 + 4) / 2)
    #expect(CKACost(rows: 1_000, widths: [10, 20], batch: 250).minibatch == 1_000 * 250 * (30 + 4) / 2)
  }

  @Test("a comparison says what it was computed from")
  func source() throws {
    let (x, y) = (gaussian(40, 60, "x"), gaussian(40, 3, "y"))
    func source(_ layers: [Tensor], _ measure: some SimilarityMeasure) throws -> LayerComparison.Source {
      try LayerSimilarity.comparison(
        rows: layers.enumerated().map { LayerStates(layer: "\($0)", states: $1) }, unit: "rows",
        measure: measure
      ).source
    }
    #expect(try source([x, x], LinearCKA()) == .gram)
    #expect(try source([y, y], LinearCKA()) == .features)
    #expect(try source([x, y], MinibatchCKA()) == .minibatch)
    #expect(try source([x, y], RBFCKA()) == .gram)
  }
}
