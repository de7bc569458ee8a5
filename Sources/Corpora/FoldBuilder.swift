import Foundations

/// Makes the folds of a split plan.
struct FoldBuilder {
  let table: SplitTable
  private let terms: CorpusTerms
  private var numbers: SplitMix64

  /// What parts are kept apart by.
  enum Design {
    case crossed, bySpeaker, bySentence, byUtterance
  }

  /// A fold of speakers that keeps this share of the other speakers' utterances, after those that read the same
  /// sentences are taken out, is better than a crossed one, which tests a smaller part.
  private static let keptShare = 0.6

  init(_ table: SplitTable, seed: UInt64, terms: CorpusTerms) {
    (self.table, self.terms) = (table, terms)
    numbers = SplitMix64(seed: seed)
  }

  mutating func folds(_ cells: SplitPlan.Cells) -> (folds: [Fold], words: String) {
    let all = Array(0..<table.count)
    let limit = SplitPlan.groupLimit
    let parts: [[Int]]
    let words: String
    let (speaker, speakers, utterance) = (terms.speaker, terms.speakers, terms.utterance)
    let read = terms == .speech ? "reading" : "with"
    switch design(all) {
    case .crossed:
      let groups = table.groups(all, by: table.speaker, count: limit, using: &numbers)
      let sentences = table.groups(all, by: table.sentence, count: limit, using: &numbers)
      parts = cells == .all ? allCells(groups, sentences) : diagonal(groups, sentences)
      words =
        "\(parts.count) folds of \(groups.count) groups of \(speakers) × \(sentences.count) blocks of sentences: each "
        + "tests one group on one block and trains on other \(speakers) \(read) other sentences"
        + (cells == .all
          ? "; every \(utterance) is tested once"
          : "; a diagonal of the cells is tested, \(parts.joined().count) of \(all.count) \(utterance)s, in which each group "
            + "and each block occurs")
    case .bySpeaker:
      parts = members(
        all, of: table.groups(all, by: table.speaker, count: limit, using: &numbers), table.speaker)
      words =
        "\(parts.count) folds of \(speakers): each tests some \(speakers) and trains on the others"
        + readings(shared: table.sharesSentences(all))
    case .bySentence:
      parts = members(
        all, of: table.groups(all, by: table.sentence, count: limit, using: &numbers), table.sentence)
      words =
        "\(parts.count) folds of sentences, of one \(speaker): training and test are the same "
        + (terms == .speech ? "voice" : "source")
    case .byUtterance:
      parts = members(all, of: table.groups(all, by: all, count: limit, using: &numbers), all)
      words =
        "\(parts.count) folds of \(utterance)s, of one \(speaker) \(terms == .speech ? "who reads" : "with") one sentence"
    }
    return (
      parts.map { fold(testing: $0, all) }, words + ". Development data are kept apart inside training."
    )
  }

  private func readings(shared: Bool) -> String {
    switch (terms, shared) {
    case (.speech, true): ", where these read other sentences"
    case (.speech, false): ", who read other sentences"
    case (.text, true): ", where these have other sentences"
    case (.text, false): ", which have other sentences"
    }
  }

  /// What can be kept apart in these utterances.
  private mutating func design(_ indices: [Int]) -> Design {
    let sentences = table.sentences(indices).count
    if table.speakers(indices).count == 1 { return sentences > 1 ? .bySentence : .byUtterance }
    if sentences == 1 || !table.sharesSentences(indices) { return .bySpeaker }
    let groups = table.groups(indices, by: table.speaker, count: SplitPlan.groupLimit, using: &numbers)
    let shares = members(indices, of: groups, table.speaker).map { part in
      let others = indices.count - part.count
      return others == 0 ? 0 : Double(apart(from: part, indices).count) / Double(others)
    }
    return shares.reduce(0, +) / Double(shares.count) >= Self.keptShare ? .bySpeaker : .crossed
  }

  // MARK: Parts

  /// The utterances of each group, groups without any left out.
  private func members(_ indices: [Int], of groups: [Set<Int>], _ key: [Int]) -> [[Int]] {
    groups.map { group in indices.filter { group.contains(key[$0]) } }.filter { !$0.isEmpty }
  }

  private func cell(_ indices: [Int], _ speakers: Set<Int>, _ sentences: Set<Int>) -> [Int] {
    indices.filter { speakers.contains(table.speaker[$0]) && sentences.contains(table.sentence[$0]) }
  }

