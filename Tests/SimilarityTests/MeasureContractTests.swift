import Tensors
import Testing

@testable import Similarity

/// Every measure, as the tests below take each promise from its own description.
let everyMeasure: [any SimilarityMeasure] = [
  LinearCKA(), LinearCKA(debiased: false), MinibatchCKA(batch: 50), RBFCKA(), RBFCKA(debiased: false),
  RBFCKA(bandwidth: 0.5), MeanCCA(), SVCCA(), PWCCA(), PWCCA(weights: .x), PWCCA(weights: .y), Procrustes(),
  RSA(), RSA(dissimilarity: .euclidean), MutualNeighbours(), PartialCKA(),
]

/// A measure by its place in `everyMeasure`, with a name that a failure can print.
struct Named: CustomTestStringConvertible, Sendable {
  let measure: any SimilarityMeasure
  var testDescription: String { measure.name }

  static let all = everyMeasure.map { Named(measure: $0) }
}

@Suite("Every similarity measure") struct MeasureContractTests {
  let x = decaying(200, 12, "x")
  let y = related(to: decaying(200, 12, "x"), width: 9)

  private func value(_ measure: any SimilarityMeasure, _ x: Tensor, _ y: Tensor) throws -> Double {
    try measure.similarity(x, y).value
  }

  @Test("gives 1 for a layer and itself", arguments: Named.all)
  func selfSimilarity(of named: Named) throws {
    #expect(abs(try value(named.measure, x, x) - 1) < 1e-6)
    #expect(abs(try value(named.measure, y, y) - 1) < 1e-6)
  }

  @Test("is symmetric where it says so, and only there", arguments: Named.all)
  func symmetry(of named: Named) throws {
    let (forth, back) = (try value(named.measure, x, y), try value(named.measure, y, x))
    #expect(named.measure.isSymmetric == (abs(forth - back) < 1e-7), "\(forth), \(back)")
  }

  @Test("stays in its range", arguments: Named.all)
  func range(of named: Named) throws {
    // Rounding may pass an end of the range by this much.
    let slack = 1e-6
    let pairs = [
      (x, y), (x, x), (x, sum(-1, x, 0, x)), (x, gaussian(200, 30, "other")),
      (gaussian(200, 1, "one"), gaussian(200, 30, "thirty")),
      (sum(1, x, 1e-4, gaussian(200, 12, "little")), x),
    ]
    for (a, b) in pairs {
      // A single dimension has no correlation distance.
      guard !(named.measure is RSA && a.width == 1) else { continue }
      let found = try value(named.measure, a, b)
      let range = named.measure.range
      #expect(found > range.lowerBound - slack && found < range.upperBound + slack, "\(found)")
    }
  }

  @Test("ignores what it says it ignores", arguments: Named.all, Invariance.allCases)
  func invariances(of named: Named, _ invariance: Invariance) throws {
    let measure = named.measure
    let before = try value(measure, x, y)
    let after = [
      try value(measure, changed(x, invariance), y), try value(measure, x, changed(y, invariance)),
    ]
    if measure.invariances.contains(invariance) {
      #expect(after.allSatisfy { abs($0 - before) < 2e-6 }, "\(before), \(after)")
    } else {
      #expect(after.contains { abs($0 - before) > 1e-4 }, "\(before), \(after)")
    }
  }

  /// The states after a change of the kind.
  private func changed(_ states: Tensor, _ invariance: Invariance) -> Tensor {
    let p = states.width
    switch invariance {
    case .orthogonal: return matrixProduct(states, .none, rotation(p))
    case .isotropicScaling: return sum(37, states, 0, states)
    case .shift:
      let offset = gaussian(1, p, "offset").values
      return Tensor(states.values.enumerated().map { $1 + 10 * offset[$0 % p] }, shape: states.shape)
    case .invertibleLinear:
      var map = sum(1, rotation(p), 0.2, gaussian(p, p, "linear"))
      map.withUnsafeMutableBuffer { values in
        for i in 0..<p { values[i * p] *= 4 }
      }
      return matrixProduct(states, .none, map)
    }
  }

