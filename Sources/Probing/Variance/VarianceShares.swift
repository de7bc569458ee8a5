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

  func shares(names: [String], resamples: Int, seed: UInt64) -> VarianceShares {
    let tested = (0..<sums.rows).filter { sums[$0, 0] > 0 }
    let bootstrap = Bootstrap(clusters: tested.count, resamples: tested.isEmpty ? 0 : resamples, seed: seed)
    let drawn = bootstrap.sums(of: sums.selecting(rows: tested))
    func draws(_ value: (Int) -> Double) -> Draws {
      Draws(values: (0..<drawn.rows).map(value), clusters: tested.count)
    }
    func explained(_ column: Column) -> Draws {
      draws { 1 - drawn[$0, place(column)] / drawn[$0, 0] }
    }
    let together = explained(.together)
    let unique = names.indices.map { together - explained(.without($0)) }
    let shared = draws { row in unique.reduce(together.values[row]) { $0 - $1.values[row] } }
    return VarianceShares(
      blocks: names.enumerated().map { block, name in
        VarianceShares.Block(
          name: name, alone: explained(.alone(block)).estimate(), unique: unique[block].estimate(),
          part: draws { drawn[$0, place(.part(block))] / drawn[$0, 0] }.estimate())
      }, together: together.estimate(), shared: shared.estimate(), clusters: tested.count)
  }
}
