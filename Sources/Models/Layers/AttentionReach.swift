/// Which keys a query attends to: always a range of them, by where the query stands.
package enum AttentionReach: Sendable, Equatable {
  case all
  /// Itself and those before it.
  case causal
  /// From `back` before it to `ahead` behind it.
  case near(back: Int, ahead: Int)
  /// Those of its own block, and of so many blocks before it; the first block begins at 0.
  case blocks(size: Int, before: Int = 0)

  /// The score of a key that is not reached: finite, so that its product with a weight of zero is zero.
  package static let beyond: Float = -1e30

  /// The keys of query `query`, of `count` keys; at least one.
  package func keys(of query: Int, count: Int) -> Range<Int> {
    let (first, end): (Int, Int)
    switch self {
    case .all: return 0..<count
    case .causal: (first, end) = (0, query + 1)
    case .near(let back, let ahead):
      (first, end) = (query - min(back, query), query + min(ahead, count) + 1)
    case .blocks(let size, let before):
      let block = query / size
      (first, end) = ((block - min(before, block)) * size, (block + 1) * size)
    }
    // Queries of padding may have no key; what comes of them means nothing.
    let start = min(first, count - 1)
    return start..<max(start + 1, min(end, count))
  }
}
