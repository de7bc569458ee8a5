import Activations
import Corpora
import Foundations
import Results
import Tensors

/// How much of a layer's variance groups of features explain: alone, uniquely and together, on held-out rows.
///
/// ```swift
/// let partition = try VariancePartition(blocks: [mel, phones], folds: folds, clusters: utterances)
/// let found = try partition.shares(of: states)        // found.together.value, found.blocks[1].unique
/// ```
/// For each fold a banded ridge is fitted on training rows, its penalties chosen on development rows, then fitted again
/// on all that may be learned from. The share explained is 1 − Σ‖y − ŷ‖²/Σ‖y − ȳ‖² over all tested rows, ȳ being the
/// training mean, so that a model that knows nothing has exactly 0. *Unique* is what is lost when a block is left out,
/// the penalties of the others being sought again; a *part* is Σ ŷ_b·(2y − ŷ)/Σ‖y − ȳ‖² of the joint prediction (the
/// product measure: Dupré la Tour et al. 2022), and the parts sum to the whole.
public struct VariancePartition: Sendable {
  /// Rows of one division.
  public struct Fold: Sendable {
    let train, development, outer, test: [Int]

    public init(train: [Int], development: [Int], outer: [Int], test: [Int]) {
      (self.train, self.development, self.outer, self.test) = (train, development, outer, test)
    }

    /// The rows of a fold's utterances.
    public init(_ fold: Corpora.Fold, utterances: [Int]) {
      func rows(_ chosen: [Int]) -> [Int] {
        let chosen = Set(chosen)
        return utterances.indices.filter { chosen.contains(utterances[$0]) }
      }
      self.init(
        train: rows(fold.train), development: rows(fold.development), outer: rows(fold.outer),
        test: rows(fold.test))
    }
  }

  let blocks: JoinedBlocks
  let folds: [Fold]
  /// The resampling unit of each row.
  let clusters: [Int]
  /// Whether each dimension of a layer counts alike; else with its variance, and a few large ones can own the number.
  public var standardises = true
  /// The seed of resampling.
  public var seed: UInt64 = 0
  /// How often clusters are resampled for each 95 % interval.
  public var resamples = 1000
  /// Whether intervals hold what another training part would have taught, by fits without one group of clusters after
  /// another.
  var hasRefits = true

  /// Folds without anything to learn from, choose on or test are left out.
  /// - Throws: `ProbeError` for blocks of different lengths or values that are not finite, and where no fold is left.
  public init(blocks: [FeatureBlock], folds: [Fold], clusters: [Int]) throws {
    self.blocks = try JoinedBlocks(blocks)
    self.clusters = clusters
    self.folds = folds.filter { $0.train.count > 1 && !$0.development.isEmpty && !$0.test.isEmpty }
    guard self.blocks.states.rows == clusters.count else {
      throw ProbeError.rowMismatch(states: self.blocks.states.rows, labels: clusters.count)
    }
    guard !self.folds.isEmpty else { throw ProbeError.noRows }
  }

  /// Steps that `shares` takes with each layer: in each fold a search, a fit, and the fits that leave out a group.
  public var stepCount: Int { folds.count * (2 + (hasRefits ? Bootstrap.groups : 0)) }

  /// Rows that any fold tests.
  public var tested: [Int] { Set(folds.flatMap(\.test)).sorted() }

  /// One layer's, `[rows × width]`.
  /// - Throws: `ProbeError` for another number of rows or values that are not finite; `LinearAlgebraError`.
  public func shares(of states: Tensor) throws -> VarianceShares {
    try shares(of: [states]) { _ in }[0]
  }

