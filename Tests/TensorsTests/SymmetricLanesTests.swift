import Foundations
import Testing

@testable import Tensors

@Suite("Symmetric matrices side by side") struct SymmetricLanesTests {
  /// `count` times XᵀX/n + 0.1, of other rows each.
  private func positive(_ count: Int, _ size: Int) -> [Matrix] {
    var numbers = RandomNumbers(seed: 3, stream: "lanes")
    return (0..<count).map { _ in
      let rows = Matrix(
        rows: 2 * size, columns: size, values: (0..<(2 * size * size)).map { _ in numbers.normal() })
      var gram = matrixProduct(rows, .transposed, rows)
      for i in 0..<size {
        for j in 0..<size { gram[i, j] = gram[i, j] / Double(2 * size) + (i == j ? 0.1 : 0) }
      }
      return gram
    }
  }

  private func lanes(_ matrices: [Matrix]) -> SymmetricLanes {
    let size = matrices[0].rows
    var result = SymmetricLanes(count: matrices.count, size: size)
    for (index, matrix) in matrices.enumerated() {
      // Below the diagonal nothing is read.
      var values = (0..<(size * size)).map { i in
        i % size < i / size ? Float.nan : Float(matrix.values[i])
      }
      values.withUnsafeMutableBufferPointer { result.set(index, to: $0) }
    }
    return result
  }

  private func products(_ blocks: SymmetricLanes, _ vectors: [[Double]]) -> [[Double]] {
    var x = [Float](repeating: 0, count: blocks.vectorCount)
    for (index, vector) in vectors.enumerated() {
      for (i, value) in vector.enumerated() { x[blocks.place(index, i)] = Float(value) }
    }
    var y = x
    x.withUnsafeBufferPointer { x in y.withUnsafeMutableBufferPointer { blocks.multiply(x, into: $0) } }
    return vectors.indices.map { index in
      vectors[index].indices.map { Double(y[blocks.place(index, $0)]) }
    }
  }

  @Test("are multiplied and inverted as one by one", arguments: [(1, 1), (3, 7), (16, 33), (41, 12)])
  func inverses(count: Int, size: Int) {
    let matrices = positive(count, size)
    var numbers = RandomNumbers(seed: 4, stream: "vectors")
    let vectors = (0..<count).map { _ in (0..<size).map { _ in numbers.normal() } }
    var blocks = lanes(matrices)
    let products = products(blocks, vectors)
    for (matrix, (vector, product)) in zip(matrices, zip(vectors, products)) {
      for i in 0..<size {
        let truth = (0..<size).reduce(0.0) { $0 + matrix[i, $1] * vector[$1] }
        #expect(abs(product[i] - truth) < 1e-4)
      }
    }
    let isDefinite = blocks.invert()
    #expect(isDefinite)
    // A⁻¹·(A·v) = v.
    for (vector, back) in zip(vectors, self.products(blocks, products)) {
      for i in 0..<size { #expect(abs(back[i] - vector[i]) < 1e-3) }
    }
  }

  @Test("say that one of them is not positive definite")
  func indefinite() {
    var matrices = positive(20, 5)
    matrices[18][2, 2] = -1
    var blocks = lanes(matrices)
    let isDefinite = blocks.invert()
    #expect(!isDefinite)
  }
}
