import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Probing

@Suite("Softmax probe") struct SoftmaxProbeTests {
  @Test("what a block adds to wide and correlated features is what exact fits say that it adds")
  func blockBesideCorrelatedFeatures() throws {
    let (rows, factors, width, own, classes) = (450, 24, 240, 40, 20)
    var numbers = RandomNumbers(seed: 12, stream: "block")
    let mixing = (0..<(factors * width)).map { _ in numbers.normal() }
    let labels = (0..<rows).map { _ in numbers.index(below: classes) }
    let states = Tensor(
      labels.flatMap { label in
        let factor = (0..<factors).map { numbers.normal() + ($0 == label ? 2 : 0) }
        let mixed = (0..<width).map { j in
          (0..<factors).reduce(0.3 * numbers.normal()) { $0 + factor[$1] * mixing[$1 * width + j] }
        }
        let layer = (0..<own).map { 0.3 * factor[$0 % factors] + ($0 == label ? 2 : 0) + numbers.normal() }
        return (mixed + layer).map { Float($0) }
      }, shape: [rows, width + own])
    let alone = Tensor((0..<rows).flatMap { states[row: $0].prefix(width) }, shape: [rows, width])
    let (test, fold) = (
      Array(300..<rows),
      FoldRows(train: Array(0..<225), development: Array(225..<300), outer: Array(0..<300))
    )

    func gain(_ probe: any TunedProbe) throws -> Double {
      func input(_ states: Tensor) -> ProbeInput {
        ProbeInput(states: states, labels: labels, classCount: classes)
      }
      let truth = test.map { labels[$0] }
      let first = try probe.fit(input(alone), fold)
      let both = try probe.fit(input(states), fold, blockFrom: width, after: first)
      let losses = try (
        first.probe.guesses(alone, rows: test, labels: truth).logLoss,
        both.probe.guesses(states, rows: test, labels: truth).logLoss
      )
      return (losses.0 - losses.1) / log(2)
    }
    let probe = try TunedSoftmaxProbe(penalties: [1000, 100, 10, 1, 0.1])
    var exact = probe
    exact.tolerance = 1e-7
    let (seen, truth) = try (gain(probe), gain(exact))
    #expect(abs(seen - truth) < 1e-3 && truth > 0.02, "\(seen) bits, exactly \(truth)")
  }

  /// Coefficients, intercepts, objective and predictions of Newton's method in double precision.
  @Test(
    "agrees with the reference fits",
    arguments: ["binary_n600_d32", "balanced4_n800_d20", "imbalanced3_n1000_d16", "ten_n1500_d48"])
  func reference(name: String) throws {
    let (set, x, y) = try ReferenceSet.load(name)
    let (train, test) = (x.rows(0..<set.nTrain), x.rows(set.nTrain..<x.rows))
    let truth = Array(y[set.nTrain...])
    for (label, fit) in set.fits.sorted(by: { $0.key < $1.key }) {
      let balanced = label.hasSuffix("_balanced")
      let c = try #require(Double(label.dropFirst().prefix { $0 != "_" }))
      // A gradient of norm g leaves coefficients at most g / penalty from the minimum: at 1e-8 a row and the weakest of
      // these penalties, 0.01, a thousandth, whichever way a BLAS kernel's last digits lead the solver there.
      let probe = SoftmaxProbe(
        penalty: 1 / c, tolerance: 1e-8, standardises: false, isBalanced: balanced)
      let fitted = try probe.fit(
        states: train, labels: Array(y[..<set.nTrain]), classCount: set.classes)

      // A gradient of norm g leaves the objective at most g²/(2·penalty) above its minimum, and single
      // precision a few 1e-7 a row.
      let excess = fitted.objective - fit.objective
      #expect(abs(excess) < 1e-6 * Double(set.nTrain), "\(label): objective off by \(excess)")
      let coefficients = fitted.coefficients
      let scale = fit.coef.joined().map(abs).max() ?? 1
      var worst = 0.0
      for k in 0..<set.classes {
        for j in 0..<x.width { worst = max(worst, abs(coefficients[k, j] - fit.coef[k][j])) }
        worst = max(worst, abs(fitted.intercepts[k] - fit.interceptMeanZero[k]))
      }
      #expect(worst < 1e-3 * scale, "\(label): coefficients off by \(worst) of \(scale)")

      let guesses = try fitted.guesses(test, rows: Array(0..<test.rows), labels: truth)
      var tally = ClusterCounts(clusters: 1, .classes(set.classes))
      var confusion = fit.testConfusion.map { $0.map { _ in 0.0 } }
      for (guess, label) in zip(guesses, truth) {
        tally.add(
          cluster: 0, truth: label, prediction: guess.label, logProbability: guess.logProbability)
        confusion[label][guess.label] += 1
      }
      #expect(confusion == fit.testConfusion)
      let metrics = tally.counts.values.withUnsafeBufferPointer {
        MetricValues($0, .classes(set.classes))
      }
      #expect(abs(metrics.accuracy - fit.testAccuracy) < 1e-12)
      #expect(abs(metrics.balancedAccuracy - fit.testBalancedAccuracy) < 1e-12)
      #expect(abs(metrics.macroF1 - fit.testMacroF1) < 1e-12)
      #expect(abs(metrics.logLoss - fit.testLogLoss) < 2e-4 * max(1, fit.testLogLoss))
      let probabilities = try fitted.logProbabilities(of: test.rows(0..<5)).values.map { exp(Double($0)) }
      let difference = zip(probabilities, fit.testProbabilitiesFirst5.joined()).map { abs($0 - $1) }
      #expect((difference.max() ?? 1) < 2e-4)
    }
  }

