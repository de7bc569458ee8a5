/// One of the equal parts that a study's audio is divided into, counted from 1.
///
/// A shard is a run of consecutive utterances. Cuts lie where the audio before them is nearest to the share that it
/// should be, so shards differ by at most one utterance's length, and every shard has an utterance.
public struct Shard: Sendable, Equatable, CustomStringConvertible {
  /// The number of this part, from 1 to `count`.
  public let index: Int
  /// How many parts the audio is divided into.
  public let count: Int

  /// Nil unless `1 ≤ index ≤ count`.
  public init?(_ index: Int, of count: Int) {
    guard (1...max(1, count)).contains(index), count > 0 else { return nil }
    self.index = index
    self.count = count
  }

  /// From `2/3`.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1] else { return nil }
    self.init(index, of: count)
  }

  public var description: String { "\(index)/\(count)" }

  /// Where it lies in an output folder: `shard-2-of-3`.
  public func folder(in output: String) -> String { "\(output)/shard-\(index)-of-\(count)" }

  /// The shard's utterances, given the lengths of all; nil where there are fewer utterances than shards.
  func part(of seconds: [Double]) -> Range<Int>? {
    guard seconds.count >= count else { return nil }
    let total = seconds.reduce(0, +)
    var (cuts, before, utterance) = ([0], 0.0, 0)
    for shard in 1..<max(2, count) where shard < count {
      let target = total * Double(shard) / Double(count)
      let last = seconds.count - (count - shard)  // leaves one utterance for each shard that follows
      while utterance < last, utterance <= cuts[shard - 1] || before + seconds[utterance] / 2 < target {
        before += seconds[utterance]
        utterance += 1
      }
      cuts.append(utterance)
    }
    cuts.append(seconds.count)
    return cuts[index - 1]..<cuts[index]
  }
}
