import LinearAlgebra
import Tensors

/// The Hessian of a softmax regression over all classes together on its first principal axes and the intercepts, and the
/// solution of a system with it. As many axes are taken as cost no more than three evaluations of loss and gradient.
struct CoupledAxes {
  private static let largest = 16
  private static let evaluations = 3.0

  /// Axes 0 ..< this and the intercepts.
  let axes: Int
  private let classes: Int
  private let width: Int
  /// Of `classes · (axes + 1)` unknowns, those of a class side by side, its intercept last.
  private let inverse: Matrix

  /// Nil where the Hessian is not positive definite to single precision.
  ///
  /// It is made of about twice as many rows as it has unknowns, evenly spaced.
  /// - Parameters:
  ///   - probabilities: `[classes × rows]`
  ///   - design: `[rows × width]`, on principal axes, the last column ones.
  init?(probabilities: Tensor, design: Tensor, weights: [Float]?, penalty: Double) {
    (classes, width) = (probabilities.rows, design.width)
    axes = Self.count(classes: classes, rows: design.rows, width: width)
    let size = axes + 1
    let unknowns = classes * size
    let count = min(design.rows, 2 * unknowns)
    let scale = Float(design.rows) / Float(max(1, count))
    let sample = (0..<count).map { (2 * $0 + 1) * design.rows / (2 * count) }

    var hessian = Matrix(rows: unknowns, columns: unknowns)
    let products = Self.products(probabilities, design, weights, rows: sample, axes: axes, scale: scale)
    products.values.withUnsafeBufferPointer { z in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: unknowns * unknowns) { out in
        guard let base = out.baseAddress, let z = z.baseAddress, count > 0 else { return }
        out.initialize(repeating: 0)
        BLAS.syrk(n: unknowns, k: count, z, lda: unknowns, base, ldc: unknowns)
        for i in hessian.values.indices { hessian.values[i] = -Double(out[i]) }
      }
    }
    Self.addOwn(to: &hessian, probabilities, design, weights, rows: sample, axes: axes, scale: scale)
    let trace = (0..<unknowns).reduce(0) { $0 + hessian[$1, $1] } / Double(unknowns)
    for i in 0..<unknowns { hessian[i, i] += 1e-6 * trace + (i % size < axes ? penalty : 0) }
    let mean = InterceptCurvature.ofMean(rows: design.rows, classes: classes) / Double(classes)
    for k in 0..<classes {
      for l in k..<classes { hessian[k * size + axes, l * size + axes] += mean }
    }
    guard let factor = try? CholeskyFactor(of: hessian) else { return nil }
    inverse = factor.solve(.identity(unknowns))
  }

  private static func count(classes: Int, rows: Int, width: Int) -> Int {
    let allowed = evaluations * 2 * Double(rows) * Double(classes) * Double(width)
    return (0...min(largest, width - 1)).last { axes in
      let unknowns = Double(classes * (axes + 1))
      let sampled = min(Double(rows), 2 * unknowns)
      return axes == 0 || (sampled + unknowns) / 2 * unknowns * unknowns <= allowed
    } ?? 0
  }

  /// √(scale·wᵢ)·pᵢ ⊗ xᵢ of the axes and the intercept, `[rows × unknowns]`.
  private static func products(
    _ probabilities: Tensor, _ design: Tensor, _ weights: [Float]?, rows: [Int], axes: Int, scale: Float
  ) -> Tensor {
    let (classes, width, size, all) = (probabilities.rows, design.width, axes + 1, design.rows)
    return Tensor(shape: [rows.count, classes * size]) { out in
      probabilities.withUnsafeBuffer { p in
        design.withUnsafeBuffer { x in
          for (place, i) in rows.enumerated() {
            let root = (scale * (weights?[i] ?? 1)).squareRoot()
            for k in 0..<classes {
              let to = (place * classes + k) * size
              let factor = root * p[k * all + i]
              for j in 0..<axes { out[to + j] = factor * x[i * width + j] }
              out[to + axes] = factor
            }
          }
        }
      }
    }
  }

  /// Adds Σ scale·wᵢ·pᵢₖ·xᵢxᵢᵀ to each class's own block.
  private static func addOwn(
    to hessian: inout Matrix, _ probabilities: Tensor, _ design: Tensor, _ weights: [Float]?, rows: [Int],
    axes: Int, scale: Float
  ) {
    let (classes, width, size, all) = (probabilities.rows, design.width, axes + 1, design.rows)
    let squares = Tensor(shape: [rows.count, size * size]) { out in
      design.withUnsafeBuffer { x in
        for (place, i) in rows.enumerated() {
          let weight = scale * (weights?[i] ?? 1)
          for a in 0..<size {
            let left = a < axes ? weight * x[i * width + a] : weight
            let to = (place * size + a) * size
            for b in 0..<axes { out[to + b] = left * x[i * width + b] }
            out[to + axes] = left
          }
        }
      }
    }
    let chosen = Tensor(shape: [classes, rows.count]) { out in
      probabilities.withUnsafeBuffer { p in
        for k in 0..<classes {
          for (place, i) in rows.enumerated() { out[k * rows.count + place] = p[k * all + i] }
        }
      }
    }
    let own = matrixProduct(chosen, .none, squares, .none).values
    for k in 0..<classes {
      for a in 0..<size {
        for b in 0..<size {
          hessian[k * size + a, k * size + b] += Double(own[(k * size + a) * size + b])
        }
      }
    }
  }

  /// The part of H⁻¹·`gradient` that lies on these axes and the intercepts, `[classes × (axes + 1)]`.
  func solve(_ gradient: [Double]) -> [Double] {
    var own: [Double] = []
    own.reserveCapacity(classes * (axes + 1))
    for first in stride(from: 0, to: classes * width, by: width) {
      own += gradient[first..<(first + axes)]
      own.append(gradient[first + width - 1])
    }
    let unknowns = own.count
    return own.withUnsafeBufferPointer { own in
      inverse.values.withUnsafeBufferPointer { inverse in
        guard let own = own.baseAddress, let rows = inverse.baseAddress else { return [] }
        return (0..<unknowns).map { BLAS.dot(unknowns, rows + $0 * unknowns, own) }
      }
    }
  }

  /// Puts what `solve` gave in its place.
  func put(_ solution: [Double], into gradient: inout [Double]) {
    let size = axes + 1
    for k in 0..<classes {
      for j in 0..<axes { gradient[k * width + j] = solution[k * size + j] }
      gradient[(k + 1) * width - 1] = solution[k * size + axes]
    }
  }
}
