import Foundations
import Tensors

/// Standard normal values, seeded by the shape.
func randomMatrix(_ rows: Int, _ columns: Int, stream: String = "") -> Matrix {
  var numbers = RandomNumbers(seed: UInt64(rows * 1000 + columns), stream: stream)
  return Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in numbers.normal() })
}

/// `a·b`.
func product(_ a: Matrix, _ b: Matrix) -> Matrix { matrixProduct(a, .none, b) }

/// `AᵀA + n·I` of a random A: symmetric positive definite, well conditioned.
func positiveDefinite(_ n: Int) -> Matrix {
  let a = randomMatrix(n, n, stream: "definite")
  var result = matrixProduct(a, .transposed, a)
  for i in 0..<n { result[i, i] += Double(n) }
  return result
}

/// The largest absolute difference.
func distance(_ a: Matrix, _ b: Matrix) -> Double {
  guard a.rows == b.rows, a.columns == b.columns else { return .infinity }
  return zip(a.values, b.values).map { abs($0 - $1) }.max() ?? 0
}

/// `a` with column j scaled by `scales[j]`.
func scalingColumns(_ a: Matrix, by scales: [Double]) -> Matrix {
  var result = a
  for i in 0..<a.rows {
    for j in 0..<a.columns { result[i, j] *= scales[j] }
  }
  return result
}

/// Tall, wide, square, one row, one column.
let shapes = [(40, 7), (7, 40), (23, 23), (1, 9), (9, 1), (1, 1), (70, 69)]
