import Activations
import Corpora
import Foundations
import Tensors
import Testing

@testable import Similarity

@Suite("Held-out CCA") struct HeldOutCCATests {
  private func moments(_ x: Tensor, _ y: Tensor, _ rows: Range<Int>) throws -> PairMoments {
    try PairMoments(x.rows(rows), y.rows(rows))
  }

  @Test("without a ridge and on its own rows is CCA, weighted as PWCCA")
  func inSample() throws {
    let x = decaying(150, 7, "x")
    let y = related(to: x, width: 5)
    let all = try PairMoments(x, y)
    func fit(_ weights: HeldOutCCA.Weights) throws -> FittedCCA {
      try HeldOutCCA(weights: weights, ridges: [0]).fit(train: all, development: nil)
    }
    let fitted = try fit(.none)
    let expected = try CanonicalCorrelations(CanonicalBasis(x), CanonicalBasis(y)).values()
    #expect(fitted.trainCorrelations.count == 5)
    for (i, value) in fitted.correlations(on: all).enumerated() {
      #expect(abs(value - fitted.trainCorrelations[i]) < 1e-10)
      #expect(abs(value - expected[i]) < 1e-6)
    }
    #expect(abs(fitted.score(on: all) - (try MeanCCA().similarity(x, y).value)) < 1e-6)
    #expect(abs(try fit(.x).score(on: all) - (try PWCCA(weights: .x).similarity(x, y).value)) < 1e-6)
    #expect(abs(try fit(.y).score(on: all) - (try PWCCA(weights: .y).similarity(x, y).value)) < 1e-6)
  }

  @Test("finds a planted correlation and nothing else, where in-sample CCA finds noise")
  func planted() throws {
    // x₀ = z + a, y₀ = z + b with z, a, b of variance 1: ρ = 1/2, all other pairs independent.
    let n = 3000
    var (x, y) = (gaussian(n, 20, "x"), gaussian(n, 15, "y"))
    let z = gaussian(n, 1, "z").values
    x.withUnsafeMutableBuffer { values in
      for i in 0..<n { values[i * 20] += z[i] }
    }
    y.withUnsafeMutableBuffer { values in
      for i in 0..<n { values[i * 15] += z[i] }
    }
    let fitted = try HeldOutCCA().fit(
      train: moments(x, y, 0..<1000), development: moments(x, y, 1000..<2000))
    let found = try fitted.correlations(on: moments(x, y, 2000..<3000))
    #expect(abs(found[0] - 0.5) < 0.1, "\(found[0])")
    #expect(abs(found.dropFirst().reduce(0, +) / 14) < 0.03)
    #expect(fitted.trainCorrelations.dropFirst().reduce(0, +) / 14 > 0.08)
    #expect(HeldOutCCA.standardRidges.contains(fitted.ridges.x))
  }

  @Test("chooses the ridge that development rows like best")
  func ridge() throws {
    // Barely more rows than dimensions: unregularised directions are noise.
    let x = decaying(400, 40, "x")
    let y = related(to: x, width: 30)
    let (train, development) = (try moments(x, y, 0..<60), try moments(x, y, 60..<230))
    let test = try moments(x, y, 230..<400)
    let chosen = try HeldOutCCA(ridges: [1e-10, 1e-1, 1]).fit(train: train, development: development)
    let fixed = try HeldOutCCA(ridges: [1e-10]).fit(train: train, development: development)
    #expect(max(chosen.ridges.x, chosen.ridges.y) >= 1e-1)
    #expect(chosen.score(on: development) >= fixed.score(on: development))
    #expect(chosen.score(on: test) > fixed.score(on: test))
    let undeveloped = try HeldOutCCA(ridges: [1e-10, 1e-1]).fit(train: train, development: nil)
    #expect(undeveloped.ridges.x == 1e-1 && undeveloped.ridges.y == 1e-1)
  }

  /// Ten utterances of 40 spans of four classes; `clear` holds the class and noise, `noise` only noise.
  private func examples() -> PooledSpans {
    var numbers = RandomNumbers(seed: 3)
    let items = (0..<400).map { i in
      PooledSpans.Item(
        label: numbers.index(below: 4), type: 0, utterance: i / 40, speaker: 0, start: Double(i % 40),
        end: Double(i % 40) + 1)
    }
    var clear = gaussian(400, 12, "clear")
    clear.withUnsafeMutableBuffer { values in
      for (i, item) in items.enumerated() { values[i * 12 + item.label] += 4 }
    }
    return PooledSpans(
      level: .phoneme, isDerived: false, classes: ["a", "b", "c", "d", "never"], types: ["t"],
      speakers: ["s"], utterances: (0..<10).map { "u\($0)" }, items: items,
      states: [("clear", clear), ("noise", gaussian(400, 12, "noise"))])
  }

  private let folds = [
    Fold(train: [0, 1, 2, 3, 4, 5], development: [6, 7], test: [8, 9]),
    Fold(train: [4, 5, 6, 7, 8, 9], development: [], test: [0, 1]),
  ]

  @Test("labels correlate with a layer that holds them, not when shuffled, not with noise")
  func labels() throws {
    let examples = examples()
    let found = try LabelCCA().correlations(examples, folds: folds)
    #expect(found.map(\.layer) == ["clear", "noise"])
    #expect(found[0].value > 0.75 && found[0].folds.allSatisfy { $0 > 0.7 })
    for null in [found[0].shuffled, found[1].value, found[1].shuffled] { #expect(abs(null) < 0.15) }
    #expect(found[0].folds.count == 2 && found[0].testExamples == 160)
    #expect(try LabelCCA().correlations(examples, folds: folds, threads: 2) == found)
  }

  @Test("folds without spans are left out, and none is an error")
  func emptyFolds() throws {
    let examples = examples()
    let empty = Fold(train: [0, 1], development: [], test: [])
    let kept = try LabelCCA().correlations(examples, layers: ["clear"], folds: [empty, folds[0]])
    #expect(kept[0].folds.count == 1)
    #expect(throws: SimilarityError.self) { try LabelCCA().correlations(examples, folds: [empty]) }
  }
}

@Suite("Self-test of similarity") struct SimilaritySelfTestTests {
  @Test("random layers have no similarity", arguments: [(60, 10), (300, 100), (200, 300)])
  func random(rows: Int, width: Int) throws {
    let finding = try SimilaritySelfTest.run(rows: rows, width: width, seed: 4)
    #expect(finding.passes, "\(finding)")
    #expect(finding == (try SimilaritySelfTest.run(rows: rows, width: width, seed: 4)))
  }

  @Test("its limit is six standard deviations of chance")
  func limit() throws {
    let n = 80
    let values = try (0..<40).map { try SimilaritySelfTest.run(rows: n, width: 25, seed: $0).value }
    let spread = (values.reduce(0) { $0 + $1 * $1 } / 40).squareRoot()
    #expect(abs(spread * Double(n) / 2.0.squareRoot() - 1) < 0.35, "\(spread)")
  }

  @Test("says when it fails")
  func failing() {
    let finding = SelfTestFinding(value: 0.2, limit: 0.1, subject: "debiased CKA")
    #expect(!finding.passes && finding.description == "debiased CKA: 0.2, beyond ±0.1")
  }
}
