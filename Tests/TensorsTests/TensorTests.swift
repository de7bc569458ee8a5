import Foundations
import Testing

@testable import Tensors

@Suite("Tensors")
struct TensorTests {
  private let matrix = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])

  @Test("rows are views, and a copy is made before the first write")
  func copyOnWrite() {
    var view = matrix.rows(1..<3)
    #expect(view.values == [3, 4, 5, 6])
    view.withUnsafeMutableBuffer { $0[0] = 9 }
    #expect(view[row: 0] == [9, 4])
    #expect(matrix[row: 1] == [3, 4])
  }

  @Test("borrowed memory is read in place and never written")
  func borrowing() {
    final class Owner { let memory = UnsafeMutablePointer<Float>.allocate(capacity: 2) }
    let owner = Owner()
    owner.memory.update(repeating: 7, count: 2)
    var tensor = Tensor(borrowing: owner.memory, shape: [2], owner: owner)
    tensor.withUnsafeBuffer { #expect($0.baseAddress == UnsafePointer(owner.memory)) }
    tensor.withUnsafeMutableBuffer { $0[0] = 1 }
    #expect(owner.memory[0] == 7)
    #expect(tensor.values == [1, 7])
    owner.memory.deallocate()
  }

  @Test("a transpose turned back is the same")
  func transpose() {
    #expect(matrix.transposed().values == [1, 3, 5, 2, 4, 6])
    #expect(matrix.transposed().transposed() == matrix)
  }

  @Test("the first value that is not finite is found", arguments: [Float.nan, .infinity, -.infinity])
  func nonFinite(value: Float) {
    #expect(matrix.firstNonFinite() == nil)
    #expect(Tensor([1, 2, value, value], shape: [4]).firstNonFinite() == 2)
  }

  @Test("a scalar has one value and an empty tensor none")
  func extents() {
    #expect(Tensor.elementCount(of: []) == 1)
    #expect(Tensor(shape: [0, 5]) { _ in }.count == 0)
    #expect(Tensor(repeating: 2, shape: [2, 2]).values == [2, 2, 2, 2])
  }
}

@Suite("Matrix products")
struct MatrixProductTests {
  /// By the definition, in double precision.
  private func product(_ a: Matrix, _ b: Matrix) -> Matrix {
    var c = Matrix(rows: a.rows, columns: b.columns)
    for i in 0..<a.rows {
      for j in 0..<b.columns { c[i, j] = (0..<a.columns).reduce(0) { $0 + a[i, $1] * b[$1, j] } }
    }
    return c
  }

  private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var numbers = RandomNumbers(seed: seed)
    return Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in numbers.normal() })
  }

  @Test("agree with the definition, transposed or not", arguments: [(3, 4, 5), (1, 7, 2), (17, 33, 9)])
  func definition(m: Int, k: Int, n: Int) {
    let (a, b) = (random(m, k, seed: 1), random(k, n, seed: 2))
    let expected = product(a, b)
    for (x, tx) in [(a, Transposition.none), (a.transposed, .transposed)] {
      for (y, ty) in [(b, Transposition.none), (b.transposed, .transposed)] {
        let found = matrixProduct(x, tx, y, ty)
        #expect(zip(found.values, expected.values).allSatisfy { abs($0 - $1) < 1e-12 })
        let single = matrixProduct(tensor(x), tx, tensor(y), ty)
        #expect(zip(single.values, expected.values).allSatisfy { abs(Double($0) - $1) < 1e-4 })
      }
    }
  }

  @Test("with an inner extent of zero are zero")
  func emptyInner() {
    let product = matrixProduct(Tensor(shape: [2, 0]) { _ in }, .none, Tensor(shape: [0, 3]) { _ in })
    #expect(product.values == [0, 0, 0, 0, 0, 0])
  }

  private func tensor(_ matrix: Matrix) -> Tensor {
    Tensor(matrix.values.map(Float.init), shape: [matrix.rows, matrix.columns])
  }
}

@Suite("Parallel loops")
struct ParallelTests {
  @Test("run every index once and keep the order", arguments: [1, 2, 7])
  func order(threads: Int) throws {
    #expect(try parallelMap(100, threads: threads) { $0 * $0 } == (0..<100).map { $0 * $0 })
  }

  @Test("throw the error of the lowest index")
  func lowestError() {
    struct Failure: Error, Equatable { let index: Int }
    #expect(throws: Failure(index: 3)) {
      try parallelMap(10, threads: 2) { index in
        if index >= 3 { throw Failure(index: index) }
      }
    }
  }
}

@Suite("Random numbers")
struct RandomNumbersTests {
  @Test("the same seed and stream give the same numbers, others give others")
  func seeds() {
    func first(_ seed: UInt64, _ stream: String) -> [UInt64] {
      var numbers = RandomNumbers(seed: seed, stream: stream)
      return (0..<4).map { _ in numbers.next() }
    }
    #expect(first(1, "a") == first(1, "a"))
    #expect(first(1, "a") != first(1, "b"))
    #expect(first(1, "a") != first(2, "a"))
  }

  @Test("normal values have mean 0 and variance 1")
  func normal() {
    var numbers = RandomNumbers(seed: 3)
    let values = (0..<20_000).map { _ in numbers.normal() }
    let mean = values.reduce(0, +) / 20_000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    #expect(abs(mean) < 0.03)  // four standard errors
    #expect(abs(variance - 1) < 0.04)
  }

  @Test("a permutation has every index once")
  func permutation() {
    var numbers = RandomNumbers(seed: 5)
    #expect(numbers.permutation(50).sorted() == Array(0..<50))
  }
}
