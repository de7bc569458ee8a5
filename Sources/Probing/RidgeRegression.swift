import LinearAlgebra
import Tensors

/// Linear regression of several outputs with one L2 penalty.
///
/// ```swift
/// let fitted = try RidgeRegression(penalty: 10).fit(states: states, targets: energies)   // [n × outputs]
/// let guesses = try fitted.predictions(of: unseen)
/// ```
/// Minimises Σ‖y − W·x − b‖² + penalty·‖W‖², b free (scikit-learn's `Ridge`).
public struct RidgeRegression: Sendable, Equatable {
  /// The regularisation strength λ (L2), scikit-learn's `alpha`.
  public var penalty: Double
  /// Divides features by their standard deviation first; a penalty then means the same in every layer.
  public var standardises: Bool

  public init(penalty: Double, standardises: Bool = true) {
    self.penalty = penalty
    self.standardises = standardises
  }

  /// - Throws: `ProbeError` for counts that do not match or values that are not finite; `LinearAlgebraError` where
  ///   the penalty is too small for features that depend on each other.
  public func fit(states: Tensor, targets: Matrix) throws -> FittedRegression {
    guard states.rows == targets.rows else {
      throw ProbeError.rowMismatch(states: states.rows, labels: targets.rows)
    }
    try states.requireFinite()
    return try RegressionSums(states, rows: Array(0..<states.rows), targets: targets)
      .fit(penalty: penalty, standardises: standardises)
  }
}

/// A regression that has been fitted.
public struct FittedRegression: Sendable {
  /// The regularisation strength λ that it was fitted with.
  public let penalty: Double
  let mean: [Double]
  /// `[outputs × width]`, in the units of the input.
  public let coefficients: Matrix
  let offsets: [Double]

  /// The outputs at zero.
  public var intercepts: [Double] {
    offsets.indices.map { k in
      mean.indices.reduce(offsets[k]) { $0 - coefficients[k, $1] * mean[$1] }
    }
  }

  /// `[n × outputs]`
  /// - Throws: `ProbeError.widthMismatch` for rows of another width, `.notFinite`.
  public func predictions(of states: Tensor) throws -> Matrix {
    try predictions(states, rows: Array(0..<states.rows))
  }

  func predictions(_ states: Tensor, rows: [Int]) throws -> Matrix {
    guard states.width == mean.count || rows.isEmpty else {
      throw ProbeError.widthMismatch(found: states.width, expected: mean.count)
    }
    var values: [Double] = []
    values.reserveCapacity(rows.count * offsets.count)
    CentredRows.forEachBlock(of: states, rows: rows, mean: mean) { _, block, blockRows in
      let product = matrixProduct(
        Matrix(
          rows: blockRows, columns: mean.count, values: Array(block.prefix(blockRows * mean.count))),
        .none, coefficients, .transposed)
      for i in 0..<blockRows { for k in offsets.indices { values.append(product[i, k] + offsets[k]) } }
    }
    return Matrix(rows: rows.count, columns: offsets.count, values: values)
  }
}

/// The sums of one training set, for fits at any penalty.
struct RegressionSums {
  private let count: Int
  private let mean: [Double]
  private let gram: Matrix
  /// Xᵀ(Y − ȳ), `[width × outputs]`.
  private let cross: Matrix
  private let offsets: [Double]
  /// Where features have penalties of their own.
  var blocks: FeatureBlocks?

  /// `targets` has a row for each row of `states`.
  init(_ states: Tensor, rows: [Int], targets: Matrix) throws {
    guard !rows.isEmpty else { throw ProbeError.noRows }
    let (width, outputs) = (states.width, targets.columns)
    let mean = CentredRows.mean(of: states, rows: rows)
    let offsets = (0..<outputs).map { k in
      rows.reduce(0.0) { $0 + targets[$1, k] } / Double(rows.count)
    }
    guard offsets.allSatisfy(\.isFinite) else {
      let row = rows.first { row in (0..<outputs).contains { !targets[row, $0].isFinite } } ?? 0
      throw ProbeError.notFinite(row: row, feature: 0)
    }
    var gram = Matrix(rows: width, columns: width)
    var cross = Matrix(rows: width, columns: outputs)
    CentredRows.forEachBlock(of: states, rows: rows, mean: mean) { first, block, blockRows in
      gram.addProduct(of: block, rows: blockRows, width: width)
      var centred = Matrix(rows: blockRows, columns: outputs)
      for i in 0..<blockRows {
        for k in 0..<outputs { centred[i, k] = targets[rows[first + i], k] - offsets[k] }
      }
      let product = matrixProduct(
        Matrix(rows: blockRows, columns: width, values: Array(block.prefix(blockRows * width))),
        .transposed, centred)
      for i in product.values.indices { cross.values[i] += product.values[i] }
    }
    (self.count, self.mean, self.gram, self.cross, self.offsets) = (
      rows.count, mean, gram, cross, offsets
    )
  }

