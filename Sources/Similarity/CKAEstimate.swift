/// How linear CKA between all pairs of layers is had from rows: exactly in the cheaper of two spaces, or, where that is
/// too much work, from batches of rows.
public enum CKAEstimate: String, Sendable {
  /// `[p × q]` moments of the dimensions of every pair.
  case features
  /// `[n × n]` products of the rows of every layer.
  case gram
  /// Products of rows within batches (`MinibatchCKA`).
  case minibatch

  /// Multiplications beyond which an exact value is not worth its time: some minutes of a core.
  static let exactLimit = 1e13

  /// The estimate for `rows` rows of `layers` layers with `totalWidth` dimensions together.
  public static func cheapest(rows: Int, totalWidth: Int, layers: Int) -> CKAEstimate {
    let space = ComparisonSpace.cheaper(rows: rows, totalWidth: totalWidth)
    let exact: CKAEstimate = space == .gram ? .gram : .features
    let cost = { (estimate: CKAEstimate) in
      estimate.cost(rows: rows, totalWidth: totalWidth, layers: layers)
    }
    return cost(exact) > exactLimit && cost(.minibatch) < cost(exact) ? .minibatch : exact
  }

  /// About how many multiplications it takes.
  public func cost(rows: Int, totalWidth: Int, layers: Int) -> Double {
    let (n, width, pairs) = (Double(rows), Double(totalWidth), Double(layers * (layers + 1)) / 2)
    let batch = min(n, Double(MinibatchCKA().batch))
    switch self {
    case .features: return n * width * width / 2
    case .gram: return n * n * (width + pairs)
    case .minibatch: return n * batch * (width + pairs)
    }
  }
}
