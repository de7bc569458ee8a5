import Activations
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import LinearAlgebra
@testable import Probing

/// `linear.json`.
struct LinearReference: Decodable {
  struct Classifier: Decodable {
    /// Of two classes one row only.
    let coef: [[Double]]
    let intercept: [Double]
    let testAccuracy: Double
    let testLogLoss: Double?
  }
  struct Regression: Decodable {
    let coef: [[Double]]
    let intercept: [Double]
    let testR2PerOutput: [Double]
  }

  let classes: Int
  let nTrain: Int
  let ridgeClassifier: [String: Classifier]
  let ridgeRegression: [String: Regression]
  let lda: Classifier

  static func load(_ name: String) throws -> (reference: LinearReference, x: Tensor, y: [Int]) {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let all = try decoder.decode(
      [String: LinearReference].self, from: Data(contentsOf: resource("linear.json")))
    guard let own = all[name] else { throw CocoaError(.fileReadCorruptFile) }
    return (
      own, try readNumpy(resource("probe_\(name)_x.npy")),
      try readNumpy(resource("probe_\(name)_y.npy")).values.map { Int($0) }
    )
  }
}

@Suite("Probes made of sums")
struct LinearProbesTests {
  static let sets = ["balanced4_n800_d20", "imbalanced3_n1000_d16"]

  private func difference(_ a: Matrix, _ b: [[Double]]) -> Double {
    zip(a.values, b.joined()).map { abs($0 - $1) }.max() ?? .infinity
  }

  private func accuracy(_ fitted: FittedDiscriminant, _ x: Tensor, _ y: [Int]) throws -> Double {
    Double(zip(try fitted.predictions(of: x), y).count { $0 == $1 }) / Double(y.count)
  }

