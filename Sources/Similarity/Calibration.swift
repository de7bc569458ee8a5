import Foundations
import Results
import Tensors

/// A similarity beside what it is where rows of one side stand for others.
public struct CalibratedValue: Sendable, Equatable {
  /// What is calibrated.
  public let value: Double
  /// (s − threshold)/(1 − threshold), 0 below it.
  public let calibrated: Double
  /// The 95 % quantile of the draws and the value itself.
  public let threshold: Double
  /// (1 + draws that reach the value)/(1 + draws).
  public let p: Double

  /// Nil where the value or a draw is not a number: a layer that is dead is no evidence.
  public init?(_ value: Double, draws: [Double]) {
    guard value.isFinite, draws.allSatisfy(\.isFinite), !draws.isEmpty else { return nil }
    self.value = value
    let sorted = (draws + [value]).sorted()
    threshold = sorted[Int((0.95 * Double(sorted.count)).rounded(.up)) - 1]
    calibrated = threshold < 1 ? max(0, (value - threshold) / (1 - threshold)) : 0
    p = Double(1 + draws.count { $0 >= value }) / Double(1 + draws.count)
  }
}

/// Whether layers are more alike than chance, against whole utterances of one side in another order.
///
/// Rows of an utterance stay together and in their order, so that what is slow stays slow: with single rows exchanged any
/// two slow signals seem alike. P values are adjusted over all pairs by Benjamini and Hochberg's rule.
public struct SimilarityCalibration: Sendable {
  /// How often utterances are put in another order; the least p value is 1/(1 + draws).
  public var draws = 200
  /// The seed of the orders; the same seed gives the same p values.
  public var seed: UInt64 = 0
  /// Products of rows are kept for each layer: no more rows than this are used, of utterances drawn from the seed.
  public static let rowLimit = 1000

  public init() {}

  /// Rows of whole utterances, in their order.
  public func sample(_ groups: [Int]) -> [Int] {
    var numbers = RandomNumbers(seed: seed, stream: "calibrated utterances")
    let own = Dictionary(grouping: groups.indices) { groups[$0] }.sorted { $0.key < $1.key }.map(\.value)
    var rows: [Int] = []
    for place in numbers.permutation(own.count) where rows.count + own[place].count <= Self.rowLimit {
      rows += own[place]
    }
    return rows.sorted()
  }

  /// Orders of the rows in which whole groups have changed places.
  func orders(_ groups: [Int]) -> [[Int]] {
    var numbers = RandomNumbers(seed: seed, stream: "exchanged utterances")
    let own = Dictionary(grouping: groups.indices) { groups[$0] }.sorted { $0.key < $1.key }.map(\.value)
    return (0..<draws).map { _ in numbers.permutation(own.count).flatMap { own[$0] } }
  }

  /// `groups` are the utterances of the rows. Nil of fewer than ten utterances, or fewer than 19 draws, from which
  /// nothing follows.
  /// - Throws: `SimilarityError` for states that cannot be compared, such as ones that are not finite.
  public func calibration<M: SimilarityMeasure>(
    rows: [LayerStates], columns: [LayerStates]? = nil, groups: [Int], measure: M, threads: Int = 1
  ) throws -> LayerCalibration? {
    let utterances = Set(groups).count
    guard utterances >= 10, draws >= 19 else { return nil }
    let (orders, all) = (orders(groups), rows + (columns ?? []))
    let space: ComparisonSpace = groups.count <= Self.rowLimit ? .gram : .features
    let prepared = try parallelMap(all.count, threads: threads) { index in
      try? measure.prepare(all[index].states, space: space)
    }
    let offset = columns == nil ? 0 : rows.count
    let width = columns?.count ?? rows.count
    // A column's draws are made once for all rows.
    let found = try parallelMap(width, threads: threads) { column -> [CalibratedValue?] in
      guard let y = prepared[offset + column] else { return rows.map { _ in nil } }
      let partners = rows.indices.filter { columns != nil || $0 < column }
      var (values, drawn) = ([Int: Double](), [Int: [Double]]())
      for row in partners {
        if let x = prepared[row] { values[row] = try? measure.compare(x, y) }
      }
      for order in orders {
        let exchanged =
          try y.reordered(order)
          ?? measure.prepare(all[offset + column].states.selectingRows(order), space: space)
        for row in partners {
          guard let x = prepared[row] else { continue }
          drawn[row, default: []].append((try? measure.compare(x, exchanged)) ?? .nan)
        }
      }
      return rows.indices.map { row in
        values[row].flatMap { CalibratedValue($0, draws: drawn[row] ?? []) }
      }
    }
    return table(found, rows: rows.count, mirrored: columns == nil, of: groups.count, utterances)
  }

  private func table(
    _ found: [[CalibratedValue?]], rows: Int, mirrored: Bool, of count: Int, _ utterances: Int
  ) -> LayerCalibration {
    let pairs = found.indices.flatMap { column in
      (0..<rows).filter { found[column][$0] != nil }.map { (row: $0, column: column) }
    }
    let adjusted = benjaminiHochberg(pairs.map { found[$0.column][$0.row]?.p ?? 1 })
    let empty = [[Double?]](repeating: Array(repeating: nil, count: found.count), count: rows)
    var (values, calibrated, p, corrected) = (empty, empty, empty, empty)
    for (pair, value) in zip(pairs, adjusted) {
      let own = found[pair.column][pair.row]
      values[pair.row][pair.column] = own?.value
      calibrated[pair.row][pair.column] = own?.calibrated
      p[pair.row][pair.column] = own?.p
      corrected[pair.row][pair.column] = value
      guard mirrored else { continue }
      values[pair.column][pair.row] = own?.value
      calibrated[pair.column][pair.row] = own?.calibrated
      p[pair.column][pair.row] = own?.p
      corrected[pair.column][pair.row] = value
    }
    return LayerCalibration(
      rows: count, utterances: utterances, draws: draws, values: values, calibrated: calibrated, p: p,
      adjustedP: corrected)
  }
}
