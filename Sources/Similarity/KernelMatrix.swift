import Tensors

/// A centred kernel matrix `[n × n]` between all rows of one layer.
///
/// Kernels are compared as vectors: HSIC is the inner product of two centred kernels and CKA its cosine, for
/// any kernel and for the biased and the debiased estimator alike, which differ in how they centre.
struct KernelMatrix: Sendable {
  /// `[n × n]`
  let values: Tensor
  /// Its Frobenius norm.
  let norm: Double

  var rows: Int { values.rows }

  enum Centring: Sendable {
    /// HKH with H = I − 11ᵀ/n, whose products are the biased HSIC (Gretton et al. 2005).
    case double
    /// U-centring: zero diagonal, and rows and columns centred with n − 2 in place of n. Its products are the
    /// unbiased HSIC₁ (Song et al. 2012, as Székely & Rizzo 2014, eq. 2.2 write it): with K̃ the kernel
    /// without its diagonal, tr(K̃L̃) + 1ᵀK̃1·1ᵀL̃1/((n−1)(n−2)) − 2·1ᵀK̃L̃1/(n−2). Needs n ≥ 4.
    case unbiased
  }

  init(centring kernel: consuming Matrix, _ centring: Centring) {
    let n = kernel.rows
    var kernel = kernel
    kernel.values.withUnsafeMutableBufferPointer { k in
      if centring == .unbiased {
        for i in 0..<n { k[i * n + i] = 0 }
      }
      var sums = [Double](repeating: 0, count: n)
      for i in 0..<n {
        var sum = 0.0
        for j in 0..<n { sum += k[i * n + j] }
        sums[i] = sum
      }
      let total = sums.reduce(0, +)
      let (one, all) =
        centring == .double
        ? (Double(n), Double(n) * Double(n)) : (Double(n - 2), Double(n - 1) * Double(n - 2))
      for i in 0..<n {
        for j in 0..<n { k[i * n + j] += total / all - (sums[i] + sums[j]) / one }
      }
      if centring == .unbiased {
        for i in 0..<n { k[i * n + i] = 0 }
      }
    }
    let values = kernel.values.withUnsafeBufferPointer { k in
      Tensor(shape: [n, n]) { target in
        for i in 0..<(n * n) { target[i] = Float(k[i]) }
      }
    }
    self.values = values
    norm = values.withUnsafeBuffer { innerProduct($0, $0) }.squareRoot()
  }

  private init(values: Tensor, norm: Double) { (self.values, self.norm) = (values, norm) }

  /// Of the same rows in another order, each once.
  func reordered(_ order: [Int]) -> KernelMatrix {
    let n = rows
    let permuted = values.withUnsafeBuffer { source in
      Tensor(shape: [n, n]) { target in
        order.withUnsafeBufferPointer { order in
          for i in 0..<n {
            let row = order[i] * n
            for j in 0..<n { target[i * n + j] = source[row + order[j]] }
          }
        }
      }
    }
    return KernelMatrix(values: permuted, norm: norm)
  }

  /// Σ KᵢⱼLᵢⱼ.
  func product(with other: KernelMatrix) -> Double {
    values.withUnsafeBuffer { a in
      other.values.withUnsafeBuffer { b in innerProduct(a, b) }
    }
  }
}

extension CentredStates {
  /// XXᵀ `[n × n]` of the centred, scaled states.
  func rowProducts() -> Matrix {
    let x = matrix
    return matrixProduct(x, .none, x, .transposed)
  }
}
