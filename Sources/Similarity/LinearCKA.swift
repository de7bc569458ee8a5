import Tensors

/// Linear centred kernel alignment (Kornblith et al. 2019): ‖XᵀY‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F) of the centred
/// states.
///
/// ```swift
/// let value = try LinearCKA().similarity(x, y).value             // debiased
/// let biased = try LinearCKA(debiased: false).similarity(x, y)   // tends to 1 as p/n grows
/// ```
/// The debiased form is the same ratio of the unbiased HSIC₁ (Song et al. 2012; Nguyen et al. 2021) and may be
/// slightly negative; it is reported as it is. In feature space it takes no n × n matrix.
public struct LinearCKA: SimilarityMeasure {
  /// Whether HSIC is estimated without bias; else it is the ratio of Kornblith et al. (2019).
  public let debiased: Bool

  public init(debiased: Bool = true) { self.debiased = debiased }

  public var name: String { debiased ? "debiased_linear_cka" : "linear_cka" }
  public var range: ClosedRange<Double> { debiased ? -1...1 : 0...1 }
  public var invariances: Set<Invariance> { [.orthogonal, .isotropicScaling, .shift] }
  public var isUnbiased: Bool { debiased }

  /// A layer's centred states, or the products of its rows.
  public struct Prepared: PreparedStates {
    public let rows: Int
    public let dimensions: DimensionCheck
    public var space: ComparisonSpace {
      switch form {
      case .states: .features
      case .kernel: .gram
      }
    }
    let form: Form
    /// The layer's HSIC with itself, up to the factor that all share.
    let ownProduct: Double

    public func reordered(_ rows: [Int]) -> Prepared? {
      guard case .kernel(let kernel) = form else { return nil }
      return Prepared(
        rows: self.rows, dimensions: dimensions, form: .kernel(kernel.reordered(rows)),
        ownProduct: ownProduct)
    }

    enum Form: Sendable {
      case states(CentredStates, squaredNorms: [Double])
      case kernel(KernelMatrix)
    }
  }

  public func caveats(rows: Int, width: Int) -> [String] {
    guard !debiased else { return [] }
    let few = rows < width ? ": there are fewer rows (\(rows)) than dimensions (\(width))" : ""
    return ["biased: tends to 1 with few rows, also for independent layers\(few)"]
  }

  func checkRows(_ rows: Int) throws(SimilarityError) {
    let needed = debiased ? 4 : 2
    guard rows >= needed else { throw .tooFewRows(rows: rows, needed: needed, measure: name) }
  }

  public func prepare(_ states: Tensor, space: ComparisonSpace) throws -> Prepared {
    try checkRows(states.rows)
    let centred = try CentredStates(states)
    let prepared: Prepared
    switch space {
    case .gram:
      let kernel = KernelMatrix(centring: centred.rowProducts(), debiased ? .unbiased : .double)
      prepared = Prepared(
        rows: states.rows, dimensions: centred.dimensions, form: .kernel(kernel),
        ownProduct: kernel.norm * kernel.norm)
    case .features:
      let norms = centred.squaredRowNorms()
      prepared = Prepared(
        rows: states.rows, dimensions: centred.dimensions, form: .states(centred, squaredNorms: norms),
        ownProduct: product(
          ofSquares: centred.secondMoment().sumOfSquares, LinearCKA.sums(norms, norms), rows: states.rows))
    }
    // Rounding leaves a trace of variance where the estimate is zero.
    guard prepared.ownProduct > 0 else { throw SimilarityError.noVariance }
    return prepared
  }

  public func compare(_ x: Prepared, _ y: Prepared) throws -> Double {
    let cross: Double
    switch (x.form, y.form) {
    case (.kernel(let k), .kernel(let l)): cross = k.product(with: l)
    case (.states(let a, let squaresA), .states(let b, let squaresB)):
      cross = product(
        ofSquares: CrossProducts.between(a, b).sumOfSquares, LinearCKA.sums(squaresA, squaresB),
        rows: x.rows)
    default: throw SimilarityError.preparedApart
    }
    return cross / (x.ownProduct.squareRoot() * y.ownProduct.squareRoot())
  }
}

// MARK: - From sums

extension LinearCKA {
  /// Σ‖xᵢ‖², Σ‖yᵢ‖² and Σ‖xᵢ‖²‖yᵢ‖² over centred rows.
  struct NormSums: Sendable {
    var x, y, products: Double
  }

  /// HSIC up to the factor that all products of n rows share: ‖XᵀY‖², debiased by what the diagonals of the
  /// two kernels add to it (docs/Methods.md, Similarity).
  func product(ofSquares squares: Double, _ norms: NormSums, rows: Int) -> Double {
    guard debiased else { return squares }
    let n = Double(rows)
    return squares - n / (n - 2) * norms.products + norms.x * norms.y / ((n - 1) * (n - 2))
  }

  fileprivate static func sums(_ x: [Double], _ y: [Double]) -> NormSums {
    NormSums(
      x: x.reduce(0, +), y: y.reduce(0, +),
      products: x.withUnsafeBufferPointer { x in
        y.withUnsafeBufferPointer { y in innerProduct(x, y) }
      })
  }
}

extension CentredStates {
  /// ‖xᵢ‖² of every row.
  fileprivate func squaredRowNorms() -> [Double] {
    var norms: [Double] = []
    norms.reserveCapacity(rows)
    forEachBlock { range, block in
      for i in 0..<range.count {
        let row = UnsafeBufferPointer(start: block + i * width, count: width)
        norms.append(innerProduct(row, row))
      }
    }
    return norms
  }
}
