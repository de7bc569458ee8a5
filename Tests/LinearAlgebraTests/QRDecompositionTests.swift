import Tensors
import Testing

@testable import LinearAlgebra

@Suite("QR decomposition") struct QRDecompositionTests {
  @Test("rebuilds the matrix from an orthonormal and a triangular factor", arguments: shapes)
  func residuals(m: Int, n: Int) throws {
    let a = randomMatrix(m, n)
    let qr = try QRDecomposition(of: a)
    let k = min(m, n)
    #expect(qr.q.rows == m && qr.q.columns == k && qr.r.rows == k && qr.r.columns == n)
    #expect(distance(matrixProduct(qr.q, .transposed, qr.q), .identity(k)) < 1e-13)
    #expect(distance(product(qr.q, qr.r), a) < 1e-12)
    for i in 0..<k {
      for j in 0..<min(i, n) { #expect(qr.r[i, j] == 0) }
    }
  }

  @Test("R of a 3-4-5 column is its length up to sign")
  func closedForm() throws {
    let qr = try QRDecomposition(of: Matrix(rows: 2, columns: 1, values: [3, 4]))
    #expect(abs(abs(qr.r[0, 0]) - 5) < 1e-15)
  }

  @Test("takes nothing at all, and refuses NaN with its place")
  func edges() throws {
    #expect(try QRDecomposition(of: Matrix(rows: 3, columns: 0)).q.columns == 0)
    var a = randomMatrix(4, 4)
    a[0, 1] = .nan
    #expect(throws: LinearAlgebraError.notFinite(row: 0, column: 1)) { try QRDecomposition(of: a) }
  }
}
