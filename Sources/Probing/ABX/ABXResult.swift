import Results
import Tensors

/// What every X of a task gave, from which the error is made, of all or of a resample of utterances.
///
/// The error is the mean over triplets of each cell, over contexts, over speakers, and over pairs of phones, in this
/// order.
public struct ABXResult: Sendable {
  /// One X in a cell: the triplets in which it is nearer to A, ties by half, of how many.
  private struct Score: Sendable {
    let item: Int
    let won: Double
    let count: Int
  }

  /// In the order of phones, then speakers.
  private let cells: [(phones: [Int], speakers: [Int], scores: [Score])]

  /// The triplets that were compared: those of a task whose frames are there.
  public let triplets: Int

  /// - Parameter frames: the items', nil for one that no cell compares.
  init(_ task: ABXTask, _ frames: [ABXFrames?], _ comparison: ABXComparison, threads: Int) throws {
    let scores = try parallelMap(task.cells.count, threads: threads) {
      Self.scores(task.cells[$0], frames, comparison)
    }
    cells = zip(task.cells, scores).map { ($0.phones, $0.speakers, $1) }.sorted {
      ($0.phones + $0.speakers).lexicographicallyPrecedes($1.phones + $1.speakers)
    }
    triplets = cells.reduce(0) { $0 + $1.scores.reduce(0) { $0 + $1.count } }
  }

  private static func scores(
    _ cell: ABXTask.Cell, _ frames: [ABXFrames?], _ comparison: ABXComparison
  ) -> [Score] {
    cell.x.compactMap { x in
      guard let own = frames[x] else { return nil }
      func distances(_ places: [Int]) -> [Double] {
        places.compactMap { frames[$0]?.distance(to: own, comparison) }
      }
      let fromB = distances(cell.b)
      var (won, count) = (0.0, 0)
      for fromA in distances(cell.isSymmetric ? cell.a.filter { $0 != x } : cell.a) {
        for other in fromB {
          won += fromA < other ? 1 : fromA == other ? 0.5 : 0
          count += 1
        }
      }
      return count > 0 ? Score(item: x, won: won, count: count) : nil
    }
  }

  /// The share of triplets in which X is nearer to B than to A: 0 where phones lie apart, 0.5 where frames say
  /// nothing, NaN without a triplet.
  public var error: Double { error(weights: nil) }

  /// The same with each X counted as often as `weights` says of its item.
  func error(weights: [Double]?) -> Double {
    var (phones, speakers, contexts) = (Mean(), Mean(), Mean())
    for (place, cell) in cells.enumerated() {
      var (won, count) = (0.0, 0.0)
      for score in cell.scores {
        let own = weights?[score.item] ?? 1
        won += own * score.won
        count += own * Double(score.count)
      }
      if count > 0 { contexts.add(won / count) }
      let next = place + 1 < cells.count ? cells[place + 1] : nil
      if next?.phones != cell.phones || next?.speakers != cell.speakers { speakers.take(&contexts) }
      if next?.phones != cell.phones { phones.take(&speakers) }
    }
    return 1 - phones.value
  }

  /// The error with its interval over resamples of the utterances that the X come from; `utterance` is of each item.
  package func estimate(utterance: [Int], resamples: Int, seed: UInt64) -> Estimate {
    let used = Set(cells.flatMap { $0.scores.map { utterance[$0.item] } }).sorted()
    let places = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
    let clusters = utterance.map { places[$0] }
    let bootstrap = Bootstrap(clusters: used.count, resamples: resamples, seed: seed)
    return Draws(
      values: (0..<bootstrap.weights.rows).map { draw in
        error(weights: clusters.map { $0.map { bootstrap.weights[draw, $0] } ?? 0 })
      }, clusters: used.count
    ).estimate(within: 0...1)
  }

  private struct Mean {
    private var (sum, count) = (0.0, 0.0)
    var value: Double { sum / count }

    init() {}

    mutating func add(_ value: Double) {
      sum += value
      count += 1
    }

    /// Adds the mean of another, where it has one, which begins anew.
    mutating func take(_ other: inout Mean) {
      if other.count > 0 { add(other.value) }
      other = Mean()
    }
  }
}

extension ABXTask {
  /// Compares all triplets. `frames` are the items', nil for one that no cell compares.
  public func result(
    _ frames: [ABXFrames?], _ comparison: ABXComparison, threads: Int = 1
  ) throws -> ABXResult {
    try ABXResult(self, frames, comparison, threads: threads)
  }
}
