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
