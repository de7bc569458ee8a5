import Foundation
import Foundations

/// One recording after another: its header, its labels, their units and levels.
extension CorpusLoader {
  /// The utterances of a recording, one for each speaker that its labels name.
  mutating func drafts(_ pair: CorpusFolder.Pair) -> [Draft] {
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
  mutating func judgeUnits(_ pairs: [CorpusFolder.Pair]) {
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
}
