import Foundation
import Foundations
import Testing

@testable import Probing

@Suite("Speakers and types as crossed random effects") struct CrossedEffectsTests {
  private struct Reference: Decodable {
    struct Case: Decodable {
      let name: String
      let values: [Double]
      let first, second: [Int]
      let mean, standardError, logLikelihood: Double
      let variances: [Double]
    }

    let cases: [Case]
  }

  @Test("mean, its error and the variances are those of statsmodels' REML", arguments: 0..<3)
  func reference(number: Int) throws {
    let own = try JSONDecoder().decode(
      Reference.self, from: Data(contentsOf: resource("crossed-effects.json"))
    ).cases[number]
    let found = try #require(try CrossedEffects(own.values, first: own.first, second: own.second))
    #expect(abs(found.mean - own.mean) < 1e-5, "\(found.mean - own.mean)")
    #expect(
      abs(found.standardError - own.standardError) < 2e-5, "\(found.standardError - own.standardError)")
    let variances = [found.variances.first, found.variances.second, found.variances.rest]
    #expect(zip(variances, own.variances).allSatisfy { abs($0 - $1) < 2e-5 }, "\(variances)")
    // Ours is no worse, and the same but for where an optimiser stops.
    let gained = found.logLikelihood - own.logLikelihood
    #expect(gained > -1e-8 && gained < 1e-4, "\(gained)")
    // Which effect is called the first is nothing.
    let turned = try #require(try CrossedEffects(own.values, first: own.second, second: own.first))
    #expect(abs(turned.mean - found.mean) < 1e-12)
    #expect(abs(turned.variances.second - found.variances.first) < 1e-12)
    if own.name == "no speakers" { #expect(found.variances.first == 0) }
  }

  @Test("of a full table the variances are those of its mean squares")
  func balanced() throws {
    let (speakers, types) = (5, 9)
    var numbers = RandomNumbers(seed: 3, stream: "table")
    let ofSpeaker = (0..<speakers).map { _ in numbers.normal() }
    let ofType = (0..<types).map { _ in 2 * numbers.normal() }
    let rows = (0..<speakers).flatMap { s in (0..<types).map { (s: s, t: $0) } }
    let values = rows.map { 1e4 + ofSpeaker[$0.s] + ofType[$0.t] + 0.7 * numbers.normal() }
    func mean(_ isIn: ((s: Int, t: Int)) -> Bool) -> Double {
      let own = zip(rows, values).filter { isIn($0.0) }
      return own.reduce(0) { $0 + $1.1 } / Double(own.count)
    }
    let middle = mean { _ in true }
    let bySpeaker = (0..<speakers).map { s in mean { $0.s == s } }
    let byType = (0..<types).map { t in mean { $0.t == t } }
    func square(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
    let ofSpeakers = Double(types) * square(bySpeaker.map { $0 - middle }) / Double(speakers - 1)
    let ofTypes = Double(speakers) * square(byType.map { $0 - middle }) / Double(types - 1)
    let rest =
      square(zip(rows, values).map { $1 - bySpeaker[$0.s] - byType[$0.t] + middle })
      / Double((speakers - 1) * (types - 1))
    let found = try #require(try CrossedEffects(values, first: rows.map(\.s), second: rows.map(\.t)))
    let (first, second) = ((ofSpeakers - rest) / Double(types), (ofTypes - rest) / Double(speakers))
    #expect(abs(found.mean - middle) < 1e-8)
    #expect(abs(found.variances.first - first) < 1e-5 * first)
    #expect(abs(found.variances.second - second) < 1e-5 * second)
    #expect(abs(found.variances.rest - rest) < 1e-5 * rest)
    let error = first / Double(speakers) + second / Double(types) + rest / Double(rows.count)
    #expect(abs(found.standardError - error.squareRoot()) < 1e-5)
  }

  /// Where rows are resampled as if they were independent three of ten such intervals miss.
  @Test("the interval holds the truth of new speakers and types in about nineteen of twenty cases")
  func coverage() throws {
    var numbers = RandomNumbers(seed: 5, stream: "crossed")
    let (runs, speakers, types) = (300, 12, 40)
    var held = 0
    for _ in 0..<runs {
      let ofSpeaker = (0..<speakers).map { _ in 0.1 * numbers.normal() }
      let ofType = (0..<types).map { _ in 0.15 * numbers.normal() }
      let rows = (0..<600).map { _ in (numbers.index(below: speakers), numbers.index(below: types)) }
      let values = rows.map { numbers.uniform() < 0.5 + ofSpeaker[$0] + ofType[$1] ? 1.0 : 0 }
      let found = try #require(try CrossedEffects(values, first: rows.map(\.0), second: rows.map(\.1)))
      if found.estimate.low <= 0.5, found.estimate.high >= 0.5 { held += 1 }
    }
    // 285 expected, ± 4.
    #expect((273...297).contains(held), "\(held)")
  }

  @Test("one speaker, spans that are a type each, and answers that are all right tell of no variances")
  func refused() throws {
    let values = [1.0, 0, 1, 1, 0, 1]
    #expect(try CrossedEffects(values, first: [1, 1, 1, 1, 1, 1], second: [1, 2, 3, 1, 2, 3]) == nil)
    #expect(try CrossedEffects(values, first: [1, 1, 1, 2, 2, 2], second: [1, 2, 3, 4, 5, 6]) == nil)
    let right = [Double](repeating: 1, count: 6)
    #expect(try CrossedEffects(right, first: [1, 1, 1, 2, 2, 2], second: [1, 2, 3, 1, 2, 3]) == nil)
    #expect(try CrossedEffects([], first: [], second: []) == nil)
  }
}
