import Foundation
import Foundations

/// Reads a corpus folder step by step, gathering issues on the way.
struct CorpusLoader {
  let path: String
  let settings: CorpusSettings
  let seconds: (String) throws -> Double?
  /// Where the path is that of one file of text.
  private let singleText: TextCorpusLoader?
  private var issues = IssueList()
  private var tables = SpeakerNames.Tables()
  private var table: UtteranceTable? { tables.utterances }
  /// How many files have a tier that no level is known for, by its name.
  private var unusedTiers: [String: (files: Int, kind: Tier.Kind)] = [:]

  /// An utterance on the way.
  private struct Draft {
    let pair: CorpusFolder.Pair
    let seconds: Double
    var tiers: [Level: Tier]
    let speakerOfTiers: String?
    var speaker = ""
    var labelling: Labelling
  }

  init(path: String, seconds: @escaping (String) throws -> Double?) throws(CorpusError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .missing(path: path)
    }
    singleText = isFolder.boolValue ? nil : TextCorpusLoader(file: path)
    guard isFolder.boolValue || singleText != nil else { throw .notAFolder(path: path) }
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    self.seconds = seconds
    let files = CorpusSettings.fileNames.map { path + "/" + $0 }
    if let file = files.first(where: FileManager.default.fileExists(atPath:)) {
      settings = try CorpusSettings(yaml: try LabelText(contentsOf: file))
    } else {
      settings = CorpusSettings()
    }
  }

  mutating func load() throws(CorpusError) -> Corpus {
    if let singleText { return try singleText.load() }
    if let texts = try TextCorpusLoader(root: path, settings: settings) { return try texts.load() }
    try readTable()
    let pairs = try CorpusFolder.pairs(root: path, settings: settings, issues: &issues)
    var drafts: [Draft] = []
    for pair in pairs {
      if let draft = draft(pair) { drafts.append(draft) }
    }
    reportUnusedTiers()
    setSpeakers(&drafts)
    setPhoneSets(&drafts)
    derive(&drafts)
    let utterances = withSentences(drafts)
    guard !utterances.isEmpty else {
      let audio = pairs.count + issues.count(.audioWithoutLabels)
      throw .noUtterances(path: path, audio: audio, first: issues.reasonForNothing?.description)
    }
    return Corpus(
      name: settings.name ?? URL(filePath: path).standardizedFileURL.lastPathComponent, path: path,
      utterances: utterances,
      silenceLabels: labelling.silence, issues: issues.all(path: path),
      statesChannel: settings.channel != nil)
  }

  private var labelling: Labelling {
    Labelling(
      silence: settings.silence ?? SilenceLabels.usual, phoneSet: settings.phoneSet ?? .none,
      keepsStress: settings.keepsStress)
  }

  private mutating func note(_ message: String, severity: CorpusIssue.Severity = .note) {
    issues.add(.corpus, path, severity: severity, message)
  }

  private mutating func readTable() throws(CorpusError) {
    let name = settings.table ?? UtteranceTable.usualName
    let file = name.hasPrefix("/") ? name : path + "/" + name
    if settings.table != nil || FileManager.default.fileExists(atPath: file) {
      tables.utterances = UtteranceTable(try LabelText(contentsOf: file), name: name, issues: &issues)
    }
    if case .table(let name) = settings.speaker {
      tables.speakers = try SpeakerTable(
        try LabelText(contentsOf: CorpusFolder.path(name, below: path)), name: name)
    }
    for (key, source) in [("speaker", settings.speaker), ("sentence", settings.sentence)] {
      guard case .column(let column) = source, table?.columns.contains(column.lowercased()) != true else {
        continue
      }
      throw .badSetting(
        path: file, line: nil, key: "\(key): column", expected: "a column of the table",
        found: table.map { "“\(column)”; " + Nearest.hint(for: column, among: $0.columns) }
          ?? "“\(column)” and no table")
    }
  }

  // MARK: Reading

  private mutating func draft(_ pair: CorpusFolder.Pair) -> Draft? {
    let length: Double?
    do {
      length = try seconds(pair.audio.path)
    } catch {
      issues.add(.audio, pair.audio.shown, "left out: \(error)")
      return nil
    }
    guard let tiers = tiers(of: pair) else { return nil }
    let shown = pair.labels.first?.shown ?? pair.audio.shown
    let found = TierLevels(mapping: settings.tiers).find(in: tiers, issues: &issues)
    for tier in found.unused { unusedTiers[tier.name, default: (0, tier.kind)].files += 1 }
    guard !found.tiers.isEmpty else {
      issues.add(.noLevel, shown, "left out: \(Self.whyNoLevel(tiers))")
      return nil
    }
    guard found.speakers.count <= 1 else {
      let names = found.speakers.sorted().joined(separator: ", ")
      issues.add(
        .labels, shown,
        "left out: it labels several speakers (\(names)) in one recording; cut it into one file each")
      return nil
    }
    if length == nil {
      issues.add(
        .unknownLength, pair.audio.shown, "its header does not say how long it is; the labels say it")
    }
    var checked: [Level: Tier] = [:]
    for (level, tier) in found.tiers.sorted(by: { $0.key < $1.key }) {
      checked[level] = TierCheck.repaired(
        tier, seconds: length, labelling: labelling, issues: &issues)
    }
    let end = checked.values.compactMap { $0.intervals.last?.end }.max() ?? 0
    guard checked.values.contains(where: { $0.intervals.contains { !labelling.isSilence($0.label) } })
    else {
      issues.add(.noLevel, shown, "left out: no label is left that lies inside the audio and is no silence")
      return nil
    }
    return Draft(
      pair: pair, seconds: length ?? end, tiers: checked, speakerOfTiers: found.speakers.first,
      labelling: labelling)
  }

  /// The tiers of an utterance, or nil and an issue.
  private mutating func tiers(of pair: CorpusFolder.Pair) -> [Tier]? {
    let format: LabelFormat
    switch pair.source {
    case .shared(let tiers): return tiers
    case .own(let found): format = found
    }
    var tiers: [Tier] = []
    for file in pair.labels {
      do throws(CorpusError) {
        let recordings = try LabelFile.recordings(try LabelText(contentsOf: file.path), format: format)
        // A file that names recordings may label another one, too.
        let own = recordings.first { $0.name == pair.audio.stem } ?? recordings.first
        tiers += (own?.tiers ?? []).map { tier in
          var tier = tier
          tier.path = file.shown
          return tier
        }
      } catch {
        issues.add(.labels, file.shown, line: error.line, "left out: \(error.reason)")
        return nil
      }
    }
    return tiers
  }

  private static func whyNoLevel(_ tiers: [Tier]) -> String {
    if tiers.isEmpty { return "it has no tiers" }
    let names = tiers.map { "“\($0.name)”" }.joined(separator: ", ")
    return "none of its tiers (\(names)) has labels of a known level; corpus.yaml can say which is which"
  }

  // MARK: The whole corpus

  private mutating func reportUnusedTiers() {
    for (name, found) in unusedTiers.sorted(by: { $0.key < $1.key }) {
      let why =
        found.kind == .points
        ? "it holds points, of which no spans can be made"
        : "its name says no level. corpus.yaml can (tiers: {\(name): word})"
      note("tier “\(name)” of \(found.files) \(found.files == 1 ? "file" : "files") is not used: \(why)")
    }
  }

  /// Sets the speakers, and leaves out the utterances whose speaker is not known.
  private mutating func setSpeakers(_ drafts: inout [Draft]) {
    guard !drafts.isEmpty else { return }
    let speakers = SpeakerNames.find(
      drafts.map { SpeakerNames.Clue(id: $0.pair.id, ofTiers: $0.speakerOfTiers) },
      source: settings.speaker, tables: tables)
    note("speakers: \(speakers.words)", severity: speakers.isKnown ? .note : .warning)
    drafts = zip(drafts, speakers.names).compactMap { draft, speaker in
      guard let speaker else {
        issues.add(
          .speaker, draft.pair.audio.shown,
          "left out: its speaker is not known (asked: \(speakers.explanation)). Add it there, or say speaker: in "
            + "corpus.yaml")
        return nil
      }
      var draft = draft
      draft.speaker = speaker
      return draft
    }
  }

  private mutating func setPhoneSets(_ drafts: inout [Draft]) {
    let counts = drafts.map { draft in
      (draft.tiers[.phoneme]?.intervals ?? []).reduce(into: [String: Int]()) { counts, interval in
        if !draft.labelling.isSilence(interval.label) { counts[interval.label.trimmed, default: 0] += 1 }
      }
    }
    let all = counts.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    guard !all.isEmpty else { return }
    let phoneSet = settings.phoneSet ?? PhoneSet.recognise(all)
    let how = settings.phoneSet == nil ? "recognised" : "as corpus.yaml says"
    let stress = settings.keepsStress ? "stress is kept" : "stress is left out"
    note(
      phoneSet == .none
        ? "phones: their alphabet is not known, they are taken as they are; corpus.yaml can say it (phone_set)"
        : "phones: \(phoneSet.rawValue) (\(how)), \(stress)")
    for index in drafts.indices {
      let tokens = counts[index].values.reduce(0, +)
      let known = counts[index].reduce(0) { phoneSet.knows($1.key) ? $0 + $1.value : $0 }
      drafts[index].labelling.phoneSet = phoneSet
      guard known < tokens, let shown = drafts[index].pair.labels.first?.shown else { continue }
      let own =
        settings.phoneSet == nil && known * 5 < tokens * 4 ? PhoneSet.recognise(counts[index]) : phoneSet
      let unknown = counts[index].keys.filter { !phoneSet.knows($0) }.sorted()
      let list =
        unknown.prefix(8).map { "“\($0)”" }.joined(separator: ", ") + (unknown.count > 8 ? ", …" : "")
      if own != phoneSet {
        drafts[index].labelling.phoneSet = own
        issues.add(
          .phones, shown,
          "its phones look like \(own.rawValue), the corpus is \(phoneSet.rawValue): \(list) will be other classes"
        )
      } else {
        issues.add(.unknownPhone, shown, "\(phoneSet.rawValue) does not know \(list); taken as they are")
      }
    }
  }

  private mutating func derive(_ drafts: inout [Draft]) {
    var syllables = 0
    for index in drafts.indices where drafts[index].tiers[.syllable] == nil {
      guard let phones = drafts[index].tiers[.phoneme], let words = drafts[index].tiers[.word] else {
        continue
      }
      drafts[index].tiers[.syllable] = DerivedTiers.syllables(
        phones: phones, words: words, labelling: drafts[index].labelling)
      syllables += 1
    }
    if syllables > 0 {
      note("syllables of \(syllables) utterances are derived from phones and words by maximal onset")
    }
    let phrases = drafts.map { draft -> Tier? in
      guard draft.tiers[.phrase] == nil, let words = draft.tiers[.word] else { return nil }
      return DerivedTiers.phrases(words: words, labelling: draft.labelling)
    }
    // Without a pause anywhere the words tell nothing of phrases.
    guard phrases.contains(where: { ($0?.intervals.count ?? 0) > 1 }) else { return }
    for (index, tier) in phrases.enumerated() where tier != nil { drafts[index].tiers[.phrase] = tier }
    let count = phrases.count { $0 != nil }
    note("phrases of \(count) utterances are derived: words with less than 150 ms of silence between them")
  }

  private mutating func withSentences(_ drafts: [Draft]) -> [Utterance] {
    guard !drafts.isEmpty else { return [] }
    let sentences = SentenceNames.find(
      drafts.map { SentenceNames.Clue(id: $0.pair.id, tiers: $0.tiers, labelling: $0.labelling) },
      source: settings.sentence, table: table)
    note("sentences: \(sentences.explanation)")
    return zip(drafts, sentences.keys).map { draft, sentence in
      if sentence == nil {
        issues.add(
          .sentence, draft.pair.audio.shown,
          "has no sentence or words to tell whether another utterance reads the same")
      }
      return Utterance(
        id: draft.pair.id, audioPath: draft.pair.audio.path, labelPath: draft.pair.labels.first?.path ?? "",
        speaker: draft.speaker, sentence: sentence ?? draft.pair.id,
        channel: settings.channel?.channel(of: draft.speaker, own: nil), seconds: draft.seconds,
        tiers: draft.tiers,
        labelling: draft.labelling)
    }
  }
}
