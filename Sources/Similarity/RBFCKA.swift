import Foundations
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// CKA with Gaussian kernels exp(−d²/2σ²), σ a fraction of the median distance between rows (Kornblith et
/// al. 2019): small fractions weigh what is near, large ones tend to linear CKA.
///
/// Holds n² numbers a layer: at most `rowLimit` rows.
public struct RBFCKA: SimilarityMeasure {
  /// σ over the median Euclidean distance of pairs i < j.
  public let bandwidth: Double
  /// Whether HSIC is estimated without bias.
  public let debiased: Bool

  public init(bandwidth: Double = 1, debiased: Bool = true) {
    precondition(bandwidth > 0, "a bandwidth of \(bandwidth)")
    self.bandwidth = bandwidth
    self.debiased = debiased
  }

  public var name: String { debiased ? "debiased_rbf_cka" : "rbf_cka" }
  public var range: ClosedRange<Double> { debiased ? -1...1 : 0...1 }
  public var invariances: Set<Invariance> { [.orthogonal, .isotropicScaling, .shift] }
  public var isUnbiased: Bool { debiased }
  public var rowLimit: Int? { 2048 }

  /// A layer's centred kernel.
  public struct Prepared: PreparedStates {
    public var rows: Int { kernel.rows }
    public let dimensions: DimensionCheck
    public var space: ComparisonSpace { .gram }
    let kernel: KernelMatrix
  }

  public func prepare(_ states: Tensor, space: ComparisonSpace) throws -> Prepared {
    try checkRowLimit(states.rows)
    guard states.rows >= 4 else {
      throw SimilarityError.tooFewRows(rows: states.rows, needed: 4, measure: name)
    }
    let centred = try CentredStates(states)
    var kernel = centred.squaredDistances()
    let n = states.rows
    let median = medianDistance(squares: upperTriangle(kernel))
    // More than half of the rows' pairs coincide: no scale to measure with.
    guard median > 0 else { throw SimilarityError.noVariance }
    let factor = -1 / (2 * (bandwidth * median) * (bandwidth * median))
    kernel.values.withUnsafeMutableBufferPointer { k in
      for i in 0..<n {
        k[i * n + i] = 1
        for j in (i + 1)..<max(n, i + 1) {
          let value = exp(factor * k[i * n + j])
          k[i * n + j] = value
          k[j * n + i] = value
        }
      }
    }
    let centredKernel = KernelMatrix(centring: kernel, debiased ? .unbiased : .double)
    guard centredKernel.norm > 0 else { throw SimilarityError.noVariance }
    return Prepared(dimensions: centred.dimensions, kernel: centredKernel)
  }

  public func compare(_ x: Prepared, _ y: Prepared) throws -> Double {
    return x.kernel.product(with: y.kernel) / (x.kernel.norm * y.kernel.norm)
  }
}

/// The median of the distances of which `squares` are given: with an even number of them the mean of the
/// middle two, of distances and not of squares.
private func medianDistance(squares: [Double]) -> Double {
  let middle = squares.count / 2
  let upper = orderStatistic(middle, of: squares).squareRoot()
  guard squares.count % 2 == 0 else { return upper }
  return (orderStatistic(middle - 1, of: squares).squareRoot() + upper) / 2
}

extension CentredStates {
  /// Squared Euclidean distances `[n × n]` between the centred, scaled rows.
  func squaredDistances() -> Matrix {
    var products = rowProducts()
    let n = rows
    let norms = (0..<n).map { products.values[$0 * n + $0] }
    products.values.withUnsafeMutableBufferPointer { k in
      for i in 0..<n {
        for j in 0..<n { k[i * n + j] = i == j ? 0 : max(0, norms[i] + norms[j] - 2 * k[i * n + j]) }
      }
    }
    return products
  }
}

/// The values above the diagonal, row by row.
func upperTriangle(_ matrix: Matrix) -> [Double] {
  let n = matrix.rows
  return matrix.values.withUnsafeBufferPointer { values in
    [Double](unsafeUninitializedCapacity: max(0, n * (n - 1) / 2)) { target, count in
      for i in 0..<n {
        for j in (i + 1)..<max(n, i + 1) {
          target.initializeElement(at: count, to: values[i * n + j])
          count += 1
        }
      }
    }
  }
}
