import Foundation
import Foundations

/// Reads a corpus folder step by step, gathering issues on the way.
struct CorpusLoader {
  let path: String
  let settings: CorpusSettings
  /// By whose name it was asked for.
  let layout: NamedLayout?
  let header: (String) throws -> SoundFacts
  /// Where the path is that of one file of text.
  private let singleText: TextCorpusLoader?
  var issues = IssueList()
  var tables = SpeakerNames.Tables()
  var table: UtteranceTable? { tables.utterances }
  var notation: PhoneNotation?
  /// Beyond the usual ones.
  var alsoSilent: Set<String> = []
  /// By format, where it was judged.
  var units: [LabelFormat: TimeUnits] = [:]
  /// How many files have a tier that no level is known for, by its name.
  var unusedTiers: [String: (files: Int, kind: Tier.Kind)] = [:]
  var kinds: [AudioKind: Int] = [:]

  /// An utterance on the way.
  struct Draft {
    let pair: CorpusFolder.Pair
    let id: String
    /// What the audio's header says.
    let sound: SoundFacts
    /// The length; the labels' where the header does not say.
    var seconds: Double
    var tiers: [Level: Tier]
    let speakerOfTiers: String?
    let channelOfTiers: Int?
    var speaker = ""
    var labelling: Labelling

    /// The label file for messages.
    var shown: String { tiers.values.map(\.path).min() ?? pair.labels.first?.shown ?? pair.audio.shown }
  }

  init(
    path place: String, overrides: CorpusOverrides, header: @escaping (String) throws -> SoundFacts
  ) throws(CorpusError) {
    var isFolder: ObjCBool = false
    let named = NamedLayout.named(in: place)
    let path = named?.path ?? place
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      if named == nil, let match = path.wholeMatch(of: /([A-Za-z]+):(.+)/),
        FileManager.default.fileExists(atPath: String(match.2))
      {
        throw .unknownLayout(String(match.1), path: String(match.2))
      }
      throw .missing(path: path)
    }
    singleText = isFolder.boolValue ? nil : TextCorpusLoader(file: path)
    guard isFolder.boolValue || (singleText != nil && named == nil) else { throw .notAFolder(path: path) }
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    self.header = header
    layout = named?.layout
    let files = CorpusSettings.fileNames.map { path + "/" + $0 }
    let file = files.first(where: FileManager.default.fileExists(atPath:))
    var settings =
      try file.map { file throws(CorpusError) in
        try CorpusSettings(yaml: try LabelText(contentsOf: file))
      } ?? CorpusSettings()
    if let layout {
      // What a corpus.yaml describes may lie anywhere.
      if file == nil { try layout.require(in: self.path) }
      settings = layout.complete(settings, in: self.path)
    }
    self.settings = settings.with(overrides)
  }

  mutating func load() throws(CorpusError) -> Corpus {
    if let singleText { return try singleText.load() }
    if let texts = try TextCorpusLoader(root: path, settings: settings) { return try texts.load() }
    try readTable()
    let pairs = try CorpusFolder.pairs(root: path, settings: settings, issues: &issues)
    judgeUnits(pairs)
    var drafts: [Draft] = []
    for pair in pairs { drafts += self.drafts(pair) }
    if settings.silence == nil {
      alsoSilent = SilenceReport.alsoOfWords(drafts.map(\.tiers))
      if !alsoSilent.isEmpty {
        for index in drafts.indices { drafts[index].labelling.silence = labelling.silence }
      }
    }
    reportUnusedTiers()
    setSpeakers(&drafts)
    settleTimes(&drafts)
    reportChannels(drafts)
    reportDisagreement(drafts)
    setPhoneSets(&drafts)
    reportSilence(drafts)
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
      statesChannel: settings.channel != nil, audioKinds: kinds, layout: layout)
  }

  /// What has been found so far, also where `load` has thrown.
  var issuesSoFar: [CorpusIssue] { issues.all(path: path) }

  var labelling: Labelling {
    Labelling(
      silence: settings.silence ?? SilenceLabels.usual.union(alsoSilent),
      phoneSet: settings.phoneSet ?? .none,
      keepsStress: settings.keepsStress)
  }

  mutating func note(_ message: String, severity: CorpusIssue.Severity = .note) {
    issues.add(.corpus, path, severity: severity, message)
  }

  private mutating func readTable() throws(CorpusError) {
    for name in settings.tables {
      let more = UtteranceTable(try LabelText(contentsOf: path + "/" + name), name: name, issues: &issues)
      if tables.utterances?.add(more, name: name, &issues) == nil { tables.utterances = more }
    }
    let name = settings.table ?? settings.tables.first ?? UtteranceTable.name(in: path)
    let file = name.hasPrefix("/") ? name : path + "/" + name
    if settings.tables.isEmpty, settings.table != nil || FileManager.default.fileExists(atPath: file) {
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
}