  /// Several layers', which share each fold's sums of features. `progress` is told how many steps are done, of
  /// `stepCount` for each layer.
  /// - Throws: `ProbeError` for another number of rows, values that are not finite, or when cancelled;
  ///   `LinearAlgebraError`.
  public func shares(
    of layers: [Tensor], threads: Int = 1, isCancelled: @Sendable () -> Bool = { false },
    progress: @Sendable (Int) -> Void
  ) throws -> [VarianceShares] {
    var sums = layers.map { _ in VarianceSums(blocks: blocks.names.count, clusters: clusters.max() ?? 0) }
    for states in layers {
      guard states.rows == clusters.count else {
        throw ProbeError.rowMismatch(states: states.rows, labels: clusters.count)
      }
      try states.requireFinite()
    }
    let groups = hasRefits ? Bootstrap.groups : 0
    var refits = (0..<groups).map { _ in sums }
    let groupOfRow = groupOfRow
    var done = 0
    func each<Value: Sendable>(_ work: @Sendable (Matrix, Int) throws -> Value) throws -> [Value] {
      let found = try parallelMap(layers.count, threads: threads) { index in
        guard !isCancelled() else { throw ProbeError.interrupted }
        return try work(Matrix(layers[index]), index)
      }
      done += layers.count
      progress(done)
      return found
    }
    for fold in folds {
      let search = FoldPenaltySearch(blocks, fold, standardises: standardises, seed: seed)
      let penalties = try each { states, _ in try search.penalties(for: states) }
      for group in -1..<groups {
        var rows = group < 0 ? fold.outer : fold.outer.filter { groupOfRow[$0] != group }
        // A group that is all there is to learn from takes nothing away.
        if rows.count < 2 { rows = fold.outer }
        let fit = FoldVariance(blocks, outer: rows, test: fold.test, standardises: standardises)
        let found = try each { [clusters] states, index in
          try fit.sums(of: states, penalties[index], clusters: clusters)
        }
        for index in layers.indices {
          if group < 0 { sums[index].add(found[index]) } else { refits[group][index].add(found[index]) }
        }
      }
    }
    return layers.indices.map { index in
      sums[index].shares(
        names: blocks.names, refits: refits.map { $0[index] }, resamples: resamples, seed: seed)
    }
  }

  /// The group of each row that refits leave out: whole clusters, as a study's are (`ResamplingUnits`).
  private var groupOfRow: [Int] {
    let places = Dictionary(
      uniqueKeysWithValues: Set(clusters).sorted().enumerated().map { ($1, $0 % Bootstrap.groups) })
    return clusters.map { places[$0] ?? 0 }
  }
}

/// A layer's rows around the mean of some of them, each dimension by their deviation where that is asked for.
private struct ScaledOutputs {
  let mean: [Double]
  let factors: [Double]

  init(_ states: Matrix, of rows: [Int], standardises: Bool) {
    mean = states.mean(of: rows)
    let scale = states.deviations(of: rows, around: mean)
    let largest = scale.max() ?? 0
    factors = scale.map { $0 > 1e-9 * largest && $0 > 0 ? (standardises ? 1 / $0 : 1) : 0 }
  }

  func of(_ states: Matrix, rows: [Int]) -> Matrix {
    states.selecting(rows: rows).less(mean).timesColumns(factors)
  }
}

/// Places among `BandedSearch.penalties` of one layer in one fold: of all blocks together, and for each block those of
/// it alone and of the others without it.
private struct FoldPenalties: Sendable {
  let joint: [Int]
  let alone, without: [[Int]]
}

/// Chooses penalties on one fold's development rows, for any layer.
private struct FoldPenaltySearch: Sendable {
  let blocks: JoinedBlocks
  let train, development: FeatureMoments
  let standardises: Bool
  let seed: UInt64

  init(_ blocks: JoinedBlocks, _ fold: VariancePartition.Fold, standardises: Bool, seed: UInt64) {
    (self.blocks, self.standardises, self.seed) = (blocks, standardises, seed)
    train = FeatureMoments(blocks, rows: fold.train)
    development = FeatureMoments(blocks, rows: fold.development, mean: train.mean)
  }