  @Test("ridge classifiers are scikit-learn's", arguments: sets)
  func ridge(set: String) throws {
    let (reference, x, y) = try LinearReference.load(set)
    let (train, test) = (x.rows(0..<reference.nTrain), x.rows(reference.nTrain..<x.rows))
    for (alpha, expected) in reference.ridgeClassifier {
      let fitted = try RidgeProbe(penalty: try #require(Double(alpha)), standardises: false)
        .fit(states: train, labels: Array(y.prefix(reference.nTrain)), classCount: reference.classes)
      #expect(difference(fitted.coefficients, expected.coef) < 1e-6)
      #expect(zip(fitted.intercepts, expected.intercept).allSatisfy { abs($0 - $1) < 1e-6 })
      let found = try accuracy(fitted, test, Array(y.dropFirst(reference.nTrain)))
      #expect(abs(found - expected.testAccuracy) < 1e-12)
    }
  }

  @Test("linear discriminant analysis is scikit-learn's (lsqr)", arguments: sets)
  func discriminant(set: String) throws {
    let (reference, x, y) = try LinearReference.load(set)
    let fitted = try LDAProbe(penalty: 0, standardises: false).fit(
      states: x.rows(0..<reference.nTrain), labels: Array(y.prefix(reference.nTrain)),
      classCount: reference.classes)
    // Scores may differ by what all classes share.
    let found = (0..<reference.classes).map { k in
      (0..<x.width).map { fitted.coefficients[k, $0] - fitted.coefficients[0, $0] }
        + [fitted.intercepts[k] - fitted.intercepts[0]]
    }
    let expected = (0..<reference.classes).map { k in
      (0..<x.width).map { reference.lda.coef[k][$0] - reference.lda.coef[0][$0] }
        + [reference.lda.intercept[k] - reference.lda.intercept[0]]
    }
    #expect(zip(found.joined(), expected.joined()).allSatisfy { abs($0 - $1) < 1e-6 })
    let rest = Array(y.dropFirst(reference.nTrain))
    let test = x.rows(reference.nTrain..<x.rows)
    #expect(abs(try accuracy(fitted, test, rest) - reference.lda.testAccuracy) < 1e-12)
    let guesses = try fitted.guesses(test, rows: Array(0..<test.rows), labels: rest)
    let loss = -guesses.reduce(0) { $0 + $1.logProbability } / Double(rest.count)
    #expect(abs(loss - (reference.lda.testLogLoss ?? 0)) < 1e-8)
  }

  @Test("ridge regression is scikit-learn's", arguments: sets)
  func regression(set: String) throws {
    let (reference, x, _) = try LinearReference.load(set)
    let target = try readNumpy(resource("probe_\(set)_target.npy"))
    let targets = Matrix(
      rows: target.rows, columns: target.width, values: target.values.map { Double($0) })
    let train = Array(0..<reference.nTrain)
    for (alpha, expected) in reference.ridgeRegression {
      let fitted = try RegressionSums(x, rows: train, targets: targets)
        .fit(penalty: try #require(Double(alpha)), standardises: false)
      #expect(difference(fitted.coefficients, expected.coef) < 1e-5)
      #expect(zip(fitted.intercepts, expected.intercept).allSatisfy { abs($0 - $1) < 1e-5 })
      let guesses = try fitted.predictions(x, rows: Array(reference.nTrain..<x.rows))
      for k in 0..<2 {
        var tally = ClusterCounts(clusters: 1, .outputs(1))
        for row in 0..<guesses.rows {
          tally.add(
            cluster: 0, truth: [targets[reference.nTrain + row, k]], prediction: [guesses[row, k]])
        }
        let found = tally.counts.values.withUnsafeBufferPointer { MetricValues($0, tally.layout).r2 }
        #expect(abs(found - expected.testR2PerOutput[k]) < 1e-6)
      }
    }
  }

  /// The normal equations: Xᵀ(y − Xw − b) = penalty·w.
  @Test("a ridge regression's residual is what its penalty asks for")
  func normalEquations() throws {
    let x = gaussian(60, 5)
    let y = Matrix(rows: 60, columns: 1, values: (0..<60).map { Double(x.values[$0 * 5]) * 2 + 1 })
    let fitted = try RidgeRegression(penalty: 3, standardises: false).fit(states: x, targets: y)
    let guesses = try fitted.predictions(of: x)
    for j in 0..<5 {
      let pull = (0..<60).reduce(0.0) { $0 + Double(x.values[$1 * 5 + j]) * (y[$1, 0] - guesses[$1, 0]) }
      #expect(abs(pull - 3 * fitted.coefficients[0, j]) < 1e-9)
    }
    #expect(throws: ProbeError.self) { try RidgeRegression(penalty: -1).fit(states: x, targets: y) }
    #expect(throws: ProbeError.self) {
      try RidgeRegression(penalty: 1).fit(states: x, targets: Matrix(rows: 3, columns: 1))
    }
  }

  @Test("moments give the probe that the rows themselves give, shards added up too")
  func moments() throws {
    let (states, labels) = planted(300, width: 6, classes: 3, signal: 1)
    let names = ["a", "b", "c"]
    var parts = (0..<2).map { _ in Moments(layers: [("hidden.1", 6)], classes: names) }
    for (part, rows) in [0..<120, 120..<300].enumerated() {
      parts[part].add([states.rows(rows)], labels: rows.map { labels[$0] })
    }
    let sum = try parts[0] + parts[1]
    let (lda, expected) = (
      try LDAProbe(penalty: 1).fit(sum, layer: "hidden.1"),
      try LDAProbe(penalty: 1).fit(states: states, labels: labels, classCount: 3)
    )
    #expect(
      zip(lda.coefficients.values, expected.coefficients.values).allSatisfy { abs($0 - $1) < 1e-5 })
    let (a, b) = (
      try RidgeProbe(penalty: 1).fit(sum, layer: "hidden.1"),
      try RidgeProbe(penalty: 1).fit(states: states, labels: labels, classCount: 3)
    )
    #expect(zip(a.coefficients.values, b.coefficients.values).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(try a.predictions(of: states) == b.predictions(of: states))
  }

  @Test("what cannot be fitted is refused")
  func refusals() throws {
    let (states, labels) = planted(20, width: 3, classes: 2, signal: 1)
    #expect(throws: ProbeError.self) {
      try RidgeProbe(penalty: -1).fit(states: states, labels: labels, classCount: 2)
    }
    #expect(throws: ProbeError.self) {
      try LDAProbe(penalty: 1).fit(states: states, labels: Array(labels.dropLast()), classCount: 2)
    }
    #expect(throws: ProbeError.self) {
      try LDAProbe(penalty: 1).fit(
        states: states, labels: labels.map { _ in 0 }, classCount: 2)
    }
  }
}
