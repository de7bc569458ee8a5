/// Says which utterances read the same sentence.
enum SentenceNames {
  /// What is known of an utterance.
  struct Clue {
    let id: String
    let tiers: [Level: Tier]
    let labelling: Labelling
  }

  /// The key of each utterance's sentence and where the keys come from; nil where nothing tells.
  static func find(
    _ clues: [Clue], source: CorpusSettings.Source?, table: UtteranceTable?
  ) -> (keys: [String?], explanation: String) {
    switch source {
    case .constant(let key): return (clues.map { _ in key }, "all are “\(key)”, as corpus.yaml says")
    case .column(let column):
      let keys = clues.map { table?.value(column, of: $0.id).flatMap(SentenceText.key) }
      return (keys, "the column “\(column)” of the table")
    case .pattern(let pattern):
      return (SpeakerNames.match(pattern, in: clues.map(\.id)), "the pattern \(pattern) on the file names")
    case .tier: return (clues.map { text(of: .sentence, $0) }, "the sentence tier's text")
    case .words: return (clues.map { text(of: .word, $0) }, "the words in their order")
    case .folder, .level, .table, nil: break
    }
    let column = clues.map { table?.value("sentence", of: $0.id).flatMap(SentenceText.key) }
    if column.allSatisfy({ $0 != nil }) { return (column, "the column “sentence” of the table") }
    // These three are texts, and equal where the sentence is, so they may stand side by side.
    let keys = clues.map { clue in
      text(of: .sentence, clue) ?? table?.value("text", of: clue.id).flatMap(SentenceText.key)
        ?? text(of: .word, clue)
    }
    return (keys, "their text (the sentence tier, else the table's column “text”, else the words)")
  }

  /// The labels of a tier, one after another.
  private static func text(of level: Level, _ clue: Clue) -> String? {
    guard let tier = clue.tiers[level] else { return nil }
    let labels = tier.intervals.filter { !clue.labelling.isSilence($0.label, at: tier.level) }.map(\.label)
    return SentenceText.key(labels.joined(separator: " "))
  }
}