  func penalties(for states: Matrix) throws -> FoldPenalties {
    let outputs = ScaledOutputs(states, of: train.rows, standardises: standardises)
    let every = Array(blocks.names.indices)
    let search = BandedSearch(
      BandedRidge(blocks, training: train), development: development,
      training: outputs.of(states, rows: train.rows),
      development: outputs.of(states, rows: development.rows), seed: seed)
    let joint = try search.best(using: every)
    return FoldPenalties(
      joint: joint, alone: try every.map { try search.best(using: [$0]) },
      without: try every.map { block in
        try search.best(using: every.filter { $0 != block }, from: joint)
      })
  }
}

/// One fold's sums of features, for any layer.
private struct FoldVariance: Sendable {
  let blocks: JoinedBlocks
  let outer, test: FeatureMoments
  let standardises: Bool

  init(_ blocks: JoinedBlocks, outer: [Int], test: [Int], standardises: Bool) {
    (self.blocks, self.standardises) = (blocks, standardises)
    self.outer = FeatureMoments(blocks, rows: outer)
    self.test = FeatureMoments(blocks, rows: test, mean: self.outer.mean)
  }

  func sums(of states: Matrix, _ penalties: FoldPenalties, clusters: [Int]) throws -> VarianceSums {
    let outputs = ScaledOutputs(states, of: outer.rows, standardises: standardises)
    let ridge = BandedRidge(blocks, training: outer)
    let cross = matrixProduct(outer.centred, .transposed, outputs.of(states, rows: outer.rows))
    let truth = outputs.of(states, rows: test.rows)
    func weights(_ places: [Int]) throws -> Matrix {
      try ridge.coefficients(places.map { BandedSearch.penalties[$0] }, cross: cross)
    }
    func errors(_ places: [Int]) throws -> [Double] {
      truth.squaredDistances(from: matrixProduct(test.centred, .none, try weights(places)))
    }
    var sums = VarianceSums(blocks: blocks.names.count, clusters: clusters.max() ?? 0)
    let own = test.rows.map { clusters[$0] }
    sums.add(truth.squaredNorms, to: .total, own)
    let jointWeights = try weights(penalties.joint)
    let jointPrediction = matrixProduct(test.centred, .none, jointWeights)
    sums.add(truth.squaredDistances(from: jointPrediction), to: .together, own)
    for block in blocks.names.indices {
      sums.add(try errors(penalties.alone[block]), to: .alone(block), own)
      sums.add(try errors(penalties.without[block]), to: .without(block), own)
      let part = matrixProduct(
        test.centred, .none, jointWeights.keeping(rows: blocks.columns[block]))
      sums.add(part.products(with: truth, jointPrediction), to: .part(block), own)
    }
    return sums
  }
}

extension Matrix {
  /// Root mean squares of some rows around `mean`.
  func deviations(of chosen: [Int], around mean: [Double]) -> [Double] {
    var sums = [Double](repeating: 0, count: columns)
    for row in chosen {
      for k in 0..<columns {
        let difference = values[row * columns + k] - mean[k]
        sums[k] += difference * difference
      }
    }
    return sums.map { ($0 / Double(max(chosen.count, 1))).squareRoot() }
  }

  /// The same with zeros in all rows but these.
  fileprivate func keeping(rows kept: Range<Int>) -> Matrix {
    var result = Matrix(rows: rows, columns: columns)
    let range = kept.lowerBound * columns..<kept.upperBound * columns
    result.values.replaceSubrange(range, with: values[range])
    return result
  }

  fileprivate func sums(_ term: (Int) -> Double) -> [Double] {
    (0..<rows).map { row in
      (row * columns..<(row + 1) * columns).reduce(0.0) { $0 + term($1) }
    }
  }

  fileprivate var squaredNorms: [Double] { sums { values[$0] * values[$0] } }

  fileprivate func squaredDistances(from other: Matrix) -> [Double] {
    sums { (values[$0] - other.values[$0]) * (values[$0] - other.values[$0]) }
  }

  /// Of each row Σ ŷ_b·(2y − ŷ), this being ŷ_b.
  fileprivate func products(with truth: Matrix, _ joint: Matrix) -> [Double] {
    sums { values[$0] * (2 * truth.values[$0] - joint.values[$0]) }
  }
}
