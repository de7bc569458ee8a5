/// Gathers issues; of a kind that occurs in very many files only the first are listed, and the rest counted.
struct IssueList {
  /// What can be odd; the raw value names what the files that are not listed share.
  enum Kind: String {
    case audioWithoutLabels = "have audio but no labels"
    case labelsWithoutAudio = "have labels but no audio"
    case ambiguous = "may have labels in more than one place"
    case foreignAudio = "have labels but audio of a format that is not read"
    case brokenLink = "are links to files that are not there"
    case duplicate = "are second files of one utterance"
    case pairedByName = "were paired across folders by their names"
    case audio = "have audio that cannot be read"
    case labels = "have labels that cannot be read"
    case untimed = "have words without times"
    case noLevel = "have no tier whose level is known"
    case sameLevel = "have several tiers of one level"
    case pointTier = "have point tiers"
    case emptyTier = "have tiers without a label"
    case emptyInterval = "have labels without duration"
    case unsorted = "have tiers that are not in the order of time"
    case overlap = "have labels that overlap"
    case gap = "have gaps in a tier"
    case outsideExtent = "have labels outside what their tier says it covers"
    case timeOrigin = "have times that do not begin with the audio"
    case length = "have labels of another length than their audio"
    case disagreement = "have words that do not fit their phones"
    case channels = "have fewer channels than are asked for"
    case beyondAudio = "have labels beyond the end of the audio"
    case unknownLength = "have audio whose header does not say how long it is"
    case phones = "have phones of another alphabet"
    case unknownPhone = "have phones that the alphabet does not know"
    case speaker = "have no speaker"
    case sentence = "have no sentence"
    case table = "are odd lines of the table"
    case text = "have sentences that cannot be read"
    case textMismatch = "have words that are not in their text"
    case corpus = "say something on the whole corpus"

    var severity: CorpusIssue.Severity {
      switch self {
      case .audio, .labels, .noLevel, .speaker, .text, .ambiguous, .brokenLink, .foreignAudio: .error
      case .pairedByName, .pointTier, .emptyTier, .gap, .unknownLength, .unknownPhone, .corpus: .note
      default: .warning
      }
    }

    /// What its owner can do; nil where the message says it, or where nothing need be done.
    var fix: String? {
      switch self {
      case .audioWithoutLabels, .labelsWithoutAudio:
        "give both files one name; labels elsewhere: `labels: FOLDER` in corpus.yaml; aligners leave out what they fail on"
      case .ambiguous:
        "give audio and labels the same folders and names, such as kal/001.wav and aligned/kal/001.TextGrid, or say `labels: FOLDER` in corpus.yaml"
      case .foreignAudio: "convert the audio, for instance with `ffmpeg -i IN OUT.flac`"
      case .brokenLink: "fetch what the link names (`datalad get .` or `git annex get .`), or copy the file"
      case .length:
        "use the audio that was labelled; where only its beginning differs, say `shift: SECONDS` in corpus.yaml"
      case .timeOrigin: "say the seconds to add to the labels' times: `shift: SECONDS` in corpus.yaml"
      case .disagreement:
        "take words and phones of one alignment, or leave one out, such as tiers: {phones: phoneme}"
      case .channels:
        "say in corpus.yaml which is heard: `channel: left`, right, a number, mix, or {speaker: left}"
      case .labels: "correct that line, or export the file again from the tool that made it"
      case .sameLevel: "say which tier is meant in corpus.yaml, such as tiers: {words: word}"
      case .emptyInterval, .unsorted, .overlap, .outsideExtent:
        "correct the label in its editor, or write all labels anew as they were understood: probe-layers corpus convert"
      case .beyondAudio:
        "see that label and audio belong together, and that times are in the audio's seconds (not samples of another rate)"
      case .phones, .unknownPhone: "say the alphabet in corpus.yaml, such as phone_set: arpabet"
      case .sentence: "add a word or sentence tier, or a column sentence in utterances.tsv"
      case .text:
        "correct that line: ten columns between tabs, words numbered from 1, one root, an empty line behind"
      case .textMismatch: "correct # text, or SpaceAfter=No of the words before that line"
      default: nil
      }
    }
  }

  /// How many issues of a kind are listed.
  static let limit = 20

  private var listed: [CorpusIssue] = []
  private var first: [Kind: CorpusIssue] = [:]
  private var counts: [Kind: Int] = [:]
  private var order: [Kind] = []

  mutating func add(
    _ kind: Kind, _ path: String, line: Int? = nil, severity: CorpusIssue.Severity? = nil, _ message: String
  ) {
    let count = counts[kind, default: 0]
    counts[kind] = count + 1
    if count == 0 { order.append(kind) }
    guard count < Self.limit || kind == .corpus else { return }
    let issue = CorpusIssue(
      severity ?? kind.severity, path: path, line: line, message: message, fix: kind.fix)
    if count == 0 { first[kind] = issue }
    listed.append(issue)
  }

  func count(_ kind: Kind) -> Int { counts[kind, default: 0] }

  /// The first of the kind that says best why nothing is left.
  var reasonForNothing: CorpusIssue? {
    let kinds: [Kind] = [
      .audio, .labels, .noLevel, .speaker, .text, .ambiguous, .foreignAudio, .audioWithoutLabels,
      .brokenLink,
    ]
    return kinds.lazy.compactMap { first[$0] }.first
  }

  /// What is about the whole corpus first, then by file and line, then what was not listed.
  func all(path: String) -> [CorpusIssue] {
    let sorted = listed.enumerated().sorted { a, b in
      let (x, y) = (a.element, b.element)
      if (x.path == path) != (y.path == path) { return x.path == path }
      if x.path != y.path { return x.path < y.path }
      if x.line != y.line { return (x.line ?? 0) < (y.line ?? 0) }
      return a.offset < b.offset
    }.map(\.element)
    let rest = order.filter { $0 != .corpus }.compactMap { kind -> CorpusIssue? in
      let more = count(kind) - Self.limit
      guard more > 0 else { return nil }
      return CorpusIssue(kind.severity, path: path, message: "and \(more) more that \(kind.rawValue)")
    }
    return sorted + rest
  }
}
