import Tensors
import Testing

@testable import LinearAlgebra

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Cholesky") struct CholeskyTests {
  @Test("the factor of Pascal's matrix is Pascal's triangle, its determinant 1")
  func pascal() throws {
    let n = 8
    var pascal = Matrix(rows: n, columns: n, repeating: 1)
    for i in 1..<n {
      for j in 1..<n { pascal[i, j] = pascal[i - 1, j] + pascal[i, j - 1] }
    }
    let factor = try CholeskyFactor(of: pascal)
    var triangle = Matrix(rows: n, columns: n)
    for i in 0..<n {
      triangle[i, 0] = 1
      for j in 0..<i { triangle[i, j + 1] = triangle[i - 1, j] + triangle[i - 1, j + 1] }
    }
    #expect(distance(factor.lower, triangle) < 1e-9)
    #expect(abs(factor.logDeterminant) < 1e-9)
  }

  @Test("L·Lᵀ is the matrix and its solutions fit", arguments: [1, 2, 40])
  func residuals(n: Int) throws {
    let a = positiveDefinite(n)
    let factor = try CholeskyFactor(of: a)
    #expect(distance(matrixProduct(factor.lower, .none, factor.lower, .transposed), a) < 1e-11)
    let b = randomMatrix(n, 3)
    #expect(distance(product(a, factor.solve(b)), b) < 1e-12)
    let eigenvalues = try SymmetricEigen.values(of: a)
    #expect(abs(factor.logDeterminant - eigenvalues.reduce(0) { $0 + log($1) }) < 1e-10)
  }

  @Test("names the order at which definiteness fails")
  func indefinite() throws {
    var a = Matrix.identity(4)
    a[2, 2] = -1
    #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 3, size: 4)) {
      try CholeskyFactor(of: a)
    }
    let error = LinearAlgebraError.notPositiveDefinite(order: 3, size: 4)
    #expect(
      "\(error)" == "the 4 × 4 matrix is not positive definite: its leading minor of order 3 is not; "
        + "add a ridge to its diagonal")
    a[1, 1] = .nan
    #expect(throws: LinearAlgebraError.notFinite(row: 1, column: 1)) { try CholeskyFactor(of: a) }
    #expect(try CholeskyFactor(of: Matrix(rows: 0, columns: 0)).logDeterminant == 0)
  }
}

@Suite("Linear systems") struct LinearSystemsTests {
  @Test("a square system has its solution", arguments: [1, 3, 50])
  func square(n: Int) throws {
    let (a, x) = (randomMatrix(n, n), randomMatrix(n, 2, stream: "x"))
    #expect(distance(try solve(a, product(a, x)), x) < 1e-9)
  }

  @Test("a singular one is refused")
  func singular() {
    let a = Matrix(rows: 2, columns: 2, values: [1, 2, 2, 4])
    #expect(throws: LinearAlgebraError.singular(pivot: 1, size: 2)) {
      try solve(a, Matrix(rows: 2, columns: 1, repeating: 1))
    }
    var b = Matrix(rows: 2, columns: 1)
    b[1, 0] = .nan
    #expect(throws: LinearAlgebraError.notFinite(row: 1, column: 0)) { try solve(.identity(2), b) }
  }

  @Test("a line through points is the regression line in closed form")
  func regressionLine() throws {
    let t = [0.0, 1, 2, 3, 5]
    let y = [1.0, 2, 2, 5, 4]
    let design = Matrix(rows: 5, columns: 2, values: t.flatMap { [1, $0] })
    let fit = try leastSquares(design, Matrix(rows: 5, columns: 1, values: y))
    let (meanT, meanY) = (t.reduce(0, +) / 5, y.reduce(0, +) / 5)
    let slope =
      zip(t, y).reduce(0) { $0 + ($1.0 - meanT) * ($1.1 - meanY) }
      / t.reduce(0) { $0 + ($1 - meanT) * ($1 - meanT) }
    #expect(fit.rank == 2)
    #expect(abs(fit.coefficients[1, 0] - slope) < 1e-14)
    #expect(abs(fit.coefficients[0, 0] - (meanY - slope * meanT)) < 1e-14)
  }

  @Test("residuals are orthogonal to the columns, in every shape", arguments: shapes)
  func normalEquations(m: Int, n: Int) throws {
    let (a, b) = (randomMatrix(m, n), randomMatrix(m, 3, stream: "b"))
    let fit = try leastSquares(a, b)
    var residual = product(a, fit.coefficients)
    for i in residual.values.indices { residual.values[i] -= b.values[i] }
    let gradient = matrixProduct(a, .transposed, residual)
    #expect(gradient.values.allSatisfy { abs($0) < 1e-9 })
    #expect(fit.rank == min(m, n) && fit.singularValues.count == min(m, n))
  }

  @Test("of all solutions of a rank-deficient system the shortest")
  func minimumNorm() throws {
    // x₀ + x₁ = 2 twice: the shortest is (1, 1).
    let fit = try leastSquares(
      Matrix(rows: 2, columns: 2, repeating: 1), Matrix(rows: 2, columns: 1, repeating: 2))
    #expect(fit.rank == 1)
    #expect(distance(fit.coefficients, Matrix(rows: 2, columns: 1, repeating: 1)) < 1e-15)
  }

  @Test("takes nothing at all, and refuses NaN")
  func edges() throws {
    #expect(try leastSquares(Matrix(rows: 3, columns: 0), Matrix(rows: 3, columns: 2)).rank == 0)
    var a = Matrix.identity(3)
    a[0, 2] = .nan
    #expect(throws: LinearAlgebraError.notFinite(row: 0, column: 2)) {
      try leastSquares(a, Matrix(rows: 3, columns: 1))
    }
  }
}
