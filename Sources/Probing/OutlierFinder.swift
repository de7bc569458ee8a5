import Activations
import Foundations
import Results
import Tensors

/// Finds rows of states whose norm, or whose distance from the other rows' middle, is more than ten times the median
/// (Davari et al. 2023): a few of them decide every product, scale and similarity.
struct OutlierFinder: Sendable {
  /// More than this share of rows is no outlier, but how the layer is.
  private static let mostShare = 0.05
  /// Of each row of the states.
  let isOutlier: [Bool]
  private let ratios: [Double]

  /// Looks at `rows` of `states` `[· × width]`; nil where none of them stands out.
  init?(_ states: Tensor, rows: [Int]) {
    guard rows.count > 2, states.width > 0 else { return nil }
    let centre = Self.medians(states, rows)
    let norms = Self.ratios(states, rows, from: centre.map { _ in 0 })
    let distances = Self.ratios(states, rows, from: centre)
    var ratios = [Double](repeating: 0, count: states.rows)
    for (place, row) in rows.enumerated() { ratios[row] = max(norms[place], distances[place]) }
    let isOutlier = ratios.map { $0 > OutlierRows.factor }
    let count = isOutlier.count { $0 }
    guard count > 0, Double(count) <= Self.mostShare * Double(rows.count) else { return nil }
    (self.isOutlier, self.ratios) = (isOutlier, ratios)
  }

  /// The rows by name and time, the largest first.
  func rows(of examples: PooledSpans) -> OutlierRows {
    let found = isOutlier.indices.filter { isOutlier[$0] }.sorted { (ratios[$1], $0) < (ratios[$0], $1) }
    return OutlierRows(
      count: found.count,
      rows: found.prefix(10).map { row in
        let item = examples.items[row]
        return OutlierRows.Row(
          utterance: examples.utterances[item.utterance], start: item.start, end: item.end,
          timesMedian: ratios[row])
      })
  }

  /// Each row's distance from `centre` over the median of them; zeros where that is zero.
  private static func ratios(_ states: Tensor, _ rows: [Int], from centre: [Double]) -> [Double] {
    let width = states.width
    let distances = states.withUnsafeBuffer { values in
      rows.map { row in
        (0..<width).reduce(0.0) { sum, k in
          let difference = Double(values[row * width + k]) - centre[k]
          return sum + difference * difference
        }.squareRoot()
      }
    }
    let median = quantile(distances.sorted(), 0.5)
    return median > 0 ? distances.map { $0 / median } : distances.map { _ in 0 }
  }

  /// Of each feature, over at most 2,001 of the rows: a middle need not be exact.
  private static func medians(_ states: Tensor, _ rows: [Int]) -> [Double] {
    let step = max(1, rows.count / 2000)
    let sample = stride(from: 0, to: rows.count, by: step).map { rows[$0] }
    return states.withUnsafeBuffer { values in
      (0..<states.width).map { k in
        Double(sample.map { values[$0 * states.width + k] }.sorted()[sample.count / 2])
      }
    }
  }
}
