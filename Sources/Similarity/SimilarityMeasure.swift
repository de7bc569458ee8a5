import Tensors

/// A change of one side's states that a measure does not notice.
public enum Invariance: String, CaseIterable, Sendable {
  /// Rotation or reflection of the dimensions.
  case orthogonal
  /// All values times one positive number.
  case isotropicScaling = "isotropic scaling"
  /// One vector added to every row.
  case shift
  /// Any invertible linear map of the dimensions.
  case invertibleLinear = "invertible linear"
}

/// Where a measure works: with moments of the dimensions, or with products of the rows.
public enum ComparisonSpace: String, Sendable, Codable {
  /// `[p × p]` moments of the dimensions.
  case features
  /// `[n × n]` products of the rows.
  case gram

  /// The cheaper space for all pairs of layers of `totalWidth` dimensions together, over the same rows.
  ///
  /// Moments of all pairs cost rows · totalWidth²; the row products of every layer rows² · totalWidth, and
  /// rows² memory a layer, which is why many rows never use them.
  public static func cheaper(rows: Int, totalWidth: Int) -> ComparisonSpace {
    rows < totalWidth && rows <= 4096 ? .gram : .features
  }
}

/// A similarity of two representations of the same examples: of states X `[n × p]` and Y `[n × q]`, whose
/// row i is the same span.
///
/// ```swift
/// let value = try LinearCKA().similarity(x, y).value
/// ```
/// What a measure promises is data, from which the tests make its property checks. The work is in two
/// halves, so that over all pairs of layers the first is done once a layer.
public protocol SimilarityMeasure: Sendable {
  associatedtype Prepared: PreparedStates

  /// As in `similarity.csv`: "debiased_linear_cka".
  var name: String { get }
  /// Whether the similarity of X and Y is that of Y and X.
  var isSymmetric: Bool { get }
  /// What a value can be; X with itself gives 1.
  var range: ClosedRange<Double> { get }
  /// What may be done to X or Y without changing the similarity.
  var invariances: Set<Invariance> { get }
  /// Whether independent X and Y give about zero with any number of rows; where not, the value is to be
  /// read against the same with shuffled rows.
  var isUnbiased: Bool { get }
  /// The most rows a measure over all pairs of rows takes; nil for the others.
  var rowLimit: Int? { get }

  /// What a reader of a layer matrix must know of a layer's half; nil where nothing.
  func remark(on prepared: Prepared) -> String?
  /// What a reader must know of all values of `rows` rows and layers of at most `width` dimensions.
  func caveats(rows: Int, width: Int) -> [String]

  /// The part of the work that belongs to one layer; `space` is where both sides are to be compared, for
  /// the measures that have a choice.
  /// - Throws: `SimilarityError` for states that cannot be compared, such as ones that are not finite.
  func prepare(_ states: Tensor, space: ComparisonSpace) throws -> Prepared
  /// Throws where the two cannot be compared, before any work.
  func check(_ x: Prepared, _ y: Prepared) throws
  /// The part that belongs to the pair, of layers that `check` lets through.
  /// - Throws: `SimilarityError` for states that cannot be compared, such as ones that are not finite.
  func compare(_ x: Prepared, _ y: Prepared) throws -> Double
}

/// What a measure keeps of one layer.
public protocol PreparedStates: Sendable {
  /// Rows that were prepared.
  var rows: Int { get }
  /// What stands out among the layer's dimensions.
  var dimensions: DimensionCheck { get }
  /// Where this layer's part of the work was done.
  var space: ComparisonSpace { get }
  /// What states with rows in another order would have given, where that takes no new work.
  func reordered(_ rows: [Int]) -> Self?
}

extension PreparedStates {
  public func reordered(_ rows: [Int]) -> Self? { nil }
}

/// A similarity and what it was taken over.
public struct SimilarityValue: Sendable, Equatable {
  /// The similarity, in the measure's `range`.
  public let value: Double
  /// Rows that it was taken over.
  public let rows: Int
  /// Whether products of dimensions or of rows gave it.
  public let space: ComparisonSpace
  /// What stands out among the dimensions of X and of Y.
  public let x, y: DimensionCheck
}

extension SimilarityMeasure {
  public var rowLimit: Int? { nil }
  public var isSymmetric: Bool { true }
  public func remark(on prepared: Prepared) -> String? { nil }
  public func caveats(rows: Int, width: Int) -> [String] { [] }

  public func check(_ x: Prepared, _ y: Prepared) throws {
    guard x.rows == y.rows else { throw SimilarityError.rowsDiffer(x: x.rows, y: y.rows) }
  }

  /// The similarity of X `[n × p]` and Y `[n × q]`, in `space` or where it is cheaper.
  ///
  /// Throws a `SimilarityError` where the measure refuses.
  public func similarity(
    _ x: Tensor, _ y: Tensor, space: ComparisonSpace? = nil
  ) throws -> SimilarityValue {
    guard x.rows == y.rows else { throw SimilarityError.rowsDiffer(x: x.rows, y: y.rows) }
    let space = space ?? .cheaper(rows: x.rows, totalWidth: x.width + y.width)
    let (a, b) = (try prepare(x, space: space), try prepare(y, space: space))
    try check(a, b)
    return SimilarityValue(
      value: try compare(a, b), rows: a.rows, space: a.space, x: a.dimensions, y: b.dimensions)
  }

  /// Throws where there are more rows than the measure's memory allows.
  func checkRowLimit(_ rows: Int) throws(SimilarityError) {
    if let rowLimit, rows > rowLimit {
      throw .tooManyRows(rows: rows, limit: rowLimit, measure: name)
    }
  }
}
