import Foundation
import LinearAlgebra
import Tensors
import Testing

@Suite("L-BFGS") struct LBFGSTests {
  /// ½xᵀAx − bᵀx has its minimum where Ax = b.
  @Test("solves a quadratic's linear system", arguments: [1, 2, 17, 60])
  func quadratic(size: Int) throws {
    let a = positiveDefinite(size)
    let b = randomMatrix(size, 1, stream: "right side")
    let solution = try CholeskyFactor(of: a).solve(b)
    var x = [Double](repeating: 0, count: size)
    let outcome = LBFGS(gradientTolerance: 1e-9).minimise(&x) { quadratic(a, b.values, $0, &$1) }
    #expect(outcome.isConverged)
    #expect(outcome.gradientNorm <= 1e-9)
    #expect(distance(Matrix(rows: size, columns: 1, values: x), solution) < 1e-10)
    let value = -0.5 * zip(b.values, solution.values).map { $0 * $1 }.reduce(0, +)
    #expect(abs(outcome.value - value) <= 1e-12 * max(1, abs(value)))
  }

  @Test("needs one step where the preconditioner is the inverse Hessian")
  func exactPreconditioner() throws {
    let scales = (0..<30).map { Double(1 << $0) }  // condition number 5e8
    let a = scalingColumns(.identity(30), by: scales)
    let b = [Double](repeating: 1, count: 30)
    var x = [Double](repeating: 0, count: 30)
    let outcome = LBFGS(gradientTolerance: 1e-9).minimise(
      &x, precondition: { v in for i in v.indices { v[i] /= scales[i] } },
      objective: { quadratic(a, b, $0, &$1) })
    #expect(outcome.isConverged && outcome.iterations == 1 && outcome.evaluations == 2)
    #expect(zip(x, scales).allSatisfy { abs($0 * $1 - 1) < 1e-12 })
  }

  /// Rosenbrock's valley, its minimum at (1, …, 1), from the classical start.
  @Test("follows Rosenbrock's valley", arguments: [2, 10, 50])
  func rosenbrock(size: Int) {
    var x = (0..<size).map { $0 % 2 == 0 ? -1.2 : 1.0 }
    let outcome = LBFGS(gradientTolerance: 1e-8).minimise(&x) { x, gradient in
      for i in gradient.indices { gradient[i] = 0 }
      var value = 0.0
      for i in 0..<(size - 1) {
        let (a, b) = (x[i + 1] - x[i] * x[i], 1 - x[i])
        value += 100 * a * a + b * b
        gradient[i] += -400 * x[i] * a - 2 * b
        gradient[i + 1] += 200 * a
      }
      return value
    }
    #expect(outcome.isConverged)
    // From this start the valley of more variables has a second, local minimum near x₀ = −1.
    if abs(x[0] - 1) < 0.5 { #expect(x.allSatisfy { abs($0 - 1) < 1e-6 }) }
    #expect(outcome.evaluations < 8 * size + 80)
  }

  @Test("never goes up, and says how it ended")
  func endings() {
    var values: [Double] = []
    var x = [3.0, -2]
    let limited = LBFGS(gradientTolerance: 0, maximumIterations: 3).minimise(&x) { x, gradient in
      gradient = [4 * x[0] * x[0] * x[0], 2 * x[1]]
      let value = x[0] * x[0] * x[0] * x[0] + x[1] * x[1]
      values.append(value)
      return value
    }
    #expect(limited.ending == .iterationLimit && limited.iterations == 3)
    #expect(limited.evaluations == values.count && limited.value < values[0])

    var start = [1.0]
    let undefined = LBFGS(gradientTolerance: 1e-3).minimise(&start) { _, gradient in
      gradient[0] = 1
      return .nan
    }
    #expect(undefined.ending == .notFinite && start == [1])

    // A gradient of the wrong sign: nothing along it is lower.
    var lost = [1.0]
    let stuck = LBFGS(gradientTolerance: 1e-3).minimise(&lost) { x, gradient in
      gradient[0] = -2 * x[0]
      return x[0] * x[0]
    }
    #expect(stuck.ending == .noFurtherDecrease && lost == [1])
  }

  @Test("steps back from where the function is not defined")
  func barrier() {
    var x = [0.001]  // −log x + x has its minimum at 1 and is NaN below 0
    let outcome = LBFGS(gradientTolerance: 1e-10).minimise(&x) { x, gradient in
      guard x[0] > 0 else { return .nan }
      gradient[0] = 1 - 1 / x[0]
      return x[0] - log(x[0])
    }
    #expect(outcome.isConverged && abs(x[0] - 1) < 1e-9)
  }

  @Test("passes an error of the objective on")
  func error() {
    struct Stop: Error {}
    var x = [1.0]
    #expect(throws: Stop.self) {
      try LBFGS(gradientTolerance: 1e-3).minimise(&x) { _, _ in throw Stop() }
    }
  }

  private func quadratic(_ a: Matrix, _ b: [Double], _ x: [Double], _ gradient: inout [Double]) -> Double {
    var value = 0.0
    for i in b.indices {
      let product = b.indices.reduce(0.0) { $0 + a[i, $1] * x[$1] }
      gradient[i] = product - b[i]
      value += x[i] * (0.5 * product - b[i])
    }
    return value
  }
}
