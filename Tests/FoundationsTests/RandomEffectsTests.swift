import Foundation
import Foundations
import Testing

@Suite("Several studies of one number") struct RandomEffectsTests {
  private struct Reference: Decodable {
    struct Case: Decodable {
      let values, variances: [Double]
      let mean, tau2, standardError, inconsistency, squares: Double
    }

    let cases: [Case]
  }

  @Test("mean, variance between studies and I² are statsmodels'")
  func reference() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Resources/random-effects.json")
    let all = try JSONDecoder().decode(Reference.self, from: Data(contentsOf: path)).cases
    #expect(all.count == 4)
    for own in all {
      let found = try #require(RandomEffects(values: own.values, variances: own.variances))
      #expect(abs(found.mean - own.mean) < 1e-8)
      #expect(abs(found.betweenVariance - own.tau2) < 1e-8)
      #expect(abs(found.inconsistency - own.inconsistency) < 1e-8)
      // Where studies agree better than sampling allows, ours keeps the sampling's error.
      let expected = own.standardError / min(1, own.squares).squareRoot()
      #expect(abs(found.standardError - expected) < 1e-7)
    }
  }

  @Test("one study, and one without an error of its own, are no replication")
  func refused() {
    #expect(RandomEffects(values: [1], variances: [1]) == nil)
    #expect(RandomEffects(values: [1, 2], variances: [1, 0]) == nil)
    #expect(RandomEffects(values: [1, .nan], variances: [1, 1]) == nil)
    #expect(RandomEffects(values: [1, 2], variances: [1, 1])?.predictionMargin == nil)
  }

  @Test(
    "the mean's interval holds the truth in nineteen of twenty cases, and another study's of six in nine of ten"
  )
  func coverage() {
    var numbers = RandomNumbers(seed: 1, stream: "replicates")
    let runs = 2000
    var (held, predicted) = (0, 0)
    for _ in 0..<runs {
      let variances = (0..<6).map { _ in 0.5 + numbers.uniform() }
      let values = variances.map { 3 + numbers.normal() + $0.squareRoot() * numbers.normal() }
      guard let found = RandomEffects(values: values, variances: variances) else { continue }
      if abs(found.mean - 3) <= found.margin { held += 1 }
      let another = 3 + numbers.normal()
      if abs(found.mean - another) <= found.predictionMargin ?? 0 { predicted += 1 }
    }
    // 1,900 expected, ± 10.
    #expect((1860...1960).contains(held), "\(held)")
    // Of six studies τ² is often taken for nothing, and nine of ten is what the formula holds (Partlett & Riley 2017).
    #expect((1740...1900).contains(predicted), "\(predicted)")
  }
}
