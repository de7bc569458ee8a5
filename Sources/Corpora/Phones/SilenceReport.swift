/// What of a corpus's labels is taken for silence, and what looks like it but is taken as a label.
struct SilenceReport {
  private struct Entry {
    var count = 0
    var seconds = 0.0
  }

  private var silent: [Level: [String: Int]] = [:]
  private var others: [Level: [String: Entry]] = [:]
  private var phoneSets: Set<PhoneSet> = []

  /// Levels whose labels are names; a phrase or sentence may be anything.
  private static let levels: [Level] = [.phoneme, .word]

  /// Counts an utterance's labels.
  mutating func add(_ tiers: [Level: Tier], _ labelling: Labelling) {
    phoneSets.insert(labelling.phoneSet)
    for level in Self.levels {
      for interval in tiers[level]?.intervals ?? [] {
        if labelling.isSilence(interval.label, at: level) {
          silent[level, default: [:]][interval.label.trimmed, default: 0] += 1
        } else {
          others[level, default: [:]][interval.label.trimmed, default: Entry()].count += 1
          others[level]?[interval.label.trimmed]?.seconds += interval.seconds
        }
      }
    }
  }

  /// Labels of phones' silence that stand at the same time in the word tier of nearly every utterance that has them there:
  /// they are silence there too (Opencpop's `AP`), and no words of these letters. As keys.
  static func alsoOfWords(_ utterances: [[Level: Tier]]) -> Set<String> {
    var counts: [String: (alike: Int, all: Int)] = [:]
    for tiers in utterances {
      let phones = tiers[.phoneme]?.intervals ?? []
      for word in tiers[.word]?.intervals ?? [] {
        let key = SilenceLabels.key(word.label)
        guard SilenceLabels.ofPhones.contains(key) else { continue }
        let isAlike = phones.contains {
          SilenceLabels.key($0.label) == key && abs($0.start - word.start) < 0.001
            && abs($0.end - word.end) < 0.001
        }
        let count = counts[key] ?? (0, 0)
        counts[key] = (count.alike + (isAlike ? 1 : 0), count.all + 1)
      }
    }
    return Set(counts.filter { $0.value.alike * 10 >= $0.value.all * 9 }.keys)
  }

  /// “silence, noise and the like: “sil” (12), “” (3) of phonemes; “” (7) of words”; nil where there is none.
  var taken: String? {
    let parts = Self.levels.compactMap { level -> String? in
      guard let counts = silent[level] else { return nil }
      let labels = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      return Self.list(labels.map { "“\($0.key)” (\($0.value))" }) + " of the \(level.rawValue)s"
    }
    return parts.isEmpty ? nil : "taken for silence, noise or unknown: " + parts.joined(separator: "; ")
  }

  /// A sentence a level on labels that look like silence; they stay labels.
  var doubtful: [String] {
    Self.levels.compactMap { level in
      guard let found = others[level] else { return nil }
      let labels = found.filter { looksSilent($0.key, $0.value, level, found) }
        .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
      guard !labels.isEmpty else { return nil }
      return Self.list(labels.map { "“\($0.key)” (\($0.value.count))" })
        + " of the \(level.rawValue)s look like silence or noise (brackets, no letters, or far longer than the "
        + "others) and are taken as labels; if they are none, name them under silence: in corpus.yaml, with all others "
        + "that are"
    }
  }

  private func looksSilent(
    _ label: String, _ entry: Entry, _ level: Level, _ others: [String: Entry]
  ) -> Bool {
    if level == .phoneme, !phoneSets.contains(.none), phoneSets.contains(where: { $0.knows(label) }) {
      return false
    }
    let isBracketed = ["<>", "[]", "{}", "()"].contains { pair in
      label.count > 2 && label.first == pair.first && label.last == pair.last
    }
    let hasLetters = label.contains { $0.isLetter || $0.isNumber }
    if isBracketed || !hasLetters { return true }
    // Alphabets that are not known: by its length alone.
    guard level == .phoneme, entry.count >= 3, others.count >= 5 else { return false }
    let means = others.values.map { $0.seconds / Double($0.count) }.sorted()
    let mean = entry.seconds / Double(entry.count)
    return mean > 0.25 && mean > 4 * means[means.count / 2]
  }

  private static func list(_ words: [String]) -> String {
    words.prefix(10).joined(separator: ", ") + (words.count > 10 ? " and \(words.count - 10) more" : "")
  }
}
