import Corpora
import Foundations

/// How many spans of a level are kept whole, with their vectors.
///
/// Which ones hangs on a hash of the seed, the level, the utterance's id and the span's start alone: of each
/// class those with the smallest are kept. So the choice depends neither on the order of the utterances nor on
/// threads, and the samples of a corpus's shards can be put together into the sample of the whole.
public struct SampleLimits: Sendable, Equatable, Codable {
  /// At most this many spans of one class.
  public var perClass: Int
  /// At most this many in all; the largest classes give way first. Where fewer than `leastPerClass` would be
  /// left a class, the rarest classes are left out instead.
  public var total: Int
  /// At most this much memory for one level's vectors over all layers, whatever `total` says.
  public var bytes: Int

  /// What a class is not cut below.
  public static let leastPerClass = 10

  public init(perClass: Int = 1000, total: Int = 20_000, bytes: Int = 1 << 30) {
    self.perClass = perClass
    self.total = total
    self.bytes = bytes
  }

  /// The most spans where one takes `width` values over all layers.
  func total(forWidth width: Int) -> Int {
    min(total, bytes / max(1, 4 * width))
  }

  /// A span's rank among those of its class.
  static func hash(seed: UInt64, level: Level, utterance: String, start: Double) -> UInt64 {
    var hash = StableHash(seed: seed)
    hash.combine(level.rawValue)
    hash.combine(utterance)
    hash.combine(start)
    return hash.value
  }

  /// How many spans of each class are kept, given how many there are.
  func quotas(counts: [Int], width: Int) -> [Int] {
    let total = total(forWidth: width)
    let everyClass = SampleLimits.quota(counts: counts, perClass: perClass, total: total)
    if everyClass >= min(perClass, SampleLimits.leastPerClass) {
      return counts.map { min($0, everyClass) }
    }
    let frequent = counts.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
      .prefix(total / max(1, min(perClass, SampleLimits.leastPerClass)))
    let quota = SampleLimits.quota(counts: frequent.map { counts[$0] }, perClass: perClass, total: total)
    var quotas = [Int](repeating: 0, count: counts.count)
    for index in frequent { quotas[index] = min(counts[index], quota) }
    return quotas
  }

  /// The largest quota a class for which `Σ min(count, quota)` stays within `total`.
  static func quota(counts: [Int], perClass: Int, total: Int) -> Int {
    var left = total
    var classes = counts.count
    for count in counts.sorted() {
      let share = left / classes
      if count > share { return min(perClass, share) }
      left -= min(count, perClass)
      classes -= 1
    }
    return perClass
  }
}
