/// The tiers of a sentence: what a study probes. Positions are Unicode scalars of the text.
struct TextTiers {
  private let sentence: AnnotatedSentence
  private let path: String
  /// The words of each token.
  private let wordsOfToken: [[Int]]

  init(_ sentence: AnnotatedSentence, path: String) {
    self.sentence = sentence
    self.path = path
    var words = sentence.tokens.map { _ in [Int]() }
    for (index, word) in sentence.words.enumerated() { words[word.token].append(index) }
    wordsOfToken = words
  }

  var all: [Level: Tier] {
    var tiers: [Level: Tier] = [:]
    let words = words
    tiers[.word] = words
    tiers[.character] = characters(of: words)
    var sentenceLabel = sentence.label
    var unit = sentence.text
    if sentence.hasSyntax {
      let constituents = Constituents(sentence)
      let clauses = constituents.clauses
      tiers[.phrase] = tier("largest phrases of the tree", .phrase, constituents.phrases)
      tiers[.clause] = tier("clauses of the tree", .clause, clauses)
      sentenceLabel = sentenceLabel ?? Constituents.structure(of: clauses)
      unit = sentence.words.first { $0.head == -1 }?.form.lowercased() ?? unit
    }
    if let sentenceLabel, let first = sentence.tokens.first, let last = sentence.tokens.last {
      tiers[.sentence] = Tier(
        name: sentence.label == nil ? "how its clauses stand" : "label", level: .sentence,
        intervals: [interval(first.range.lowerBound..<last.range.upperBound, sentenceLabel)],
        isDerived: sentence.label == nil, lines: [sentence.line], tags: [.unit: [unit]])
    }
    for level in tiers.keys { tiers[level]?.path = path }
    return tiers.filter { !$0.value.intervals.isEmpty }
  }

  private func interval(_ range: Range<Int>, _ label: String) -> Interval {
    Interval(start: Double(range.lowerBound), end: Double(range.upperBound), label: label)
  }

  /// Every token that is no punctuation, in small letters; of a multiword token the tags of its words joined by `+`.
  private var words: Tier {
    var tier = Tier(name: "words", level: .word, intervals: [])
    var tags: [Tier.Tag: [String]] = [:]
    for (token, words) in zip(sentence.tokens, wordsOfToken) {
      let words = words.map { sentence.words[$0] }
      guard !words.allSatisfy(\.isSign) else { continue }
      tier.intervals.append(interval(token.range, token.form.lowercased()))
      tier.lines.append(token.line)
      for (tag, values) in [
        (Tier.Tag.partOfSpeech, words.map(\.partOfSpeech)), (.features, words.map(\.features)),
        (.relation, words.map(\.relation)),
      ] {
        let known = values.compactMap(\.self)
        tags[tag, default: []].append(known.count == values.count ? known.joined(separator: "+") : "")
      }
    }
    tier.tags = tags.filter { $0.value.contains { !$0.isEmpty } }
    return tier
  }

  /// The letter that each word begins with. Its span is the word: a model's tokens are longer than a letter, and which
  /// of them holds it is the model's business.
  private func characters(of words: Tier) -> Tier {
    Tier(
      name: "first characters of words", level: .character,
      intervals: words.intervals.map {
        Interval(start: $0.start, end: $0.end, label: $0.label.first.map(String.init) ?? "")
      }, isDerived: true, lines: words.lines, tags: [.unit: words.intervals.map(\.label)])
  }

  private func tier(_ name: String, _ level: Level, _ found: [Constituents.Constituent]) -> Tier {
    var tier = Tier(name: name, level: level, intervals: [], isDerived: true)
    var units: [String] = []
    for constituent in found {
      let (first, last) = (
        sentence.words[constituent.range.lowerBound], sentence.words[constituent.range.upperBound]
      )
      // Two constituents may share a token of several words; it goes to the first.
      let start = max(sentence.tokens[first.token].range.lowerBound, Int(tier.intervals.last?.end ?? 0))
      let end = sentence.tokens[last.token].range.upperBound
      guard start < end else { continue }
      tier.intervals.append(interval(start..<end, constituent.label))
      tier.lines.append(first.line)
      units.append(sentence.words[constituent.head].form.lowercased())
    }
    tier.tags = [.unit: units]
    return tier
  }
}
