/// Takes the spans of a level one by one and keeps of each class those with the smallest hashes, as many as its
/// quota. It never holds more than about twice the sample.
struct SampleChoice {
  /// Which span of which utterance.
  struct Place: Comparable {
    let utterance: Int
    let span: Int

    static func < (a: Place, b: Place) -> Bool { (a.utterance, a.span) < (b.utterance, b.span) }
  }

  private typealias Candidate = (hash: UInt64, place: Place)

  private let counts: [Int]
  private let quotas: [Int]
  /// Of classes that are kept whole.
  private var whole: [Place] = []
  /// Of each other class.
  private var crowded: [[Candidate]]
  /// No hash of a class above this is among its smallest.
  private var bounds: [UInt64]

  /// `counts` says how many spans of each class will come.
  init(counts: [Int], quotas: [Int]) {
    self.counts = counts
    self.quotas = quotas
    crowded = counts.map { _ in [] }
    bounds = counts.map { _ in .max }
  }

  /// The next span.
  mutating func offer(_ place: Place, of label: Int, hash: () -> UInt64) {
    let quota = quotas[label]
    guard quota > 0 else { return }
    guard counts[label] > quota else {
      whole.append(place)
      return
    }
    let hash = hash()
    guard hash <= bounds[label] else { return }
    crowded[label].append((hash, place))
    if crowded[label].count >= 2 * quota { trim(label) }
  }

  private mutating func trim(_ label: Int) {
    crowded[label].sort { ($0.hash, $0.place) < ($1.hash, $1.place) }
    crowded[label].removeLast(max(0, crowded[label].count - quotas[label]))
    if crowded[label].count == quotas[label], let last = crowded[label].last { bounds[label] = last.hash }
  }

  /// What is kept of everything offered, in the order of utterances and spans.
  consuming func chosen() -> [Place] {
    for label in crowded.indices { trim(label) }
    return (whole + crowded.joined().map(\.place)).sorted()
  }
}
