import Tensors

/// An approximate inverse Hessian of a softmax regression on principal axes: linear, symmetric and positive definite. It
/// only steers the search, whose end is decided by the exact gradient.
protocol SoftmaxPreconditioner {
  /// `gradient ← H⁻¹·gradient`, `[classes × (axes + 1)]`, the intercept last.
  func apply(_ gradient: inout [Double])
}

/// All intercepts moved together change nothing: their mean is held by about as much as they are held against each other.
enum InterceptCurvature {
  static func ofMean(rows: Int, classes: Int) -> Double { Double(rows) / Double(classes) }
}

/// At probabilities that are the classes' shares π everywhere, where on principal axes the Hessian falls apart into one block
/// an axis, s·(diag π − ππᵀ) + penalty, whose inverse is known (Sherman and Morrison).
struct SharesPreconditioner: SoftmaxPreconditioner {
  private let shares: [Double]
  private let width: Int
  /// 1/(s·π + penalty), `[classes × width]`.
  private let inverse: [Double]
  /// Of each axis, s/(1 − s·Σ π²/(s·π + penalty)).
  private let coupling: [Double]
  private let ofMean: Double

  /// - Parameter design: `[rows × width]`, on principal axes, the last column ones.
  init(shares: [Double], design: Tensor, penalty: Double) {
    let (classes, width) = (shares.count, design.width)
    (self.shares, self.width) = (shares, width)
    var squares = [Double](repeating: 0, count: width)
    design.withUnsafeBuffer { x in
      for row in 0..<design.rows {
        for j in 0..<width { squares[j] += Double(x[row * width + j]) * Double(x[row * width + j]) }
      }
    }
    let floor = 1e-7 * (squares.max() ?? 0)
    let added = (0..<width).map { j in
      j < width - 1 ? penalty + floor : 1e-3 * Double(design.rows) / Double(classes)
    }
    inverse = shares.flatMap { share in (0..<width).map { 1 / (squares[$0] * share + added[$0]) } }
    ofMean = InterceptCurvature.ofMean(rows: design.rows, classes: classes)
    let inverse = inverse
    coupling = (0..<width).map { j in
      let explained = shares.indices.reduce(0.0) { $0 + shares[$1] * shares[$1] * inverse[$1 * width + j] }
      // Σπ is 1, so that this is penalty times Σ π/(s·π + penalty): positive.
      let rest = shares.indices.reduce(0.0) { $0 + shares[$1] * inverse[$1 * width + j] } * added[j]
      return explained > 0 ? squares[j] / rest : 0
    }
  }

  func apply(_ gradient: inout [Double]) {
    let mean = centreIntercepts(of: &gradient)
    var common = [Double](repeating: 0, count: width)
    for (k, share) in shares.enumerated() {
      for j in 0..<width {
        gradient[k * width + j] *= inverse[k * width + j]
        common[j] += share * gradient[k * width + j]
      }
    }
    for j in 0..<width { common[j] *= coupling[j] }
    for (k, share) in shares.enumerated() {
      for j in 0..<width { gradient[k * width + j] += share * inverse[k * width + j] * common[j] }
    }
    _ = centreIntercepts(of: &gradient)
    for k in shares.indices { gradient[(k + 1) * width - 1] += mean / ofMean }
  }

  /// Takes their mean off the intercepts, and returns it.
  private func centreIntercepts(of gradient: inout [Double]) -> Double {
    let mean = shares.indices.reduce(0) { $0 + gradient[($1 + 1) * width - 1] } / Double(shares.count)
    for k in shares.indices { gradient[(k + 1) * width - 1] -= mean }
    return mean
  }
}
