import Foundation
import Foundations

/// Reads a corpus folder step by step, gathering issues on the way.
struct CorpusLoader {
  let path: String
  let settings: CorpusSettings
  let header: (String) throws -> SoundFacts
  /// Where the path is that of one file of text.
  private let singleText: TextCorpusLoader?
  private var issues = IssueList()
  private var tables = SpeakerNames.Tables()
  private var table: UtteranceTable? { tables.utterances }
  private var notation: PhoneNotation?
  /// Beyond the usual ones.
  private var alsoSilent: Set<String> = []
  /// By format, where it was judged.
  private var units: [LabelFormat: TimeUnits] = [:]
  /// How many files have a tier that no level is known for, by its name.
  private var unusedTiers: [String: (files: Int, kind: Tier.Kind)] = [:]
  private var kinds: [AudioKind: Int] = [:]

  /// An utterance on the way.
  private struct Draft {
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
    path: String, overrides: CorpusOverrides, header: @escaping (String) throws -> SoundFacts
  ) throws(CorpusError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .missing(path: path)
    }
    singleText = isFolder.boolValue ? nil : TextCorpusLoader(file: path)
    guard isFolder.boolValue || singleText != nil else { throw .notAFolder(path: path) }
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    self.header = header
    let files = CorpusSettings.fileNames.map { path + "/" + $0 }
    if let file = files.first(where: FileManager.default.fileExists(atPath:)) {
      settings = try CorpusSettings(yaml: try LabelText(contentsOf: file)).with(overrides)
    } else {
      settings = CorpusSettings().with(overrides)
    }
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
      statesChannel: settings.channel != nil, audioKinds: kinds)
  }

  /// What has been found so far, also where `load` has thrown.
  var issuesSoFar: [CorpusIssue] { issues.all(path: path) }

  private var labelling: Labelling {
    Labelling(
      silence: settings.silence ?? SilenceLabels.usual.union(alsoSilent),
      phoneSet: settings.phoneSet ?? .none,
      keepsStress: settings.keepsStress)
  }

  private mutating func note(_ message: String, severity: CorpusIssue.Severity = .note) {
    issues.add(.corpus, path, severity: severity, message)
  }

  private mutating func readTable() throws(CorpusError) {
    let name = settings.table ?? UtteranceTable.name(in: path)
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

  /// The utterances of a recording, one for each speaker that its labels name.
  private mutating func drafts(_ pair: CorpusFolder.Pair) -> [Draft] {
    let sound: SoundFacts
    do {
      sound = try header(pair.audio.path)
    } catch {
      let reason = FilePointer.advice(pair.audio.path) ?? "\(error)"
      issues.add(.audio, pair.audio.shown, "left out: \(reason)")
      return []
    }
    kinds[AudioKind(sound), default: 0] += 1
    guard let read = tiers(of: pair), let tiers = inSeconds(read, of: pair, sound) else { return [] }
    let shown = pair.labels.first?.shown ?? pair.audio.shown
    let found = TierLevels(mapping: settings.tiers).find(in: tiers, issues: &issues)
    for tier in found.unused { unusedTiers[tier.name, default: (0, tier.kind)].files += 1 }
    let speakers = found.speakers.filter { !$0.tiers.isEmpty }
    guard !speakers.isEmpty else {
      issues.add(.noLevel, shown, "left out: \(Self.whyNoLevel(tiers))")
      return []
    }
    if sound.seconds == nil {
      issues.add(
        .unknownLength, pair.audio.shown, "its header does not say how long it is; the labels say it")
    }
    return speakers.map { found in
      // Where channels have no speakers' names, they are a recording's sides, as in telephone corpora.
      let side = found.channel.map { $0 < 26 ? String(UnicodeScalar(UInt8(65 + $0))) : "\($0 + 1)" }
      let own = found.speaker ?? side ?? ""
      return Draft(
        pair: pair,
        id: speakers.count == 1 ? pair.id : "\(pair.id)/\(own.replacing("/", with: "_"))",
        sound: sound, seconds: sound.seconds ?? 0, tiers: found.tiers,
        speakerOfTiers: found.speaker ?? side.map { "\(pair.audio.stem)-\($0)" },
        channelOfTiers: found.channel, labelling: labelling)
    }
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
        let origin = own?.mediaOrigin(of: pair.audio.path) ?? 0
        if origin != 0 {
          issues.add(
            .timeOrigin, file.shown, severity: .note,
            "its times begin \(origin) s into the media file (TIME_ORIGIN); its labels are moved by that")
        }
        for remark in own?.remarks ?? [] { issues.add(.untimed, file.shown, remark) }
        tiers += (own?.tiers ?? []).map { tier in
          var tier = tier.moved(by: origin)
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

  /// Judges by the first recordings in what units label files count time, where their format leaves a choice.
  private mutating func judgeUnits(_ pairs: [CorpusFolder.Pair]) {
    for (format, own) in Dictionary(grouping: pairs, by: format).sorted(by: {
      $0.key?.rawValue ?? "" < $1.key?.rawValue ?? ""
    }) {
      guard let format, TimeUnits.assumed(by: format) != nil else { continue }
      if let said = settings.units {
        units[format] = TimeUnits(said: said, for: format)
        continue
      }
      let recordings = own.prefix(Self.judged).compactMap { pair -> TimeUnits.Recording? in
        var silent = IssueList()
        swap(&silent, &issues)
        defer { swap(&silent, &issues) }
        guard let sound = try? header(pair.audio.path), let length = sound.seconds,
          let tiers = tiers(of: pair)
        else { return nil }
        let end = tiers.filter { $0.kind == .intervals }.compactMap { $0.intervals.map(\.end).max() }.max()
        return end.map {
          TimeUnits.Recording(end: $0, seconds: length, rate: sound.samplingRate.map(Double.init))
        }
      }
      guard let found = TimeUnits(judging: recordings, of: format) else { continue }
      units[format] = found
      if let words = found.words { note(words, severity: .warning) }
    }
  }

  /// So many recordings tell the units.
  private static let judged = 20

  private func format(of pair: CorpusFolder.Pair) -> LabelFormat? {
    if case .own(let format) = pair.source { return format }
    // Kaldi's times count from a segment's start, and were moved.
    guard let file = settings.labels?.first else { return nil }
    return settings.format ?? [LabelFormat.ctm, .mlf, .csv].first { $0.ending(of: file) != nil }
  }

  /// Tiers as they were read, with their times in seconds; nil and an issue where the units need a rate that nobody said.
  private mutating func inSeconds(
    _ tiers: [Tier], of pair: CorpusFolder.Pair, _ sound: SoundFacts
  ) -> [Tier]? {
    guard let units = format(of: pair).flatMap({ units[$0] }) else { return tiers }
    guard let factor = units.factor(rate: sound.samplingRate.map(Double.init)) else {
      issues.add(
        .labels, pair.labels.first?.shown ?? pair.audio.shown,
        "left out: its times are samples, at a rate that is not known; say it in corpus.yaml (units: {samples: 16000})"
      )
      return nil
    }
    return TimeUnits.scaled(tiers, by: factor)
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
    // A Kaldi folder's tiers have their speakers by it already.
    if settings.speaker == nil, drafts.contains(where: { $0.speakerOfTiers == nil }),
      let text = try? LabelText(contentsOf: path + "/utt2spk")
    {
      tables.speakers = SpeakerTable(text, name: "utt2spk", &issues)
    }
    let speakers = SpeakerNames.find(
      drafts.map { SpeakerNames.Clue(id: $0.pair.id, utterance: $0.id, ofTiers: $0.speakerOfTiers) },
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

  /// Brings all labels to the audio's clock, and leaves out those outside it and utterances without any.
  private mutating func settleTimes(_ drafts: inout [Draft]) {
    var lengths = LengthCheck()
    for index in drafts.indices {
      let draft = drafts[index]
      let origin = TimeOrigin.move(of: Array(draft.tiers.values), seconds: draft.sound.seconds)
      if let message = origin.message {
        issues.add(.timeOrigin, draft.shown, severity: origin.seconds == 0 ? nil : .note, message)
      }
      let shift = settings.shift?.seconds(of: draft.speaker) ?? 0
      let tiers = draft.tiers.mapValues { $0.moved(by: origin.seconds + shift) }
      lengths.add(Array(tiers.values), seconds: draft.sound.seconds, shown: draft.shown)
      for (level, tier) in tiers.sorted(by: { $0.key < $1.key }) {
        drafts[index].tiers[level] = TierCheck.repaired(
          tier, seconds: draft.sound.seconds, shift: shift, labelling: labelling, issues: &issues)
      }
      if draft.sound.seconds == nil {
        drafts[index].seconds = drafts[index].tiers.values.compactMap { $0.intervals.last?.end }.max() ?? 0
      }
    }
    lengths.report(path: path, &issues)
    if let shift = settings.shift { note("times: labels are moved by \(shift.words)") }
    drafts.removeAll { draft in
      let hasLabel = draft.tiers.values.contains { tier in
        tier.intervals.contains { !labelling.isSilence($0.label, at: tier.level) }
      }
      if !hasLabel {
        issues.add(
          .noLevel, draft.shown, "left out: no label is left that lies inside the audio and is no silence")
      }
      return !hasLabel
    }
  }

  /// Says where a channel is asked for that the audio does not have.
  private mutating func reportChannels(_ drafts: [Draft]) {
    for draft in drafts {
      guard let count = draft.sound.channels, let channel = channel(of: draft), channel >= count else {
        continue
      }
      issues.add(
        .channels, draft.pair.audio.shown,
        "channel \(channel + 1) is asked for, and it has \(count); all of it is heard")
    }
  }

  /// The channel that an utterance is in; nil for the mean of all.
  private func channel(of draft: Draft) -> Int? {
    if let choice = settings.channel { return choice.channel(of: draft.speaker, own: draft.channelOfTiers) }
    return draft.channelOfTiers
  }

  private mutating func reportDisagreement(_ drafts: [Draft]) {
    var agreement = TierAgreement()
    for draft in drafts {
      guard let words = draft.tiers[.word], let phones = draft.tiers[.phoneme] else { continue }
      agreement.add(words: words, phones: phones, labelling: draft.labelling)
    }
    if let message = agreement.message { issues.add(.disagreement, path, message) }
  }

  private mutating func setPhoneSets(_ drafts: inout [Draft]) {
    let counts = drafts.map { draft in
      (draft.tiers[.phoneme]?.intervals ?? []).reduce(into: [String: Int]()) { counts, interval in
        if !draft.labelling.isSilence(interval.label, at: .phoneme) {
          counts[interval.label.trimmed, default: 0] += 1
        }
      }
    }
    let all = counts.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    guard !all.isEmpty else { return }
    let notation = PhoneNotation(all, settings: settings)
    let phoneSet = notation.phoneSet
    self.notation = notation
    note(notation.words)
    let sample = notation.applied(to: labelling)
    let strange = Set(all.keys.filter { !phoneSet.knows(sample.phone($0)) })
    for index in drafts.indices {
      let tokens = counts[index].values.reduce(0, +)
      let labelling = notation.applied(to: drafts[index].labelling)
      let known = counts[index].reduce(0) { strange.contains($1.key) ? $0 : $0 + $1.value }
      drafts[index].labelling = labelling
      guard known < tokens, let shown = drafts[index].tiers[.phoneme]?.path else { continue }
      let own =
        settings.phoneSet == nil && known * 5 < tokens * 4 ? PhoneSet.recognise(counts[index]) : phoneSet
      let unknown = counts[index].keys.filter(strange.contains).sorted()
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

  private mutating func reportSilence(_ drafts: [Draft]) {
    var report = SilenceReport()
    for draft in drafts { report.add(draft.tiers, draft.labelling) }
    if let taken = report.taken { note(taken) }
    for doubtful in report.doubtful { note(doubtful, severity: .warning) }
  }

  private mutating func derive(_ drafts: inout [Draft]) {
    var counts: [Level: Int] = [:]
    // One for the corpus; a recording in another alphabet has its own.
    var syllabifiers: [PhoneSet: Syllabifier] = [:]
    for index in drafts.indices {
      let labelling = drafts[index].labelling
      guard labelling.phoneSet != .none, let phones = drafts[index].tiers[.phoneme],
        let words = drafts[index].tiers[.word]
      else { continue }
      let syllabifier =
        syllabifiers[labelling.phoneSet] ?? labelling.syllabifier(known: notation?.labels ?? [])
      syllabifiers[labelling.phoneSet] = syllabifier
      if drafts[index].tiers[.syllable] == nil {
        drafts[index].tiers[.syllable] = DerivedTiers.syllables(
          phones: phones, words: words, labelling: labelling, syllabifier: syllabifier)
        counts[.syllable, default: 0] += 1
      }
      if drafts[index].tiers[.mora] == nil, syllabifier.language == .japanese {
        drafts[index].tiers[.mora] = DerivedTiers.moras(
          phones: phones, words: words, labelling: labelling, syllabifier: syllabifier)
        counts[.mora, default: 0] += 1
      }
    }
    if let count = counts[.syllable], let notation {
      note(
        "syllables of \(count) utterances are derived from phones and words by maximal onset: \(notation.division)"
      )
    }
    if let count = counts[.mora] {
      note(
        "moras of \(count) utterances are derived from phones and words; of a long vowel or consonant in one label each "
          + "half is one")
    }
    derivePhrases(&drafts)
  }

  private mutating func derivePhrases(_ drafts: inout [Draft]) {
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

  /// Its channel where the audio has it.
  private func heard(_ draft: Draft) -> Int? {
    guard let count = draft.sound.channels, count > 1 else { return nil }
    return channel(of: draft).flatMap { $0 < count ? $0 : nil }
  }

  private mutating func withSentences(_ drafts: [Draft]) -> [Utterance] {
    guard !drafts.isEmpty else { return [] }
    let sentences = SentenceNames.find(
      drafts.map { SentenceNames.Clue(id: $0.id, tiers: $0.tiers, labelling: $0.labelling) },
      source: settings.sentence, table: table)
    note("sentences: \(sentences.explanation)")
    return zip(drafts, sentences.keys).map { draft, sentence in
      if sentence == nil {
        issues.add(
          .sentence, draft.pair.audio.shown,
          "has no sentence or words to tell whether another utterance reads the same")
      }
      return Utterance(
        id: draft.id, audioPath: draft.pair.audio.path, labelPath: draft.pair.labels.first?.path ?? "",
        speaker: draft.speaker, sentence: sentence ?? draft.id, channel: heard(draft),
        seconds: draft.seconds,
        tiers: draft.tiers,
        labelling: draft.labelling)
    }
  }
}
