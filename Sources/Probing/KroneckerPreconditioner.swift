import LinearAlgebra
import Tensors

/// A rough inverse Hessian of a softmax regression: A ⊗ S + penalty, with A `[classes × classes]` the mean
/// covariance of the classes, diag(shares) − shares·sharesᵀ, and S = XᵀX `[features × features]`.
///
/// The Hessian is Σᵢ (diag pᵢ − pᵢpᵢᵀ) ⊗ xᵢxᵢᵀ; taking the mean of the first factor out of the sum leaves a
/// Kronecker product, which is diagonal in the eigenvectors of both and so cheap to invert for any penalty.
/// Good far from the minimum, where nothing is known of the probabilities yet.
final class KroneckerPreconditioner {
  private let classes: Int
  private let features: Int
  /// Rows are eigenvectors, of A and of S, in single precision: they only steer the search.
  private let classVectors: Tensor
  private let featureVectors: Tensor
  private let classValues: [Double]
  private let featureValues: [Double]
  private let rows: Int
  /// 1/(aᵢ·sⱼ + penalty), `[classes × features]`, and for the intercept 1/(aᵢ·rows).
  private var factors: [Float]
  private var interceptFactors: [Float]
  private let scratch: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)

  /// - Parameters:
  ///   - design: `[rows × (features + 1)]`, centred, the last column ones.
  ///   - shares: of the classes in the labels, summing to one.
  init(design: Tensor, shares: [Double]) throws {
    classes = shares.count
    features = design.width - 1
    rows = design.rows
    var covariance = Matrix(rows: classes, columns: classes)
    for i in shares.indices {
      for j in shares.indices { covariance[i, j] = (i == j ? shares[i] : 0) - shares[i] * shares[j] }
    }
    let ofClasses = try SymmetricEigen(of: covariance)
    let ofFeatures = try SymmetricEigen(of: KroneckerPreconditioner.gram(of: design))
    classValues = ofClasses.values
    featureValues = ofFeatures.values
    classVectors = Tensor(ofClasses.vectors.values.map(Float.init), shape: [classes, classes])
    featureVectors = Tensor(ofFeatures.vectors.values.map(Float.init), shape: [features, features])
    factors = Array(repeating: 1, count: classes * features)
    interceptFactors = Array(repeating: 1, count: classes)
    let capacity = classes * (features + 1)
    scratch = (.allocate(capacity: capacity), .allocate(capacity: capacity))
  }

  deinit {
    scratch.0.deallocate()
    scratch.1.deallocate()
  }

  func setPenalty(_ penalty: Double) {
    let largest = max(classValues.first ?? 0, .leastNormalMagnitude)
    let floor = max(penalty, 1e-7 * largest * (featureValues.first ?? 0))
    for k in 0..<classes {
      for j in 0..<features {
        factors[k * features + j] = Float(1 / (max(classValues[k], 0) * max(featureValues[j], 0) + floor))
      }
      // All classes moved together change nothing: that direction has no curvature, and needs none.
      interceptFactors[k] = Float(1 / (Double(rows) * max(classValues[k], 1e-3 * largest)))
    }
  }

  /// `gradient ← H⁻¹·gradient`, both `[classes × (features + 1)]` with the intercept last.
  func apply(_ gradient: inout [Double]) {
    let (a, b) = scratch
    let width = features + 1
    for i in 0..<(classes * width) { a[i] = Float(gradient[i]) }
    classVectors.withUnsafeBuffer { u in
      featureVectors.withUnsafeBuffer { v in
        guard let u = u.baseAddress else { return }
        // Rows are eigenvectors: U·G goes into the basis, Uᵀ·G comes back.
        BLAS.gemm(
          m: classes, n: width, k: classes, u, lda: classes, .none, a, ldb: width, .none, b, ldc: width)
        for k in 0..<classes { b[k * width + features] *= interceptFactors[k] }
        if features > 0, let v = v.baseAddress {
          BLAS.gemm(
            m: classes, n: features, k: features, b, lda: width, .none, v, ldb: features, .transposed, a,
            ldc: features)
          for i in 0..<(classes * features) { a[i] *= factors[i] }
          BLAS.gemm(
            m: classes, n: features, k: features, a, lda: features, .none, v, ldb: features, .none, b,
            ldc: width)
        }
        BLAS.gemm(
          m: classes, n: width, k: classes, u, lda: classes, .transposed, b, ldb: width, .none, a,
          ldc: width)
      }
    }
    for i in 0..<(classes * width) { gradient[i] = Double(a[i]) }
  }

  /// XᵀX of the features: products in single precision by chunks of rows, folded in double.
  private static func gram(of design: Tensor) -> Matrix {
    let (width, count) = (design.width, design.width - 1)
    var gram = Matrix(rows: count, columns: count)
    design.withUnsafeBuffer { values in
      guard let base = values.baseAddress, count > 0 else { return }
      withUnsafeTemporaryAllocation(of: Float.self, capacity: count * count) { partial in
        guard let out = partial.baseAddress else { return }
        partial.initialize(repeating: 0)
        for first in stride(from: 0, to: design.rows, by: 2048) {
          let rows = min(2048, design.rows - first)
          BLAS.syrk(n: count, k: rows, base + first * width, lda: width, out, ldc: count)
          for i in gram.values.indices { gram.values[i] += Double(out[i]) }
        }
      }
    }
    return gram
  }
}
