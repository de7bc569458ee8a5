import Tensors
import Testing

@testable import LinearAlgebra

@Suite("Singular value decomposition") struct SingularValuesTests {
  @Test("rebuilds the matrix from orthonormal factors", arguments: shapes)
  func residuals(m: Int, n: Int) throws {
    let a = randomMatrix(m, n)
    let svd = try SingularValueDecomposition(of: a)
    let k = min(m, n)
    #expect(svd.u.columns == k && svd.vTransposed.rows == k && svd.values.count == k)
    #expect(distance(matrixProduct(svd.u, .transposed, svd.u), .identity(k)) < 1e-13)
    let v = svd.vTransposed
    #expect(distance(matrixProduct(v, .none, v, .transposed), .identity(k)) < 1e-13)
    #expect(distance(product(scalingColumns(svd.u, by: svd.values), v), a) < 1e-12)
    #expect(svd.values == svd.values.sorted(by: >) && svd.values.allSatisfy { $0 >= 0 })
  }

  @Test("the values alone are those with vectors", arguments: shapes)
  func valuesOnly(m: Int, n: Int) throws {
    let a = randomMatrix(m, n)
    let both = try SingularValueDecomposition(of: a).values
    let alone = try SingularValueDecomposition.values(of: a)
    #expect(zip(both, alone).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test("finds the closed forms of a diagonal, an outer product and a shear")
  func closedForms() throws {
    var diagonal = Matrix(rows: 3, columns: 5)
    diagonal[0, 2] = -7
    diagonal[1, 0] = 3
    diagonal[2, 4] = 0.5
    #expect(try SingularValueDecomposition.values(of: diagonal) == [7, 3, 0.5])

    // ‖u‖·‖v‖ and zeros.
    let outer = product(
      Matrix(rows: 3, columns: 1, values: [1, 2, 2]), Matrix(rows: 1, columns: 2, values: [3, 4]))
    let svd = try SingularValueDecomposition(of: outer)
    #expect(abs(svd.values[0] - 15) < 1e-13 && svd.values[1] < 1e-14)
    #expect(svd.rank == 1)

    // [[1, 1], [0, 1]]: the golden ratio and its inverse.
    let golden = (1 + 5.0.squareRoot()) / 2
    let shear = try SingularValueDecomposition.values(
      of: Matrix(rows: 2, columns: 2, values: [1, 1, 0, 1]))
    #expect(abs(shear[0] - golden) < 1e-15 && abs(shear[1] - 1 / golden) < 1e-15)
  }

  @Test("the squares sum to the squared Frobenius norm, at any scale", arguments: [1e-150, 1, 1e150])
  func frobenius(scale: Double) throws {
    let a = scalingColumns(randomMatrix(30, 12), by: Array(repeating: scale, count: 12))
    let expected = a.values.reduce(0) { $0 + ($1 / scale) * ($1 / scale) }
    let found = try SingularValueDecomposition.values(of: a)
      .reduce(0) { $0 + ($1 / scale) * ($1 / scale) }
    #expect(abs(found / expected - 1) < 1e-13)
  }

  @Test("takes nothing at all, and refuses NaN with its place")
  func edges() throws {
    #expect(try SingularValueDecomposition(of: Matrix(rows: 0, columns: 4)).values == [])
    #expect(try SingularValueDecomposition.values(of: Matrix(rows: 4, columns: 0)) == [])
    #expect(try SingularValueDecomposition(of: Matrix(rows: 4, columns: 3)).rank == 0)
    var a = randomMatrix(8, 5)
    a[7, 4] = .infinity
    #expect(throws: LinearAlgebraError.notFinite(row: 7, column: 4)) {
      try SingularValueDecomposition(of: a)
    }
  }
}
