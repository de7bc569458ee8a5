import Tensors
import Testing

@testable import LinearAlgebra

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Symmetric eigendecomposition") struct SymmetricEigenTests {
  /// The second difference matrix, whose eigenvalues are 2 − 2·cos(kπ/(n + 1)).
  private func secondDifference(_ n: Int) -> Matrix {
    var matrix = Matrix(rows: n, columns: n)
    for i in 0..<n {
      matrix[i, i] = 2
      if i > 0 {
        matrix[i, i - 1] = -1
        matrix[i - 1, i] = -1
      }
    }
    return matrix
  }

  @Test("finds the closed form of the second difference, largest first", arguments: [1, 2, 25, 120])
  func closedForm(n: Int) throws {
    let expected = (1...n).map { 2 - 2 * cos(Double(n + 1 - $0) * .pi / Double(n + 1)) }
    let eigen = try SymmetricEigen(of: secondDifference(n))
    let alone = try SymmetricEigen.values(of: secondDifference(n))
    for k in 0..<n {
      #expect(abs(eigen.values[k] - expected[k]) < 1e-13)
      #expect(abs(alone[k] - expected[k]) < 1e-13)
    }
  }

  @Test("rebuilds the matrix from orthonormal vectors", arguments: [1, 2, 17, 96])
  func residuals(n: Int) throws {
    let a = positiveDefinite(n)
    let eigen = try SymmetricEigen(of: a)
    let v = eigen.vectors
    #expect(distance(matrixProduct(v, .none, v, .transposed), .identity(n)) < 1e-12)
    let rebuilt = product(scalingColumns(v.transposed, by: eigen.values), v)
    #expect(distance(rebuilt, a) < 1e-12 * eigen.values[0] * Double(n))
    #expect(eigen.values == eigen.values.sorted(by: >))
  }

  @Test("reads the upper triangle only")
  func upperTriangle() throws {
    var a = positiveDefinite(9)
    let values = try SymmetricEigen.values(of: a)
    for i in 0..<9 {
      for j in 0..<i { a[i, j] = 1e9 }
    }
    #expect(try SymmetricEigen.values(of: a) == values)
  }

  @Test("A^(−½)·A·A^(−½) is the identity, and so is WᵀAW")
  func inverseRoot() throws {
    let a = positiveDefinite(31)
    let eigen = try SymmetricEigen(of: a)
    let root = eigen.inverseSquareRoot()
    #expect(distance(root, root.transposed) < 1e-15)
    #expect(distance(product(product(root, a), root), .identity(31)) < 1e-12)
    let w = eigen.whitening()
    #expect(distance(matrixProduct(w, .transposed, product(a, w)), .identity(31)) < 1e-12)
  }

  @Test("leaves the null space of a singular matrix out")
  func rankDeficient() throws {
    let half = randomMatrix(5, 20)
    let eigen = try SymmetricEigen(of: matrixProduct(half, .transposed, half))
    #expect(eigen.rank() == 5)
    #expect(eigen.whitening().columns == 5)
    let root = eigen.inverseSquareRoot()
    let projector = product(product(root, matrixProduct(half, .transposed, half)), root)
    let trace = (0..<20).reduce(0) { $0 + projector[$1, $1] }
    #expect(abs(trace - 5) < 1e-10)
    #expect(try SymmetricEigen(of: Matrix(rows: 4, columns: 4)).rank() == 0)
  }

  @Test("takes nothing at all, and refuses NaN with its place")
  func edges() throws {
    #expect(try SymmetricEigen(of: Matrix(rows: 0, columns: 0)).values == [])
    var a = positiveDefinite(6)
    a[2, 3] = .nan
    #expect(throws: LinearAlgebraError.notFinite(row: 2, column: 3)) { try SymmetricEigen(of: a) }
    a[2, 3] = -.infinity
    #expect(throws: LinearAlgebraError.notFinite(row: 2, column: 3)) {
      try SymmetricEigen.values(of: a)
    }
  }

  @Test("gives the same bits from several callers at once")
  func concurrentCallers() throws {
    let a = positiveDefinite(60)
    let expected = try SymmetricEigen(of: a).values
    let found = try parallelMap(16, threads: 4) { _ in try SymmetricEigen(of: a).values }
    #expect(found.allSatisfy { $0 == expected })
  }
}
