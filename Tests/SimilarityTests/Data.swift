import Foundation
import Foundations
import StrataTestSupport
import Tensors

@testable import Similarity

func resource(_ name: String) -> URL {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Resources/\(name)")
}

/// The inputs and the float64 results of one reference case (`Resources/README.md`).
struct ReferenceCase: Sendable {
  let name: String
  let x, y: Tensor
  let values: [String: Double]

  static let names = [
    "constant_columns_n800", "independent_n1000", "large_offset_n900", "n2000_d64_d48", "n500_d16_d24",
    "rank_deficient_n600_rank8_d32", "rotated_scaled_shifted_n700", "wide_n120_d200_d150",
  ]

  init(_ name: String) throws {
    self.name = name
    x = try readNumpy(resource("sim_\(name)_x.npy"))
    y = try readNumpy(resource("sim_\(name)_y.npy"))
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: resource("similarity.json")))
    let cases = json as? [String: [String: Any]]
    values = (cases?[name] ?? [:]).compactMapValues { $0 as? Double }
  }

  /// |found − reference| over |reference|; infinite where there is no reference.
  func error(_ found: Double, _ key: String) -> Double {
    guard let reference = values[key] else { return .infinity }
    return abs(found - reference) / abs(reference)
  }
}

/// The largest relative difference from a reference value.
let tolerance = 1e-5

/// Standard normal values `[n × p]`.
func gaussian(_ n: Int, _ p: Int, _ stream: String) -> Tensor {
  var numbers = RandomNumbers(seed: 7, stream: stream)
  return Tensor((0..<n * p).map { _ in Float(numbers.normal()) }, shape: [n, p])
}

/// Gaussian states with a decaying spectrum, turned by `mixing` so that no dimension is special.
func decaying(_ n: Int, _ p: Int, _ stream: String) -> Tensor {
  var x = gaussian(n, p, stream)
  x.withUnsafeMutableBuffer { values in
    for i in 0..<n {
      for j in 0..<p { values[i * p + j] /= Float(j + 1).squareRoot() }
    }
  }
  return matrixProduct(x, .none, gaussian(p, p, stream + " mixing"))
}

/// a·x + b·y
func sum(_ a: Float, _ x: Tensor, _ b: Float, _ y: Tensor) -> Tensor {
  Tensor(zip(x.values, y.values).map { a * $0 + b * $1 }, shape: x.shape)
}

/// Y shares half of its variance with X: `[n × q]`.
func related(to x: Tensor, width q: Int) -> Tensor {
  let mapped = matrixProduct(x, .none, gaussian(x.width, q, "map"))
  let scale = 1 / Float(x.width).squareRoot()
  return sum(scale, mapped, 1, gaussian(x.rows, q, "noise"))
}

/// What of two matrices `[n × p]` centred in double precision the definitions are written in.
func centred(_ x: Tensor) -> Matrix {
  var matrix = Matrix(x)
  for j in 0..<x.width {
    let mean = (0..<x.rows).reduce(0) { $0 + matrix[$1, j] } / Double(x.rows)
    for i in 0..<x.rows { matrix[i, j] -= mean }
  }
  return matrix
}
