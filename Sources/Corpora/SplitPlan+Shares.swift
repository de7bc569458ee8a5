import Foundations

extension SplitPlan {
  /// The same folds with a share of the utterances to learn from; what is tested stays as it is.
  ///
  /// `draw` numbers independent draws. A smaller share of one draw lies within a larger one of it. At least two
  /// utterances are kept of a fold's training part, and one of a development part that there is.
  public func learning(from share: Double, draw: Int, seed: UInt64) -> SplitPlan {
    precondition(share > 0 && share <= 1, "a share of \(share)")
    guard share < 1 else { return self }
    var numbers = RandomNumbers(seed: seed, stream: "share of training \(draw)")
    let count = (folds.flatMap { $0.outer + $0.test }.max() ?? -1) + 1
    let order = numbers.permutation(count)
    var rank = [Int](repeating: 0, count: count)
    for (place, utterance) in order.enumerated() { rank[utterance] = place }
    func kept(_ utterances: [Int], least: Int) -> [Int] {
      let number = max(least, Int((share * Double(utterances.count)).rounded()))
      return utterances.sorted { rank[$0] < rank[$1] }.prefix(number).sorted()
    }
    return SplitPlan(
      folds: folds.map { fold in
        let train = kept(fold.train, least: 2)
        let development = kept(fold.development, least: 1)
        let others = Set(fold.outer).subtracting(fold.train).subtracting(fold.development)
        let rest = others.isEmpty ? [] : kept(others.sorted(), least: 0)
        return Fold(
          train: train, development: development, test: fold.test,
          outer: (train + development + rest).sorted())
      },
      description: description + " Of the training part a share of \(share) is learned from.",
      leaks: leaks, findings: findings, terms: terms)
  }
}
