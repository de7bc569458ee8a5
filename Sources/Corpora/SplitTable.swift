import Foundations

/// Utterances with their speakers and sentences as numbers, in the order in which they first occur.
struct SplitTable {
  let speaker: [Int]
  let sentence: [Int]
  let seconds: [Double]

  init(_ utterances: [(speaker: String, sentence: String, seconds: Double)]) {
    speaker = Self.numbers(utterances.map(\.speaker))
    sentence = Self.numbers(utterances.map(\.sentence))
    // A length that is no length must not upset the balance.
    seconds = utterances.map { $0.seconds.isFinite && $0.seconds > 0 ? $0.seconds : 0 }
  }

  private static func numbers(_ names: [String]) -> [Int] {
    var known: [String: Int] = [:]
    return names.map { name in
      let number = known[name] ?? known.count
      known[name] = number
      return number
    }
  }

  var count: Int { speaker.count }

  func speakers(_ indices: [Int]) -> Set<Int> { Set(indices.map { speaker[$0] }) }
  func sentences(_ indices: [Int]) -> Set<Int> { Set(indices.map { sentence[$0] }) }

  /// Whether any sentence is read by two speakers.
  func sharesSentences(_ indices: [Int]) -> Bool {
    var reader: [Int: Int] = [:]
    for index in indices {
      if let other = reader.updateValue(speaker[index], forKey: sentence[index]), other != speaker[index] {
        return true
      }
    }
    return false
  }

  /// Puts what `key` gives (speakers, sentences) into `groups` sets of about equal length in seconds.
  ///
  /// In a random order each goes to the shortest group so far; of a few such orders the most even counts.
  func groups(
    _ indices: [Int], by key: [Int], count groups: Int, using numbers: inout SplitMix64
  ) -> [Set<Int>] {
    var weight: [Int: Double] = [:]
    for index in indices { weight[key[index], default: 0] += seconds[index] }
    let units = weight.keys.sorted()
    var best: (sets: [Set<Int>], spread: Double) = ([], .infinity)
    for _ in 0..<16 {
      var sets = [Set<Int>](repeating: [], count: min(groups, units.count))
      var sums = [Double](repeating: 0, count: sets.count)
      for unit in numbers.shuffled(units) {
        // The first round gives every group one, also where all lengths are zero.
        let shortest =
          sets.indices.min { (sums[$0], sets[$0].count) < (sums[$1], sets[$1].count) } ?? 0
        sets[shortest].insert(unit)
        sums[shortest] += weight[unit] ?? 0
      }
      let spread = (sums.max() ?? 0) - (sums.min() ?? 0)
      if spread < best.spread { best = (sets, spread) }
    }
    return best.sets
  }
}
