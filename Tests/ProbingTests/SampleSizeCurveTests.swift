import Foundation
import Foundations
import Results
import Testing

@testable import Probing

@Suite("What accuracy rises to") struct SampleSizeCurveTests {
  private func points(_ limit: Double, _ b: Double, _ c: Double) -> [(n: Double, score: Double)] {
    [100, 200, 400, 800].map { (n: $0, score: limit - b * pow($0, -c)) }
  }

  @Test(
    "a curve that is one is found again",
    arguments: [(0.8, 3.0, 0.5), (0.95, 40, 1.2), (0.6, 1, 0.25)])
  func planted(limit: Double, b: Double, c: Double) throws {
    let found = try #require(SampleSizeCurve(points(limit, b, c)))
    #expect(abs(found.limit - limit) < 1e-3 && abs(found.c - c) < 0.01 && abs(found.b / b - 1) < 0.05)
  }

  @Test("SciPy's curve_fit comes to the same least squares")
  func reference() throws {
    // scipy 1.17.1: curve_fit(lambda n, a, b, c: a - b * n ** -c, n, y, p0=(0.8, 2, 0.5),
    // bounds=([0, 0, 0.1], [1, inf, 2]), xtol=1e-14, ftol=1e-14).
    let found = try #require(
      SampleSizeCurve([(100, 0.51), (200, 0.60), (400, 0.645), (800, 0.69)].map { (n: $0.0, score: $0.1) }))
    #expect(abs(found.limit - SampleSizeCurveTests.scipy.limit) < 2e-4)
    #expect(abs(found.c - SampleSizeCurveTests.scipy.c) < 2e-3)
  }

  private static let scipy = (limit: 0.757349, c: 0.605380)

  @Test(
    "a score that does not rise has no limit; one that would pass 1 stops there; two points tell nothing")
  func edges() throws {
    #expect(SampleSizeCurve([(100, 0.7), (200, 0.7), (400, 0.7)].map { (n: $0.0, score: $0.1) }) == nil)
    #expect(SampleSizeCurve([(100, 0.7), (200, 0.6), (400, 0.5)].map { (n: $0.0, score: $0.1) }) == nil)
    let steep = try #require(
      SampleSizeCurve([(100, 0.5), (200, 0.7), (400, 0.9), (800, 0.99)].map { (n: $0.0, score: $0.1) }))
    #expect(steep.limit <= 1)
    #expect(SampleSizeCurve([(100, 0.5), (200, 0.6)].map { (n: $0.0, score: $0.1) }) == nil)
    #expect(SampleSizeCurve([(100, 0.5), (200, .nan), (400, 0.7)].map { (n: $0.0, score: $0.1) }) == nil)
  }

  @Test("the limit has an interval over resamples, which holds it")
  func interval() throws {
    var numbers = RandomNumbers(seed: 1, stream: "limit")
    let n = [100.0, 200, 400, 800]
    let noise = (0..<300).map { _ in 0.005 * numbers.normal() }
    let draws = n.map { n in
      Draws(values: [0.8 - 3 * pow(n, -0.5)] + noise.map { 0.8 - 3 * pow(n, -0.5) + $0 }, clusters: 40)
    }
    let limit = try #require(SampleSizeCurve.limit(of: draws, at: n))
    #expect(limit.low < 0.8 && limit.high > 0.8 && limit.high - limit.low < 0.06)
    let flat = n.map { _ in Draws(values: [0.5, 0.5, 0.5]) }
    #expect(SampleSizeCurve.limit(of: flat, at: n) == nil)
  }
}