  func fit(penalty: Double, standardises: Bool) throws -> FittedRegression {
    guard penalty >= 0, penalty.isFinite else {
      throw ProbeError.badPenalty("a penalty of \(penalty) cannot be fitted; it must be 0 or more")
    }
    let divisors = mean.indices.map { k in
      let deviation = (gram[k, k] / Double(count)).squareRoot()
      guard deviation > 0x1p-22 * abs(mean[k]), deviation > 0 else { return 0.0 }
      return (standardises ? deviation : 1) / (blocks?.factor(of: k) ?? 1)
    }
    let factor = try CholeskyFactor(of: gram.scaled(by: divisors, ridge: penalty))
    var scaled = cross
    for j in mean.indices {
      for k in offsets.indices { scaled[j, k] = divisors[j] > 0 ? cross[j, k] / divisors[j] : 0 }
    }
    let weights = factor.solve(scaled)
    var coefficients = Matrix(rows: offsets.count, columns: mean.count)
    for j in mean.indices where divisors[j] > 0 {
      for k in offsets.indices { coefficients[k, j] = weights[j, k] / divisors[j] }
    }
    return FittedRegression(penalty: penalty, mean: mean, coefficients: coefficients, offsets: offsets)
  }
}

/// A regression whose penalty is the one with the least squared error on development rows.
struct TunedRegression: Sendable {
  let search: PenaltySearch

  /// One fold's fit.
  struct Fold {
    let fitted: FittedRegression
    /// Those of the search, by their squared error a row.
    let trials: [PenaltySearch.Trial]
    /// That was chosen: of the second block, where there are two.
    let penalty: Double
    fileprivate let states: Tensor
    fileprivate let targets: Matrix
    fileprivate let rows: [Int]
    fileprivate let solve: (RegressionSums) throws -> FittedRegression

    /// At the same penalty, without those of the rows that are marked; nil where none would be left.
    func without(_ isLeftOut: [Bool]) throws -> FittedRegression? {
      let kept = zip(rows, isLeftOut).filter { !$1 }.map(\.0)
      return kept.isEmpty ? nil : try solve(RegressionSums(states, rows: kept, targets: targets))
    }
  }

  func fit(_ states: Tensor, targets: Matrix, _ rows: FoldRows) throws -> Fold {
    try fit(states, targets, rows) { sums, penalty in try sums.fit(penalty: penalty, standardises: true) }
  }

  /// Of two blocks of features: the penalty of those before column `start` is known, that of the others is sought.
  func fit(
    _ states: Tensor, targets: Matrix, _ rows: FoldRows, blockFrom start: Int, firstPenalty: Double
  ) throws -> Fold {
    try fit(states, targets, rows) { sums, penalty in
      var sums = sums
      sums.blocks = FeatureBlocks(start: start, first: firstPenalty, second: penalty)
      return try sums.fit(penalty: firstPenalty, standardises: true)
    }
  }

  private func fit(
    _ states: Tensor, _ targets: Matrix, _ rows: FoldRows,
    _ solve: @escaping (RegressionSums, Double) throws -> FittedRegression
  ) throws -> Fold {
    var trials: [PenaltySearch.Trial] = []
    if search.hasChoice, !rows.train.isEmpty, !rows.development.isEmpty {
      let sums = try RegressionSums(states, rows: rows.train, targets: targets)
      trials = try search.trials { penalty in
        let guesses = try solve(sums, penalty).predictions(states, rows: rows.development)
        var error = 0.0
        for (i, row) in rows.development.enumerated() {
          for k in 0..<targets.columns {
            error += (targets[row, k] - guesses[i, k]) * (targets[row, k] - guesses[i, k])
          }
        }
        return error / Double(rows.development.count)
      }
    }
    let penalty = trials.best?.penalty ?? search.middle
    let sums = try RegressionSums(states, rows: rows.outer, targets: targets)
    return Fold(
      fitted: try solve(sums, penalty), trials: trials, penalty: penalty, states: states, targets: targets,
      rows: rows.outer
    ) { try solve($0, penalty) }
  }
}
