import Foundations
import Tensors

/// Linear CKA from batches of rows (Nguyen et al. 2021): the three unbiased HSIC₁ are averaged over batches,
/// then their ratio is taken, never the mean of ratios.
///
/// Costs rows · batch · p a layer and rows · batch a pair, whatever the number of pairs. Rows are dealt into
/// batches by a seeded shuffle, so that a batch is not one utterance; a last batch under four is dropped.
public struct MinibatchCKA: SimilarityMeasure {
  /// Rows of a batch.
  public let batch: Int
  /// The seed of the shuffle that deals rows into batches.
  public let seed: UInt64

  public init(batch: Int = 256, seed: UInt64 = 0) {
    precondition(batch >= 4, "an unbiased estimate needs batches of four, not \(batch)")
    self.batch = batch
    self.seed = seed
  }

  public var name: String { "minibatch_linear_cka" }
  public var range: ClosedRange<Double> { -1...1 }
  public var invariances: Set<Invariance> { [.orthogonal, .isotropicScaling, .shift] }
  public var isUnbiased: Bool { true }

  /// The centred kernel of every batch.
  public struct Prepared: PreparedStates {
    public let rows: Int
    public let dimensions: DimensionCheck
    public var space: ComparisonSpace { .gram }
    let kernels: [KernelMatrix]
    let ownProduct: Double
  }

  public func prepare(_ states: Tensor, space: ComparisonSpace) throws -> Prepared {
    guard states.rows >= 4 else {
      throw SimilarityError.tooFewRows(rows: states.rows, needed: 4, measure: name)
    }
    let centred = try CentredStates(states)
    var numbers = RandomNumbers(seed: seed, stream: "minibatch CKA")
    let order = numbers.permutation(states.rows)
    var kernels: [KernelMatrix] = []
    for start in stride(from: 0, to: order.count, by: batch) {
      let chosen = order[start..<min(start + batch, order.count)]
      guard chosen.count >= 4 else { continue }
      let x = centred.rows(chosen.sorted())
      kernels.append(
        KernelMatrix(centring: matrixProduct(x, .none, x, .transposed), .unbiased))
    }
    let own = Self.meanProduct(kernels, kernels)
    guard own > 0 else { throw SimilarityError.noVariance }
    return Prepared(
      rows: states.rows, dimensions: centred.dimensions, kernels: kernels, ownProduct: own)
  }

  public func compare(_ x: Prepared, _ y: Prepared) throws -> Double {
    let cross = Self.meanProduct(x.kernels, y.kernels)
    return cross / (x.ownProduct.squareRoot() * y.ownProduct.squareRoot())
  }

  /// The mean of the batches' HSIC₁.
  private static func meanProduct(_ x: [KernelMatrix], _ y: [KernelMatrix]) -> Double {
    let sum = zip(x, y).reduce(0.0) { sum, pair in
      let n = Double(pair.0.rows)
      return sum + pair.0.product(with: pair.1) / (n * (n - 3))
    }
    return sum / Double(max(1, x.count))
  }
}

extension CentredStates {
  /// Some rows, in double precision.
  func rows(_ indices: [Int]) -> Matrix {
    let (p, scale) = (width, self.scale)
    var result = Matrix(rows: indices.count, columns: p)
    states.withUnsafeBuffer { values in
      mean.withUnsafeBufferPointer { mean in
        result.values.withUnsafeMutableBufferPointer { target in
          for (i, index) in indices.enumerated() {
            for j in 0..<p { target[i * p + j] = (Double(values[index * p + j]) - mean[j]) * scale }
          }
        }
      }
    }
    return result
  }
}
