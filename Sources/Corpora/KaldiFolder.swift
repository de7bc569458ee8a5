import Foundation

/// A Kaldi data folder (kaldi-asr.org/doc/data_prep.html): `wav.scp` says where each recording is, `segments` which
/// stretches of it are utterances, `utt2spk` who speaks, `text` what, and CTM files and HTK's master label files where
/// the words and phones are.
///
/// A recording is heard whole here, and its segments' labels are moved to its own time; one in which several people speak
/// has tiers of each.
struct KaldiFolder {
  private let root: String
  /// The label files: CTM and MLF.
  private let labels: [String]

  /// Nil where the folder has no `wav.scp`, or no labels beside it.
  init?(root: String, names: [String]) {
    guard names.contains("wav.scp") else { return nil }
    self.root = root
    labels = names.filter { name in
      let lower = name.lowercased()
      return !name.contains("/") && (name == "ctm" || lower.hasSuffix(".ctm") || lower.hasSuffix(".mlf"))
    }
    // A list that was left over where label files lie beside the audio.
    if labels.isEmpty, names.contains(where: { LabelFormat.textGrid.ending(of: $0) != nil }) { return nil }
  }

  private struct Segment {
    let recording: String
    let start: Double
    /// Nil where it lasts to the end of the recording.
    let end: Double?
    var channel: Int?
  }

  /// The recordings in the order of their names, each with the tiers of its labels; an issue for each that is left
  /// out.
  func pairs(issues: inout IssueList) throws(CorpusError) -> [CorpusFolder.Pair] {
    let audio = try KaldiAudio(root: root).files(
      table("wav.scp", "a recording and its file", &issues), &issues)
    let segments = try segments(&issues)
    let speakers = try table("utt2spk", "an utterance and its speaker", &issues).mapValues(\.value)
    var tiers: [String: [Tier]] = [:]
    var sources: [String: String] = [:]
    for name in labels {
      for recording in try recordings(name, &issues) {
        let utterance = recording.name ?? ""
        let segment = segments[utterance]
        let owner = segment?.recording ?? utterance
        for tier in recording.tiers {
          let source = sources["\(utterance)\n\(tier.name)"] ?? name
          guard source == name else {
            issues.add(
              .sameLevel, name, "“\(tier.name)” of “\(utterance)” is not read: \(source) has it, too")
            continue
          }
          sources["\(utterance)\n\(tier.name)"] = name
          Self.add(tier, name, segment, speakers[utterance], to: &tiers[owner, default: []])
        }
      }
    }
    for (owner, tier) in try sentences(segments, speakers, &issues) {
      tiers[owner, default: []].append(tier)
    }
    let files = labels.map { CorpusFile($0, ending: 0, in: root, root: root) }
    return audio.compactMap { file, channel in
      guard let own = tiers.removeValue(forKey: file.id), !own.isEmpty else {
        let none = labels.isEmpty ? "there is none" : labels.joined(separator: ", ")
        issues.add(
          .audioWithoutLabels, file.shown,
          "“\(file.id)” is in no CTM file (\(none)); left out. Write one with ali-to-phones --ctm-output or "
            + "lattice-to-ctm-conf")
        return nil
      }
      return CorpusFolder.Pair(
        id: file.id, audio: file, labels: files,
        source: .shared(
          own.map { tier in
            var tier = Self.sorted(tier)
            tier.channel = channel ?? tier.channel
            return tier
          }))
    }
  }

  // MARK: Labels

  /// A label file's recordings; a line that cannot be read costs that line, and numbers become phones by `phones.txt`.
  private func recordings(
    _ name: String, _ issues: inout IssueList
  ) throws(CorpusError) -> [LabelledRecording] {
    let text = try LabelText(contentsOf: root + "/" + name)
    if name.lowercased().hasSuffix(".mlf") { return try MLFReader().recordings(in: text) }
    let (recordings, faults) = CTMReader().read(text)
    for fault in faults {
      issues.add(
        .labels, name, line: fault.line, severity: .warning, "this line is left out: \(fault.reason)")
    }
    let labels = recordings.lazy.flatMap(\.tiers).flatMap(\.intervals)
    guard !recordings.isEmpty, labels.allSatisfy({ Int($0.label) != nil }) else { return recordings }
    guard let symbols = try symbols(text.namedTier == "words" ? "words.txt" : "phones.txt", &issues) else {
      issues.add(
        .noLevel, name,
        "left out: it holds the numbers of phones or words. Copy the model's phones.txt (or words.txt) beside it, or "
          + "write it anew with utils/int2sym.pl -f 5 phones.txt")
      return []
    }
    return recordings.map { recording in
      var recording = recording
      for tier in recording.tiers.indices {
        for place in recording.tiers[tier].intervals.indices {
          let number = recording.tiers[tier].intervals[place].label
          recording.tiers[tier].intervals[place].label = symbols[number] ?? number
        }
      }
      return recording
    }
  }

