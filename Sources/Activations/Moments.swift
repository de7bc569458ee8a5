import Corpora
import Tensors

/// Sums over pooled spans from which ridge and LDA probes, CKA, CCA, SVCCA, PWCCA, Procrustes and spectra
/// follow exactly: for every layer count, mean and centred second moment, for pairs of layers the cross
/// moment, for every class count and sum, and the norms that debiased CKA needs in feature space.
///
/// All are plain sums of `x − shift` in double precision around one fixed vector a layer, near the mean, so
/// that millions of rows with a large offset lose no digits; two shards' moments add up to those of both.
/// Memory is O(layers · width²), or O(layers² · width²) with every pair.
public struct Moments: Sendable {
  /// Which second moments are kept.
  public enum Extent: String, Sendable, Codable {
    /// Each layer with itself.
    case layers
    /// Every pair of layers too.
    case pairs
  }

  /// The layers' names, in the order of the data.
  public let layers: [String]
  /// Each layer's dimensions, in the order of `layers`.
  public let widths: [Int]
  /// The classes that rows are counted and summed by; empty without classes.
  public let classes: [String]
  /// Whether products of every two layers are kept, or of each with itself.
  public let extent: Extent
  /// Rows that have been added.
  public internal(set) var count = 0
  /// Rows of each class; rows without a class are in `count` only.
  public internal(set) var classCounts: [Int]

  /// What `x − shift` is taken around, a vector a layer; empty until the first rows came.
  var shifts: [[Double]] = []
  /// Σ (x − shift), a layer each.
  var sums: [[Double]]
  /// Σ (xᵢ − shift)(xⱼ − shift)ᵀ of layers i ≤ j, `[widthᵢ × widthⱼ]`, at `slot(i, j)`.
  var products: [Matrix]
  /// Σ ‖xᵢ − shift‖² (xⱼ − shift): row i of `[layers × widthⱼ]`, a matrix a layer j; of the layer with
  /// itself only, `[1 × widthⱼ]`, where pairs are not kept.
  var normSums: [Matrix]
  /// Σ ‖xᵢ − shift‖² of each layer.
  var norms: [Double]
  /// Σ ‖xᵢ − shift‖²‖xⱼ − shift‖², `[layers × layers]`; its diagonal only where pairs are not kept.
  var normProducts: Matrix
  /// Σ over a class of (x − shift), `[classes × width]`, a layer each.
  var classSums: [Matrix]

  public init(layers: [(name: String, width: Int)], classes: [String] = [], extent: Extent = .pairs) {
    self.layers = layers.map(\.name)
    self.classes = classes
    self.extent = extent
    let widths = layers.map(\.width)
    self.widths = widths
    classCounts = Array(repeating: 0, count: classes.count)
    sums = widths.map { Array(repeating: 0, count: $0) }
    products = Moments.pairs(widths.count, extent).map { Matrix(rows: widths[$0], columns: widths[$1]) }
    normSums = widths.map { Matrix(rows: extent == .pairs ? widths.count : 1, columns: $0) }
    norms = Array(repeating: 0, count: widths.count)
    normProducts = Matrix(rows: widths.count, columns: widths.count)
    classSums = widths.map { Matrix(rows: classes.count, columns: $0) }
  }

  /// The bytes that moments of this form take.
  public static func bytes(widths: [Int], classes: Int, extent: Extent) -> Int {
    let layers = widths.count
    let squares = pairs(layers, extent).reduce(0) { $0 + widths[$1.0] * widths[$1.1] }
    let vectors = 2 + (extent == .pairs ? layers : 1) + classes  // shift and sum, norm sums, class sums
    return 8 * (squares + widths.reduce(0, +) * vectors + layers + layers * layers)
  }

  /// The pairs of layers whose products are kept, in the order of `products`.
  static func pairs(_ layers: Int, _ extent: Extent) -> [(Int, Int)] {
    switch extent {
    case .layers: (0..<layers).map { ($0, $0) }
    case .pairs: (0..<layers).flatMap { i in (i..<layers).map { (i, $0) } }
    }
  }
}

// MARK: - What follows from the sums

extension Moments {
  /// The mean of a layer, `[width]`; zeros before the first row.
  /// - Throws: `ActivationError.noSuchLayer` for a layer that is not among `layers`.
  public func mean(of layer: String) throws -> [Double] {
    let i = try index(of: layer)
    guard count > 0 else { return sums[i] }
    return zip(shifts[i], sums[i]).map { $0 + $1 / Double(count) }
  }

  /// XᵀX of the centred rows, `[width × width]`; over `count − 1` it is the covariance.
  /// - Throws: `ActivationError.noSuchLayer` for a layer that is not among `layers`.
  public func secondMoment(of layer: String) throws -> Matrix {
    try crossMoment(layer, layer)
  }

