import Foundation
import Foundations

/// What only all recordings together tell: speakers, clocks, phone sets, silence, sentences.
extension CorpusLoader {
  mutating func reportUnusedTiers() {
    for (name, found) in unusedTiers.sorted(by: { $0.key < $1.key }) {
      let why =
        found.kind == .points
        ? "it holds points, of which no spans can be made"
        : "its name says no level. corpus.yaml can (tiers: {\(name): word})"
      note("tier “\(name)” of \(found.files) \(found.files == 1 ? "file" : "files") is not used: \(why)")
    }
  }

  /// Sets the speakers, and leaves out the utterances whose speaker is not known.
  mutating func setSpeakers(_ drafts: inout [Draft]) {
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
  mutating func settleTimes(_ drafts: inout [Draft]) {
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
  mutating func reportChannels(_ drafts: [Draft]) {
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

  mutating func reportDisagreement(_ drafts: [Draft]) {
    var agreement = TierAgreement()
    for draft in drafts {
      guard let words = draft.tiers[.word], let phones = draft.tiers[.phoneme] else { continue }
      agreement.add(words: words, phones: phones, labelling: draft.labelling)
    }
    if let message = agreement.message { issues.add(.disagreement, path, message) }
  }

  mutating func setPhoneSets(_ drafts: inout [Draft]) {
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

  mutating func reportSilence(_ drafts: [Draft]) {
    var report = SilenceReport()
    for draft in drafts { report.add(draft.tiers, draft.labelling) }
    if let taken = report.taken { note(taken) }
    for doubtful in report.doubtful { note(doubtful, severity: .warning) }
  }

  mutating func derive(_ drafts: inout [Draft]) {
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

  mutating func withSentences(_ drafts: [Draft]) -> [Utterance] {
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
