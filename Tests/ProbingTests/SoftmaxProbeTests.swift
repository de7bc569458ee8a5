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
    (exact.searchTolerance, exact.tolerance) = (1e-7, 1e-7)
    let (seen, truth) = try (gain(#require(probe.converged)), gain(exact))
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

@Suite("The pieces of a softmax fit") struct SoftmaxPiecesTests {
  /// The gradient against differences of the loss, and the loss against a loop in double precision.
  @Test("loss and gradient are those of the definition", arguments: [false, true])
  func gradient(weighted: Bool) {
    let (states, labels) = planted(700, width: 5, classes: 4, signal: 1)
    let rows = Array(0..<700)
    let design = FeatureScaling(of: states, rows: rows).design(of: states, rows: rows)
    let weights = weighted ? labels.map { Float($0 + 1) } : nil
    let objective = SoftmaxObjective(
      design: design, labels: labels, weights: weights, classes: 4, penalty: 2)
    var numbers = RandomNumbers(seed: 3)
    let point = (0..<24).map { _ in numbers.normal() }
    var gradient = point
    let loss = objective.evaluate(point, gradient: &gradient)

    func plain(_ w: [Double]) -> Double {
      var sum = 0.0
      for i in rows {
        let x = design[row: i].map(Double.init)
        let logits = (0..<4).map { k in (0..<6).reduce(0.0) { $0 + w[k * 6 + $1] * x[$1] } }
        let logSum = log(logits.reduce(0) { $0 + exp($1) })
        sum += Double(weights?[i] ?? 1) * (logSum - logits[labels[i]])
      }
      for k in 0..<4 { for j in 0..<5 { sum += w[k * 6 + j] * w[k * 6 + j] } }
      return sum
    }
    #expect(abs(loss - plain(point)) < 1e-6 * loss)
    for i in point.indices {
      let step = 1e-4
      var (up, down) = (point, point)
      up[i] += step
      down[i] -= step
      let difference = (plain(up) - plain(down)) / (2 * step)
      #expect(abs(difference - gradient[i]) < 1e-3 * max(10, abs(difference)))
    }
  }

  /// They are linear, symmetric and positive, or L-BFGS would go astray.
  @Test(
    "preconditioners are symmetric and positive definite, and near the inverse Hessian",
    arguments: [0, 3, 5])
  func preconditioners(lead: Int) throws {
    let (states, labels) = planted(400, width: 5, classes: 3, signal: 1)
    let training = try TrainingRows(
      states: states, rows: Array(0..<400), labels: labels, classCount: 3)
    let scaling = FeatureScaling(of: states, rows: training.rows)
    let features = scaling.design(of: states, rows: training.rows)
    let rotation = try training.axes.rotation(for: scaling, design: features)
    let axes = matrixProduct(
      Matrix(
        rows: 400, columns: 5, values: (0..<400).flatMap { features[row: $0].prefix(5).map(Double.init) }),
      .none, rotation)
    let design = Tensor(
      (0..<400).flatMap { row in (0..<5).map { Float(axes[row, $0]) } + [1] }, shape: [400, 6])
    let objective = SoftmaxObjective(design: design, labels: labels, classes: 3, penalty: 1)
    let zero = [Double](repeating: 0, count: objective.pointCount)
    let shares = [1, 1, 1].map { $0 / 3.0 }
    let preconditioner = try #require(
      lead == 0
        ? SoftmaxPreconditioner(shares: shares, design: design, penalty: 1)
        : SoftmaxPreconditioner(
          probabilities: objective.probabilities(at: zero), design: design, weights: nil, penalty: 1,
          lead: lead))
    let columns = zero.indices.map { i in
      var unit = zero
      unit[i] = 1
      preconditioner.apply(&unit)
      return unit
    }
    for i in zero.indices {
      #expect(columns[i][i] > 0)
      for j in zero.indices { #expect(abs(columns[i][j] - columns[j][i]) < 1e-6 * columns[i][i] + 1e-9) }
    }
    // Blocks are made of few rows here: 8 and 12 of 400.
    guard lead == 0 else { return }
    // At equal probabilities the Hessian of K classes is K/(K − 1) times their own blocks for a v that sums to zero over
    // them, and on principal axes these are diagonal: H·(H⁻¹·v) = 1.5·v but for penalty and intercepts.
    var v = zero
    for j in 0..<5 { (v[j], v[6 + j]) = (1, -1) }
    var solved = v
    preconditioner.apply(&solved)
    var (up, down) = (zero, zero)
    _ = objective.evaluate(solved, gradient: &up)
    _ = objective.evaluate(solved.map { -$0 }, gradient: &down)
    for i in zero.indices { #expect(abs((up[i] - down[i]) / 2 - 1.5 * v[i]) < 0.04) }
  }

  @Test(
    "a start that fits worse than none is not taken: a feature that hardly varies in the rows it comes from"
  )
  func farStart() throws {
    let (features, labels) = planted(240, width: 6, classes: 3, signal: 1)
    let values = (0..<240).flatMap { row -> [Float] in
      let own = Array(features[row: row])
      return own.dropLast() + [own[5] * (row < 120 ? 1e-4 : 100)]
    }
    let states = Tensor(values, shape: [240, 6])
    func fit(_ rows: [Int]) throws -> SoftmaxFit {
      try SoftmaxFit(
        TrainingRows(states: states, rows: rows, labels: rows.map { labels[$0] }, classCount: 3))
    }
    let some = try fit(Array(0..<120))
    let (all, fresh) = try (fit(Array(0..<240)), fit(Array(0..<240)))
    let near = some.fitted(classCount: 3, outcome: some.solve(penalty: 0.01, tolerance: 1e-6))
    all.start(from: near, penalty: 1)
    #expect(all.solve(penalty: 1, tolerance: 1e-6, maximumIterations: 60).isConverged)
    #expect(fresh.solve(penalty: 1, tolerance: 1e-6, maximumIterations: 60).isConverged)
    for (one, other) in zip(all.featureWeights.values, fresh.featureWeights.values) {
      #expect(abs(one - other) < 1e-3)
    }
  }

  @Test("a feature that varies by rounding in a fold, and by less in all rows, is fitted and no trap")
  func rounding() throws {
    let (features, labels) = planted(400, width: 4, classes: 3, signal: 1)
    // Five units in the last place in every other row of the first quarter, constant after it: the bound is two.
    let values = (0..<400).flatMap { row -> [Float] in
      features[row: row].dropLast() + [row < 100 && row % 2 == 0 ? 1 + 5 * Float(1).ulp : 1]
    }
    let states = Tensor(values, shape: [400, 4])
    let axes = PrincipalAxes(of: states, rows: Array(0..<400))
    for rows in [Array(0..<100), Array(0..<400), Array(100..<400)] {
      let fit = try SoftmaxFit(
        TrainingRows(
          states: states, rows: rows, labels: rows.map { labels[$0] }, classCount: 3, axes: axes))
      #expect(fit.solve(penalty: 1, tolerance: 1e-6).isConverged)
      let alone = try SoftmaxFit(
        TrainingRows(states: states, rows: rows, labels: rows.map { labels[$0] }, classCount: 3))
      alone.solve(penalty: 1, tolerance: 1e-6)
      for (one, other) in zip(fit.featureWeights.values, alone.featureWeights.values) {
        #expect(abs(one - other) < 1e-3)
      }
    }
  }

  @Test(
    "principal axes change no result, whichever rows they are of and where rows are fewer than features")
  func axes() throws {
    for (rows, width) in [(300, 12), (40, 90)] {
      var (states, labels) = planted(rows, width: width, classes: 4, signal: 1)
      // A feature that varies in the last rows only.
      states = Tensor(
        (0..<rows).flatMap { row in
          states[row: row].dropLast() + [row < rows - 10 ? 1 : Float(row)]
        }, shape: [rows, width])
      let all = PrincipalAxes(of: states, rows: Array(0..<rows))
      let own = Array(0..<(rows - 10))
      func fitted(_ axes: PrincipalAxes?) throws -> Matrix {
        let fit = try SoftmaxFit(
          TrainingRows(
            states: states, rows: own, labels: own.map { labels[$0] }, classCount: 4, axes: axes))
        #expect(fit.solve(penalty: 3, tolerance: 1e-7).isConverged)
        return fit.featureWeights
      }
      // A gradient of that norm leaves weights within it over the penalty of their minimum, each of the two.
      let bound = 2 * 1e-7 * Double(own.count) / 3 + 1e-5
      let (one, other) = try (fitted(nil), fitted(all))
      #expect(one.columns == width && zip(one.values, other.values).allSatisfy { abs($0 - $1) < bound })
    }
  }
}

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