  /// XᵀY of the centred rows of two layers, `[width of a × width of b]`.
  /// - Throws: `ActivationError.noSuchLayer` for a layer that is not there, `.noCrossMoment` where pairs were not
  ///   summed.
  public func crossMoment(_ a: String, _ b: String) throws -> Matrix {
    let (i, j) = (try index(of: a), try index(of: b))
    guard let slot = slot(min(i, j), max(i, j)) else { throw ActivationError.noCrossMoment(a, b) }
    var product = products[slot]
    if count > 0 { subtractOuter(sums[min(i, j)], sums[max(i, j)], over: Double(count), from: &product) }
    return i <= j ? product : product.transposed
  }

  /// Σ‖x − mean‖²: the trace of the second moment.
  /// - Throws: `ActivationError.noSuchLayer` for a layer that is not among `layers`.
  public func sumOfSquaredNorms(of layer: String) throws -> Double {
    let i = try index(of: layer)
    guard count > 0 else { return 0 }
    return norms[i] - dot(sums[i], sums[i]) / Double(count)
  }

  /// Σ ‖x − mean‖²‖y − mean‖², which debiased CKA takes off in feature space (docs/Methods.md, Similarity).
  /// - Throws: `ActivationError.noSuchLayer` for a layer that is not there, `.noCrossMoment` where pairs were not
  ///   summed.
  public func sumOfNormProducts(_ a: String, _ b: String) throws -> Double {
    let (i, j) = (try index(of: a), try index(of: b))
    guard let slot = slot(min(i, j), max(i, j)) else { throw ActivationError.noCrossMoment(a, b) }
    guard count > 0 else { return 0 }
    let n = Double(count)
    let (x, y) = (sums[i].map { $0 / n }, sums[j].map { $0 / n })  // the means around the shifts
    let (xx, yy) = (dot(x, x), dot(y, y))
    // (‖x‖² − 2x̄·x + ‖x̄‖²)(‖y‖² − 2ȳ·y + ‖ȳ‖²), summed term by term.
    let cross = i <= j ? bilinear(x, products[slot], y) : bilinear(y, products[slot], x)
    var sum = normProducts[i, j] + 4 * cross
    sum -= 2 * dot(y, normSum(i, j)) + 2 * dot(x, normSum(j, i))
    sum += yy * norms[i] + xx * norms[j]
    return sum - 3 * n * xx * yy
  }

  /// Σ over the rows of each class of (x − mean), `[classes × width]`: the cross moment with one-hot labels.
  /// - Throws: `ActivationError.noSuchLayer` for a layer that is not among `layers`.
  public func classSums(of layer: String) throws -> Matrix {
    let i = try index(of: layer)
    var result = classSums[i]
    guard count > 0 else { return result }
    for label in classes.indices {
      let share = Double(classCounts[label]) / Double(count)
      for k in 0..<widths[i] { result[label, k] -= share * sums[i][k] }
    }
    return result
  }

  func index(of layer: String) throws -> Int {
    guard let index = layers.firstIndex(of: layer) else {
      throw ActivationError.noSuchLayer(layer, level: "moments", reason: nil, available: layers)
    }
    return index
  }

  /// Where the product of layers i ≤ j is kept; nil where it is not.
  func slot(_ i: Int, _ j: Int) -> Int? {
    switch extent {
    case .layers: i == j ? i : nil
    case .pairs: i * layers.count - i * (i - 1) / 2 + (j - i)
    }
  }

  /// Σ ‖xᵢ − shift‖² (xⱼ − shift) of a kept pair.
  func normSum(_ i: Int, _ j: Int) -> [Double] {
    row(extent == .pairs ? i : 0, of: normSums[j])
  }
}

func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for i in a.indices { sum += a[i] * b[i] }
  return sum
}

func row(_ index: Int, of matrix: Matrix) -> [Double] {
  Array(matrix.values[(index * matrix.columns)..<((index + 1) * matrix.columns)])
}

/// aᵀ M b.
func bilinear(_ a: [Double], _ matrix: Matrix, _ b: [Double]) -> Double {
  matrix.values.withUnsafeBufferPointer { values in
    var sum = 0.0
    for i in a.indices {
      var inner = 0.0
      for j in b.indices { inner += values[i * b.count + j] * b[j] }
      sum += a[i] * inner
    }
    return sum
  }
}

/// M ← M − a bᵀ / n.
func subtractOuter(_ a: [Double], _ b: [Double], over n: Double, from matrix: inout Matrix) {
  matrix.values.withUnsafeMutableBufferPointer { values in
    for i in a.indices {
      let scale = a[i] / n
      for j in b.indices { values[i * b.count + j] -= scale * b[j] }
    }
  }
}
