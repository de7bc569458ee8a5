import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Probing

@Suite("A penalty chosen on development rows") struct TunedSoftmaxProbeTests {
  let states: Tensor
  let labels: [Int]

  init() { (states, labels) = planted(600, width: 30, classes: 5, signal: 1.5) }

  /// What Methods says of where fits end.
  @Test(
    "accuracies and losses are within a tenth of a point and 0.001 bits of those of fits to 1e-8",
    arguments: [30, 90])
  func ends(width: Int) throws {
    let (states, labels) = planted(3000, width: width, classes: 20, signal: 1)
    let (train, development, test) = (Array(0..<600), Array(600..<1000), Array(1000..<3000))
    let truth = test.map { labels[$0] }
    for penalty in [100.0, 10, 1] {
      var probe = try TunedSoftmaxProbe(penalties: [penalty])
      let found = try [probe.tolerance, 1e-8].map { tolerance in
        probe.tolerance = tolerance
        return try probe.fit(
          states: states, labels: labels, classCount: 20, train: train, development: development
        ).guesses(states, rows: test, labels: truth)
      }
      let right = found.map { guesses in zip(guesses, truth).count { $0.label == $1 } }
      #expect(abs(right[0] - right[1]) <= 2, "\(right) of \(truth.count) at a penalty of \(penalty)")
      #expect(abs(found[0].logLoss - found[1].logLoss) < 0.001 * log(2))
    }
  }

  /// Few rows of many features, as of words: weak penalties all but separate the classes, and fits that end early hide it.
  @Test("chooses the penalty that exact fits choose where rows are few")
  func fewRows() throws {
    let width = 140
    var (chosen, losses): ([[Double]], [[Double]]) = ([], [])
    for draw in 0..<6 {
      let (states, labels) = planted(420, width: width, classes: 18, signal: 2.5, "\(draw)")
      let (train, development, test) = (Array(0..<216), Array(216..<270), Array(270..<420))
      var own: [(penalty: Double, loss: Double)] = []
      for tolerance in [try TunedSoftmaxProbe(penalties: [1]).tolerance, 1e-8, 1e-3] {
        var probe = try TunedSoftmaxProbe(penalties: [10000, 1000, 100, 10, 1, 0.1, 0.01])
        probe.tolerance = tolerance
        let fitted = try probe.fit(
          states: states, labels: labels, classCount: 18, train: train, development: development)
        let guesses = try fitted.guesses(states, rows: test, labels: test.map { labels[$0] })
        own.append((fitted.penalty, guesses.logLoss))
      }
      chosen.append(own.map(\.penalty))
      losses.append(own.map(\.loss))
    }
    #expect(chosen.allSatisfy { $0[0] == $0[1] }, "\(chosen)")
    #expect(losses.allSatisfy { abs($0[0] - $0[1]) < 1e-4 }, "\(losses)")
    // The rows show what the tolerance is for.
    #expect(losses.contains { abs($0[2] - $0[1]) > 1e-3 }, "\(losses)")
  }

  @Test("is the one with the lowest development loss, and the fit is to all rows")
  func chooses() throws {
    let (train, development) = (Array(0..<250), Array(250..<500))
    let penalties = [1000.0, 100, 10, 1, 0.1]
    let tuned = try TunedSoftmaxProbe(penalties: penalties).fit(
      states: states, labels: labels, classCount: 5, train: train, development: development)
    var losses: [Double] = []
    for penalty in penalties {
      let fitted = try SoftmaxProbe(penalty: penalty).fit(
        states: states.rows(0..<250), labels: Array(labels[..<250]), classCount: 5)
      let guesses = try fitted.guesses(states, rows: development, labels: Array(labels[250..<500]))
      losses.append(-guesses.reduce(0) { $0 + $1.logProbability })
    }
    let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
    #expect(tuned.penalty == penalties[best])
    #expect(best > 0 && best < penalties.count - 1)
    let direct = try SoftmaxProbe(penalty: penalties[best]).fit(
      states: states.rows(0..<500), labels: Array(labels[..<500]), classCount: 5)
    #expect(abs(direct.objective - tuned.objective) < 1e-4 && tuned.isConverged)
    let rest = states.rows(500..<600)
    #expect(try direct.predictions(of: rest) == tuned.predictions(of: rest))
  }

  @Test("is the middle one where development has nothing to say")
  func nothingToChooseOn() throws {
    let probe = try TunedSoftmaxProbe(penalties: [1, 100, 10])
    let fitted = try probe.fit(
      states: states, labels: labels, classCount: 5, train: Array(0..<300), development: [])
    #expect(fitted.penalty == 10 && fitted.classes.count == 5)
    #expect(throws: ProbeError.self) { try TunedSoftmaxProbe(penalties: []) }
    #expect(throws: ProbeError.self) { try TunedSoftmaxProbe(penalties: [1, 0]) }
  }

  @Test("a row counts as no further out than the furthest of training, or ten deviations")
  func limits() {
    // Both vary little in training; the second has one row that stands out there.
    var training = [Float](repeating: 0, count: 400)
    for row in 0..<200 {
      training[2 * row] = row % 2 == 0 ? -1e-3 : 1e-3
      training[2 * row + 1] = row == 7 ? 1 : 0
    }
    let states = Tensor(training + [5, 5, 0.004, 0.9], shape: [202, 2])
    let scaling = FeatureScaling(of: states, rows: Array(0..<200))
    let design = scaling.design(of: states, rows: [7, 200, 201])
    let furthest = design[row: 0][1]
    #expect(furthest > 10)
    #expect(abs(design[row: 1][0] - 10) < 1e-5 && abs(design[row: 1][1] - furthest) < 1e-5)
    #expect(
      abs(design[row: 2][0] - 4) < 1e-5 && design[row: 2][1] < furthest, "what lies within is as it was")
  }
}
