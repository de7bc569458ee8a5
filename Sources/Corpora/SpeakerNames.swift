/// Says who speaks in each utterance.
enum SpeakerNames {
  /// What is known of an utterance besides its labels.
  struct Clue {
    let id: String
    /// In front of the tiers' names.
    let ofTiers: String?
  }

  /// The name for each utterance, nil where it is not known, and where the names come from.
  static func find(
    _ clues: [Clue], source: CorpusSettings.Source?, table: UtteranceTable?
  ) -> (names: [String?], explanation: String, isKnown: Bool) {
    let ids = clues.map(\.id)
    switch source {
    case .constant(let name): return (ids.map { _ in name }, "all are “\(name)”, as corpus.yaml says", true)
    case .column(let column):
      return (ids.map { table?.value(column, of: $0) }, "the column “\(column)” of the table", true)
    case .pattern(let pattern):
      return (ids.map { match(pattern, in: stem($0)) }, "the pattern \(pattern) on the file names", true)
    case .folder: return (ids.map(folder), "the folders' names", true)
    case .tier, .words, nil: break
    }
    if table?.columns.contains("speaker") == true {
      return (ids.map { table?.value("speaker", of: $0) }, "the column “speaker” of the table", true)
    }
    if clues.allSatisfy({ $0.ofTiers != nil }) { return (clues.map(\.ofTiers), "the tiers' names", true) }
    let folders = ids.map(folder)
    if folders.allSatisfy({ $0 != nil }) { return (folders, "the folders' names", true) }
    if let names = prefixes(ids) {
      return (names, "what stands before the first _ or - of the file names", true)
    }
    return (ids.map { _ in "unknown" }, "not known: all utterances are taken to be one speaker's", false)
  }

  static func stem(_ id: String) -> String { id.split(separator: "/").last.map(String.init) ?? id }

  /// The nearest folder whose name begins the file's name (`61/70968/61-70968-0000`), or else the nearest.
  static func folder(_ id: String) -> String? {
    let parts = id.split(separator: "/").map(String.init)
    guard let stem = parts.last, parts.count > 1 else { return nil }
    let folders = parts.dropLast()
    let named = folders.last { folder in
      stem.hasPrefix(folder)
        && stem.dropFirst(folder.count).first.map { !$0.isLetter && !$0.isNumber } ?? true
    }
    return named ?? folders.last
  }

  /// `kal` of `kal_s005`: taken if every name has such a beginning, there are several, and each has at least two
  /// files; `utt_1, utt_2` tells nothing.
  static func prefixes(_ ids: [String]) -> [String]? {
    var names: [String] = []
    for id in ids {
      let stem = stem(id)
      guard let end = stem.firstIndex(where: { $0 == "_" || $0 == "-" }), end != stem.startIndex else {
        return nil
      }
      names.append(String(stem[..<end]))
    }
    let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
    return counts.count > 1 && counts.values.allSatisfy { $0 > 1 } ? names : nil
  }

  /// The first group of a pattern, or the whole match where it has none.
  static func match(_ pattern: String, in name: String) -> String? {
    guard let regex = try? Regex(pattern), let match = name.firstMatch(of: regex) else { return nil }
    let output = match.output
    let part = output.count > 1 ? output[1].substring : output[0].substring
    return part.flatMap { $0.isEmpty ? nil : String($0) }
  }
}