  private func allCells(_ speakers: [Set<Int>], _ sentences: [Set<Int>]) -> [[Int]] {
    let all = Array(0..<table.count)
    return speakers.flatMap { group in sentences.map { cell(all, group, $0) } }.filter { !$0.isEmpty }
  }

  /// Cells that hold each group and each block, shifted to where the most is tested.
  private func diagonal(_ speakers: [Set<Int>], _ sentences: [Set<Int>]) -> [[Int]] {
    let all = Array(0..<table.count)
    let count = max(speakers.count, sentences.count)
    let shifted = (0..<sentences.count).map { shift in
      (0..<count).map {
        cell(all, speakers[$0 % speakers.count], sentences[($0 + shift) % sentences.count])
      }
      .filter { !$0.isEmpty }
    }
    return shifted.max { $0.joined().count < $1.joined().count } ?? []
  }

  // MARK: One fold

  private mutating func fold(testing test: [Int], _ all: [Int]) -> Fold {
    let outer = outer(of: test, all)
    let (train, development) = divided(outer)
    return Fold(train: train, development: development, test: test, outer: outer)
  }

  /// What shares neither a speaker nor a sentence with a part.
  private func apart(from part: [Int], _ indices: [Int]) -> [Int] {
    let (speakers, sentences) = (table.speakers(part), table.sentences(part))
    return indices.filter {
      !speakers.contains(table.speaker[$0]) && !sentences.contains(table.sentence[$0])
    }
  }

  /// What a fold may be trained on; where nothing is apart in both, what is apart in one, or is at least
  /// another utterance.
  private func outer(of test: [Int], _ all: [Int]) -> [Int] {
    let strict = apart(from: test, all)
    if !strict.isEmpty { return strict }
    let (speakers, sentences, own) = (table.speakers(test), table.sentences(test), Set(test))
    let otherSpeakers = all.filter { !speakers.contains(table.speaker[$0]) }
    if !otherSpeakers.isEmpty { return otherSpeakers }
    let otherSentences = all.filter { !sentences.contains(table.sentence[$0]) }
    return otherSentences.isEmpty ? all.filter { !own.contains($0) } : otherSentences
  }

  /// Divides what may be trained on: development data are kept apart as test data are, as far as three
  /// speakers or more and enough sentences allow.
  private mutating func divided(_ outer: [Int]) -> (train: [Int], development: [Int]) {
    let speakers = table.speakers(outer).count
    let sentences = table.sentences(outer).count
    var ladder: [Design] = speakers > 2 ? [design(outer)] : []
    if sentences > 1 { ladder.append(.bySentence) }
    if speakers > 1 { ladder.append(.bySpeaker) }
    for design in ladder + [.byUtterance] {
      if let found = divided(outer, design) { return found }
    }
    return (outer, [])
  }

  private mutating func divided(_ outer: [Int], _ design: Design) -> (train: [Int], development: [Int])? {
    // A quarter of the speakers, a third of the sentences where they are crossed, else a fifth.
    func groups(_ key: [Int], _ count: Int) -> [Set<Int>] {
      table.groups(outer, by: key, count: count, using: &numbers)
    }
    let candidates: [[Int]]
    switch design {
    case .crossed:
      let blocks = groups(table.sentence, 3)
      candidates = groups(table.speaker, 4).flatMap { group in blocks.map { cell(outer, group, $0) } }
    case .bySpeaker: candidates = members(outer, of: groups(table.speaker, 5), table.speaker)
    case .bySentence: candidates = members(outer, of: groups(table.sentence, 5), table.sentence)
    case .byUtterance:
      candidates = members(outer, of: groups(Array(0..<table.count), 5), Array(0..<table.count))
    }
    // Cells may be small, since not every speaker need have read every block: the largest. Else a fair share.
    let share = design == .crossed ? outer.count : outer.count / max(1, candidates.count)
    let development = candidates.filter { !$0.isEmpty }.min {
      abs($0.count - share) < abs($1.count - share)
    }
    guard let development else { return nil }
    let (speakers, sentences, own) = (
      table.speakers(development), table.sentences(development), Set(development)
    )
    let train = outer.filter { index in
      switch design {
      case .crossed, .bySpeaker:
        !speakers.contains(table.speaker[index]) && !sentences.contains(table.sentence[index])
      case .bySentence: !sentences.contains(table.sentence[index])
      case .byUtterance: !own.contains(index)
      }
    }
    return train.isEmpty ? nil : (train, development)
  }
}
