import Results
import Tensors

/// What blocks of features explain of one layer, as shares of its variance.
public struct VarianceShares: Sendable {
  /// What one block explains.
  public struct Block: Sendable {
    /// The block's name.
    public let name: String
    /// Shares of the layer's variance on held-out rows: by the block alone, lost without it, and its part of the joint
    /// prediction.
    public let alone, unique, part: Estimate
  }

  /// One entry a block, in their order.
  public let blocks: [Block]
  /// What all blocks explain together, R² on held-out rows.
  public let together: Estimate
  /// Explained by more than one block: together less what each explains uniquely.
  public let shared: Estimate
  /// Clusters that were tested.
  public let clusters: Int
}

/// Squared errors of each model by cluster, from which shares and their resamples are taken.
struct VarianceSums {
  enum Column {
    case total, together
    case alone(Int)
    case without(Int)
    case part(Int)
  }

  private let blocks: Int
  /// `[clusters × columns]`
  private var sums: Matrix

  init(blocks: Int, clusters last: Int) {
    self.blocks = blocks
    sums = Matrix(rows: last + 1, columns: 2 + 3 * blocks)
  }

  private func place(_ column: Column) -> Int {
    switch column {
    case .total: 0
    case .together: 1
    case .alone(let block): 2 + block
    case .without(let block): 2 + blocks + block
    case .part(let block): 2 + 2 * blocks + block
    }
  }

  /// Adds a value a row to the rows' clusters.
  mutating func add(_ values: [Double], to column: Column, _ clusters: [Int]) {
    for (value, cluster) in zip(values, clusters) { sums[cluster, place(column)] += value }
  }

  mutating func add(_ other: VarianceSums) {
    for i in sums.values.indices { sums.values[i] += other.sums.values[i] }
  }

  /// `refits` are the sums of fits without each group of clusters in training; none tells nothing of training.
  func shares(
    names: [String], refits: [VarianceSums], resamples: Int, seed: UInt64
  ) -> VarianceShares {
    let tested = (0..<sums.rows).filter { sums[$0, 0] > 0 }
    let bootstrap = Bootstrap(clusters: tested.count, resamples: tested.isEmpty ? 0 : resamples, seed: seed)
    let drawn = bootstrap.sums(of: sums.selecting(rows: tested))
    let refitted = refits.map(\.whole)
    // `value` is told all columns' sums.
    func draws(_ value: ([Double]) -> Double) -> Draws {
      let own = (0..<drawn.rows).map { row in
        value(Array(drawn.values[row * drawn.columns..<(row + 1) * drawn.columns]))
      }
      return Draws(
        tested: own, clusters: tested.count,
        training: refitted.isEmpty
          ? nil : TrainingPart(refits: refitted.map { [value($0)] }, normals: bootstrap.training))
    }
    func explained(_ column: Column) -> ([Double]) -> Double {
      { [place = place(column)] sums in 1 - sums[place] / sums[0] }
    }
    func unique(_ block: Int) -> ([Double]) -> Double {
      let (together, without) = (explained(.together), explained(.without(block)))
      return { together($0) - without($0) }
    }
    let together = explained(.together)
    let shared = draws { sums in
      names.indices.reduce(together(sums)) { $0 - unique($1)(sums) }
    }
    return VarianceShares(
      blocks: names.enumerated().map { block, name in
        VarianceShares.Block(
          name: name, alone: draws(explained(.alone(block))).estimate(),
          unique: draws(unique(block)).estimate(),
          part: draws { [place = place(.part(block))] in $0[place] / $0[0] }.estimate())
      }, together: draws(together).estimate(), shared: shared.estimate(), clusters: tested.count)
  }

  /// Of all clusters together.
  private var whole: [Double] {
    (0..<sums.columns).map { column in (0..<sums.rows).reduce(0) { $0 + sums[$1, column] } }
  }
}
