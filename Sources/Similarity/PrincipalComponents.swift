import Tensors

/// States in the directions in which they vary most.
public enum PrincipalComponents {
  /// The first `count` principal components of `states` `[n × p]`, `[n × count]`, in units of the states; of the centred
  /// states as they are, dimensions of large variance first.
  ///
  /// - Throws: `SimilarityError` for values that are not finite or do not vary; `nil` where the states lie in fewer
  ///   directions than `count`.
  public static func of(_ states: Tensor, count: Int) throws -> Tensor? {
    precondition(count > 0, "\(count) components")
    let (n, p) = (states.rows, states.width)
    guard min(n - 1, p) >= count else { return nil }
    let centred = try CentredStates(states)
    let unit = 1 / centred.scale
    if n < p {
      // Scores are the rows' own eigenvectors, as long as they vary.
      let directions = try PrincipalDirections(of: centred.rowProducts(), share: nil)
      guard directions.kept >= count else { return nil }
      return Tensor(shape: [n, count]) { scores in
        for k in 0..<count {
          let length = directions.variances[k].squareRoot() * unit
          for row in 0..<n { scores[row * count + k] = Float(directions.vectors[k, row] * length) }
        }
      }
    }
    let directions = try PrincipalDirections(of: centred.secondMoment(), share: nil)
    guard directions.kept >= count else { return nil }
    let axes = Matrix(rows: count, columns: p, values: Array(directions.vectors.values.prefix(count * p)))
    var scores = [Float]()
    scores.reserveCapacity(n * count)
    for start in stride(from: 0, to: n, by: 1024) {
      let block = centred.block(start..<min(start + 1024, n))
      scores += matrixProduct(block, .none, axes, .transposed).values.map { Float($0 * unit) }
    }
    return Tensor(scores, shape: [n, count])
  }
}
