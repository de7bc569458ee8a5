/// How a found sequence differs from its reference: the fewest changes, counted (Levenshtein 1966).
///
/// Of alignments with as few changes the one is counted that jiwer's library takes: common beginnings and ends are put
/// aside, then from the end a deletion goes before an insertion, and both before a replacement.
public struct Alignment: Sendable, Equatable, Codable {
  /// Symbols that both have.
  public var hits = 0
  /// Symbols of the reference that another one stands for.
  public var substitutions = 0
  /// Symbols of the reference that were not found.
  public var deletions = 0
  /// Symbols that were found and are not in the reference.
  public var insertions = 0

  /// The fewest changes that lead from one to the other.
  public var errors: Int { substitutions + deletions + insertions }
  /// The length of the reference.
  public var reference: Int { hits + substitutions + deletions }

  /// Counts of an alignment that was made elsewhere.
  public init(hits: Int = 0, substitutions: Int = 0, deletions: Int = 0, insertions: Int = 0) {
    (self.hits, self.substitutions, self.deletions, self.insertions) = (
      hits, substitutions, deletions, insertions
    )
  }

  /// The counts of both, for the error rate over several sequences.
  public static func + (a: Alignment, b: Alignment) -> Alignment {
    Alignment(
      hits: a.hits + b.hits, substitutions: a.substitutions + b.substitutions,
      deletions: a.deletions + b.deletions, insertions: a.insertions + b.insertions)
  }

  /// Aligns what was found with its reference; O(found · reference) time, and as much memory.
  public init<Symbol: Equatable>(of found: [Symbol], with reference: [Symbol]) {
    let prefix = zip(reference, found).prefix { $0 == $1 }.count
    let rest = (reference.dropFirst(prefix), found.dropFirst(prefix))
    let suffix = zip(rest.0.reversed(), rest.1.reversed()).prefix { $0 == $1 }.count
    hits = prefix + suffix
    let (a, b) = (Array(rest.0.dropLast(suffix)), Array(rest.1.dropLast(suffix)))
    // distance[i][j]: of the first i of the reference and the first j found.
    let width = b.count + 1
    var distance = [Int](repeating: 0, count: (a.count + 1) * width)
    for j in 0...b.count { distance[j] = j }
    for i in 0..<a.count {
      distance[(i + 1) * width] = i + 1
      for j in 0..<b.count {
        let replaced = distance[i * width + j] + (a[i] == b[j] ? 0 : 1)
        distance[(i + 1) * width + j + 1] = min(
          replaced, distance[i * width + j + 1] + 1, distance[(i + 1) * width + j] + 1)
      }
    }
    var (i, j) = (a.count, b.count)
    while i > 0, j > 0 {
      if distance[i * width + j] == distance[(i - 1) * width + j] + 1 {
        deletions += 1
        i -= 1
      } else if distance[i * width + j - 1] == distance[(i - 1) * width + j - 1] - 1 {
        insertions += 1
        j -= 1
      } else {
        if a[i - 1] == b[j - 1] { hits += 1 } else { substitutions += 1 }
        i -= 1
        j -= 1
      }
    }
    deletions += i
    insertions += j
  }
}
