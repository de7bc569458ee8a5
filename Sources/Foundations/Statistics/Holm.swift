/// Which of several hypotheses are rejected at level `alpha` by Holm's step-down correction (Holm 1979).
package func holmRejections(_ pValues: [Double], alpha: Double = 0.05) -> [Bool] {
  var rejected = [Bool](repeating: false, count: pValues.count)
  let order = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
  for (rank, index) in order.enumerated() {
    guard pValues[index] <= alpha / Double(pValues.count - rank) else { break }
    rejected[index] = true
  }
  return rejected
}

/// P values adjusted for their number by Benjamini & Hochberg's step-up rule (1995): those below α are false in a share of α
/// at most, on average. Holm's rule needs p values below α over their number, which a few hundred draws cannot give.
package func benjaminiHochberg(_ pValues: [Double]) -> [Double] {
  var adjusted = [Double](repeating: 1, count: pValues.count)
  let order = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
  var least = 1.0
  for (rank, index) in order.enumerated().reversed() {
    least = min(least, pValues[index] * Double(pValues.count) / Double(rank + 1))
    adjusted[index] = least
  }
  return adjusted
}
