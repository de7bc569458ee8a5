import Foundations
import Testing

@testable import Tensors

@Suite("The symmetric product") struct SymmetricProductTests {
  @Test("is the upper triangle of AᵀA, and leaves the rest alone", arguments: [(1, 1), (9, 4), (40, 33)])
  func matchesGeneralProduct(k: Int, n: Int) {
    var numbers = RandomNumbers(seed: 1, stream: "syrk")
    let a = Matrix(rows: k, columns: n, values: (0..<k * n).map { _ in numbers.normal() })
    let whole = matrixProduct(a, .transposed, a)
    var double = [Double](repeating: 1, count: n * n)
    var single = [Float](repeating: 1, count: n * n)
    BLAS.syrk(n: n, k: k, alpha: 2, a.values, lda: n, beta: -1, &double, ldc: n)
    BLAS.syrk(n: n, k: k, alpha: 2, a.values.map(Float.init), lda: n, beta: -1, &single, ldc: n)
    for i in 0..<n {
      for j in 0..<n {
        let expected = j < i ? 1 : 2 * whole[i, j] - 1
        #expect(abs(double[i * n + j] - expected) < 1e-12)
        #expect(abs(Double(single[i * n + j]) - expected) < 1e-4)
      }
    }
  }
}