  @Test("standardised features make the fit blind to shift and scale")
  func scaleFree() throws {
    let (states, labels) = planted(300, width: 6, classes: 3, signal: 1.5)
    var moved = states
    moved.withUnsafeMutableBuffer { values in
      for i in values.indices { values[i] = values[i] * Float(1 << (i % 6)) + Float(i % 6 * 10) }
    }
    let probe = SoftmaxProbe(penalty: 3, tolerance: 1e-7)
    let a = try probe.fit(states: states, labels: labels, classCount: 3)
    let b = try probe.fit(states: moved, labels: labels, classCount: 3)
    #expect(abs(a.objective - b.objective) < 1e-4)
    #expect(try a.predictions(of: states) == b.predictions(of: moved))
  }

  @Test("a feature that does not vary in training is ignored, whatever it does later", arguments: [0, 0.1])
  func deadFeature(constant: Float) throws {
    let (states, labels) = planted(200, width: 5, classes: 2, signal: 2)
    var training = states
    training.withUnsafeMutableBuffer { values in
      for i in 0..<200 { values[i * 5 + 4] = constant }
    }
    let fitted = try SoftmaxProbe(penalty: 1).fit(states: training, labels: labels, classCount: 2)
    #expect(fitted.coefficients[0, 4] == 0 && fitted.coefficients[1, 4] == 0)
    var wild = training
    wild.withUnsafeMutableBuffer { values in
      for i in 0..<200 { values[i * 5 + 4] = Float(i) * 1e6 }
    }
    #expect(try fitted.logProbabilities(of: wild) == fitted.logProbabilities(of: training))
  }

  @Test("without any feature the fit is the classes' frequencies")
  func frequencies() throws {
    let labels = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]
    let fitted = try SoftmaxProbe(penalty: 1, tolerance: 1e-8).fit(
      states: Tensor(repeating: 7, shape: [10, 3]), labels: labels, classCount: 3)
    let found = try fitted.logProbabilities(of: Tensor(repeating: 7, shape: [1, 3])).values
    for (p, expected) in zip(found, [0.5, 0.3, 0.2]) { #expect(abs(exp(Double(p)) - expected) < 1e-5) }
    let entropy = -10 * (0.5 * log(0.5) + 0.3 * log(0.3) + 0.2 * log(0.2))
    #expect(abs(fitted.objective - entropy) < 1e-5)
  }

  @Test("a class without a training row is never predicted")
  func absentClass() throws {
    let (states, labels) = planted(120, width: 5, classes: 3, signal: 2)
    let fitted = try SoftmaxProbe(penalty: 1).fit(
      states: states, labels: labels.map { $0 == 0 ? 4 : $0 }, classCount: 5)
    #expect(fitted.classes == [1, 2, 4])
    #expect(Set(try fitted.predictions(of: states)) == [1, 2, 4])
    let logs = try fitted.logProbabilities(of: states)
    #expect(logs[row: 0][0] == -.infinity && logs[row: 0][3] == -.infinity)
    let sums = (0..<120).map { logs[row: $0].reduce(0.0) { $0 + exp(Double($1)) } }
    #expect(sums.allSatisfy { abs($0 - 1) < 1e-5 })
    #expect(fitted.intercepts[0] == -.infinity && fitted.intercepts[4].isFinite)
  }

  @Test("converges to the gradient norm that was asked for, at any penalty", arguments: [1e4, 1, 1e-3])
  func converges(penalty: Double) throws {
    let (states, labels) = planted(400, width: 24, classes: 8, signal: 1)
    let fitted = try SoftmaxProbe(penalty: penalty).fit(states: states, labels: labels, classCount: 8)
    #expect(fitted.isConverged && fitted.gradientNorm <= 1e-5 * 400)
  }

  @Test("gives the same bits with any number of threads")
  func threads() throws {
    let (states, labels) = planted(5000, width: 12, classes: 4, signal: 1)
    let probe = SoftmaxProbe(penalty: 1)
    let one = try probe.fit(states: states, labels: labels, classCount: 4)
    let three = try probe.fit(states: states, labels: labels, classCount: 4, threads: 3)
    #expect(one.weights == three.weights && one.objective == three.objective)
  }

  @Test("refuses what it cannot be fitted to")
  func refusals() throws {
    let states = gaussian(4, 2)
    let probe = SoftmaxProbe(penalty: 1)
    #expect(throws: ProbeError.rowMismatch(states: 4, labels: 3)) {
      try probe.fit(states: states, labels: [0, 1, 0], classCount: 2)
    }
    #expect(throws: ProbeError.noSuchClass(label: 2, classes: 2, row: 1)) {
      try probe.fit(states: states, labels: [0, 2, 0, 1], classCount: 2)
    }
    #expect(throws: ProbeError.oneClass(label: 1)) {
      try probe.fit(states: states, labels: [1, 1, 1, 1], classCount: 2)
    }
    #expect(throws: ProbeError.noRows) {
      try probe.fit(states: Tensor(shape: [0, 2]), labels: [], classCount: 2)
    }
    #expect(throws: ProbeError.notFinite(row: 1, feature: 1)) {
      try probe.fit(states: Tensor([0, 1, 2, .nan], shape: [2, 2]), labels: [0, 1], classCount: 2)
    }
    #expect(throws: ProbeError.self) {
      try SoftmaxProbe(penalty: -1).fit(states: states, labels: [0, 1, 0, 1], classCount: 2)
    }
    let fitted = try probe.fit(states: states, labels: [0, 1, 0, 1], classCount: 2)
    #expect(throws: ProbeError.widthMismatch(found: 3, expected: 2)) {
      try fitted.predictions(of: gaussian(2, 3))
    }
  }
}