  /// The symbols of a table `symbol number`, by their numbers.
  private func symbols(_ name: String, _ issues: inout IssueList) throws(CorpusError) -> [String: String]? {
    let entries = try table(name, "a symbol and its number", &issues)
    guard !entries.isEmpty else { return nil }
    return Dictionary(entries.map { ($0.value.value, $0.key) }, uniquingKeysWith: { first, _ in first })
  }

  /// Adds a tier's labels in the recording's time to its speaker's and channel's tier of that name.
  private static func add(
    _ tier: Tier, _ path: String, _ segment: Segment?, _ speaker: String?, to tiers: inout [Tier]
  ) {
    var tier = tier.moved(by: segment?.start ?? 0)
    tier.path = path
    tier.speaker = speaker
    tier.channel = segment?.channel ?? tier.channel
    let place = tiers.firstIndex {
      $0.name == tier.name && $0.speaker == tier.speaker && $0.channel == tier.channel
    }
    if let place {
      tiers[place].intervals += tier.intervals
      tiers[place].lines += tier.lines
    } else {
      tiers.append(tier)
    }
  }

  /// In the order of time.
  private static func sorted(_ tier: Tier) -> Tier {
    let order = tier.intervals.indices.sorted { tier.intervals[$0].start < tier.intervals[$1].start }
    var sorted = tier
    sorted.intervals = order.map { tier.intervals[$0] }
    sorted.lines = order.map { tier.lines[$0] }
    return sorted
  }

  // MARK: The files

  private func segments(_ issues: inout IssueList) throws(CorpusError) -> [String: Segment] {
    var segments: [String: Segment] = [:]
    let expected = "an utterance, its recording, start, end and maybe a channel"
    for (id, entry) in try table("segments", expected, &issues) {
      let line = LabelLine(path: root + "/segments", number: entry.line, text: Substring(entry.value))
      do throws(CorpusError) {
        let words = line.words
        guard (3...4).contains(words.count) else { throw line.wrong(expected) }
        let (start, end) = (try line.number(words[1], "a start"), try line.number(words[2], "an end"))
        // Kaldi's extract-segments takes -1 for the end of the recording.
        guard start >= 0, start < end || end == -1 else {
          throw line.wrong("a start before the end", found: "\(start) … \(end)")
        }
        segments[id] = Segment(
          recording: String(words[0]), start: start, end: end == -1 ? nil : end,
          channel: words.count == 4 ? Int(words[3]).flatMap { (0...63).contains($0) ? $0 : nil } : nil)
      } catch {
        issues.add(
          .labels, "segments", line: entry.line, severity: .warning,
          "this line is left out: \(error.reason)")
      }
    }
    return segments
  }

  /// What is said in each segment, as sentence tiers; without segments, or to the end of a recording, the text would need
  /// its length.
  private func sentences(
    _ segments: [String: Segment], _ speakers: [String: String], _ issues: inout IssueList
  ) throws(CorpusError) -> [(owner: String, tier: Tier)] {
    let texts = try table("text", "an utterance and its words", &issues)
    var tiers: [String: [Tier]] = [:]
    for (id, segment) in segments.sorted(by: { ($0.value.start, $0.key) < ($1.value.start, $1.key) }) {
      guard let text = texts[id], !text.value.isEmpty, let end = segment.end else { continue }
      let interval = Interval(start: segment.start, end: end, label: text.value)
      let tier = Tier(name: "sentences", intervals: [interval], lines: [text.line])
      Self.add(
        tier, "text", Segment(recording: "", start: 0, end: nil, channel: segment.channel), speakers[id],
        to: &tiers[segment.recording, default: []])
    }
    return tiers.flatMap { owner, own in own.map { (owner, $0) } }
  }

  /// A file of lines `key value`; empty where there is none. A line that is not one costs that line.
  private func table(
    _ name: String, _ expected: String, _ issues: inout IssueList
  ) throws(CorpusError) -> [String: (value: String, line: Int)] {
    let path = root + "/" + name
    guard FileManager.default.fileExists(atPath: path) else { return [:] }
    var entries: [String: (value: String, line: Int)] = [:]
    for line in try LabelText(contentsOf: path).labelLines {
      let parts = line.text.trimmed.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let key = parts.first, parts.count == 2 || name == "text" else {
        issues.add(
          .labels, name, line: line.number, severity: .warning,
          "this line is left out: \(line.wrong(expected).reason)")
        continue
      }
      guard entries[String(key)] == nil else {
        issues.add(
          .labels, name, line: line.number, severity: .warning,
          "this line is left out: “\(key)” is there already")
        continue
      }
      entries[String(key)] = (parts.count == 2 ? parts[1].trimmed : "", line.number)
    }
    return entries
  }
}
