import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Probing

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
    let blocks = BlockPreconditioner(
      probabilities: objective.probabilities(at: zero), design: design, weights: nil, penalty: 1, lead: lead
    )
    let preconditioner: any SoftmaxPreconditioner =
      lead == 0 ? SharesPreconditioner(shares: shares, design: design, penalty: 1) : try #require(blocks)
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
    // At equal probabilities it is the inverse: H·(H⁻¹·v) = v, here for classes that are moved against each other.
    var v = zero
    for j in 0..<5 { (v[j], v[6 + j]) = (1, -1) }
    var solved = v
    preconditioner.apply(&solved)
    var (up, down) = (zero, zero)
    _ = objective.evaluate(solved, gradient: &up)
    _ = objective.evaluate(solved.map { -$0 }, gradient: &down)
    for i in zero.indices { #expect(abs((up[i] - down[i]) / 2 - v[i]) < 0.04) }
  }

  /// H at given probabilities, in double precision; the mean of the intercepts is held by the rows of a class.
  @Test("on the first axes classes are inverted together: with all axes and rows, exactly")
  func coupledClasses() throws {
    var numbers = RandomNumbers(seed: 11)
    let (rows, classes, width) = (10, 2, 3)
    let design = Tensor(
      (0..<rows).flatMap { _ in [Float(numbers.normal()), Float(numbers.normal()), 1] },
      shape: [rows, width])
    let first = (0..<rows).map { _ in Float(0.2 + 0.6 * numbers.uniform()) }
    let probabilities = Tensor(first + first.map { 1 - $0 }, shape: [classes, rows])
    let weights = (0..<rows).map { Float(1 + $0 % 3) }
    let coupled = try #require(
      CoupledAxes(probabilities: probabilities, design: design, weights: weights, penalty: 0.5))
    #expect(coupled.axes == 2)
    func hessian(_ v: [Double]) -> [Double] {
      v.indices.map { place in
        let (k, a) = (place / width, place % width)
        let mean = (0..<classes).reduce(0) { $0 + v[($1 + 1) * width - 1] } / Double(classes)
        let held = a < 2 ? 0.5 * v[place] : mean * Double(rows) / Double(classes)
        return (0..<rows).reduce(held) { sum, i in
          let p = (0..<classes).map { Double(probabilities[row: $0][i]) }
          let x = design[row: i].map(Double.init)
          let logits = (0..<classes).map { l in (0..<width).reduce(0) { $0 + v[l * width + $1] * x[$1] } }
          let expected = zip(p, logits).reduce(0) { $0 + $1.0 * $1.1 }
          return sum + Double(weights[i]) * p[k] * (logits[k] - expected) * x[a]
        }
      }
    }
    let v = (0..<6).map { _ in numbers.normal() }
    for (one, other) in zip(hessian(coupled.solve(v)), v) { #expect(abs(one - other) < 1e-3) }
  }

  @Test("the inverse at the classes' shares is exact on principal axes, coupled classes included")
  func shares() throws {
    // Two orthogonal axes, both orthogonal to the intercept.
    let design = Tensor([2, 1, 1, 2, -1, 1, -2, 1, 1, -2, -1, 1], shape: [4, 3])
    let (shares, penalty) = ([0.5, 0.3, 0.2], 0.7)
    let preconditioner = SharesPreconditioner(shares: shares, design: design, penalty: penalty)
    var numbers = RandomNumbers(seed: 12)
    let v = (0..<9).map { _ in numbers.normal() }
    var solved = v
    preconditioner.apply(&solved)
    for (j, square) in [16.0, 4, 4].enumerated() {
      let own = (0..<3).map { solved[$0 * 3 + j] }
      let expected = zip(shares, own).reduce(0) { $0 + $1.0 * $1.1 }
      let mean = own.reduce(0, +) / 3
      for k in 0..<3 {
        let held = j < 2 ? penalty * own[k] : mean * 4 / 3
        // Intercepts are held by a thousandth beside it.
        #expect(abs(square * shares[k] * (own[k] - expected) + held - v[k * 3 + j]) < (j < 2 ? 1e-5 : 0.02))
      }
    }
  }

  @Test("a path of penalties ends where fits from nothing end, whichever way it goes")
  func path() throws {
    let (states, labels) = planted(600, width: 10, classes: 5, signal: 1)
    func fit() throws -> SoftmaxFit {
      try SoftmaxFit(TrainingRows(states: states, rows: Array(0..<600), labels: labels, classCount: 5))
    }
    let along = try fit()
    for penalty in [100.0, 10, 1, 30, 300] {
      let alone = try fit()
      let (one, other) = (
        along.solve(penalty: penalty, tolerance: 1e-7), alone.solve(penalty: penalty, tolerance: 1e-7)
      )
      #expect(one.isConverged && other.isConverged)
      for (one, other) in zip(along.featureWeights.values, alone.featureWeights.values) {
        #expect(abs(one - other) < 1e-4)
      }
    }
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