  /// A random rotation: Householder reflections along random vectors.
  private func rotation(_ p: Int) -> Tensor {
    var result = Matrix.identity(p)
    for reflection in 0..<p {
      let v = gaussian(1, p, "rotation \(reflection)").values.map(Double.init)
      let square = v.reduce(0) { $0 + $1 * $1 }
      for i in 0..<p {
        let along = (0..<p).reduce(0) { $0 + result[i, $1] * v[$1] }
        for j in 0..<p { result[i, j] -= 2 * along * v[j] / square }
      }
    }
    return Tensor(result.values.map(Float.init), shape: [p, p])
  }

  @Test(
    "of independent layers is about zero where it says so, and above it elsewhere", arguments: Named.all)
  func independence(of named: Named) throws {
    let found = try value(named.measure, gaussian(250, 50, "a"), gaussian(250, 40, "b"))
    if let neighbours = named.measure as? MutualNeighbours {
      #expect(abs(found - Double(neighbours.neighbours) / 249) < 0.02, "\(found)")
    } else if named.measure.isUnbiased {
      #expect(abs(found) < 0.03, "\(found)")
    } else {
      #expect(found > 0.1, "\(found)")
    }
  }

  @Test("gives the same at any finite size of the states", arguments: Named.all)
  func scale(of named: Named) throws {
    let expected = try value(named.measure, x, y)
    for exponent in [-100, 100] {
      let factor = Float(sign: .plus, exponent: exponent, significand: 1)
      #expect(abs(try value(named.measure, sum(factor, x, 0, x), y) - expected) < 1e-6)
    }
  }

  @Test("refuses NaN with its place, layers without variance, and rows that differ", arguments: Named.all)
  func refusals(of named: Named) throws {
    let measure = named.measure
    var broken = x
    broken.withUnsafeMutableBuffer { $0[12 * 7 + 5] = .nan }
    #expect(throws: SimilarityError.notFinite(row: 7, column: 5)) { try measure.similarity(broken, y) }
    #expect(throws: SimilarityError.notFinite(row: 7, column: 5)) { try measure.similarity(y, broken) }
    let constant = Tensor(repeating: 3.3, shape: [200, 12])
    #expect(throws: SimilarityError.noVariance) { try measure.similarity(constant, y) }
    #expect(throws: SimilarityError.rowsDiffer(x: 200, y: 199)) {
      try measure.similarity(x, y.rows(0..<199))
    }
    #expect(throws: (any Error).self) { try measure.similarity(x.rows(0..<1), y.rows(0..<1)) }
    #expect(throws: (any Error).self) { try measure.similarity(x.rows(0..<0), y.rows(0..<0)) }
  }

  @Test("leaves dead dimensions out and names them", arguments: Named.all)
  func deadDimensions(of named: Named) throws {
    // 12 dimensions of which 3 and 7 stand still, far from zero.
    var dead = x
    dead.withUnsafeMutableBuffer { values in
      for i in 0..<200 {
        values[i * 12 + 3] = 1000.1
        values[i * 12 + 7] = 0
      }
    }
    var removed: [Float] = []
    for i in 0..<200 { removed += dead[row: i].enumerated().filter { ![3, 7].contains($0.0) }.map(\.1) }
    let found = try named.measure.similarity(dead, y)
    #expect(found.x.dead == [3, 7] && found.y.dead == [])
    // Correlation distance is over the dimensions as they are, dead ones among them.
    guard (named.measure as? RSA)?.dissimilarity != .correlation else { return }
    let expected = try value(named.measure, Tensor(removed, shape: [200, 10]), y)
    #expect(abs(found.value - expected) < 1e-6)
  }

  @Test("has a name of its own")
  func names() {
    // The bandwidth is not part of the name.
    #expect(Set(everyMeasure.map(\.name)).count == everyMeasure.count - 1)
  }
}
