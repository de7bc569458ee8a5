import Foundation

/// A Kaldi data folder (kaldi-asr.org/doc/data_prep.html): `wav.scp` says where each recording is, `segments` which
/// stretches of it are utterances, `utt2spk` who speaks, `text` what, and CTM files where the words and phones are.
///
/// A recording is an utterance here, and its segments' labels are moved to its own time; one in which several people
/// speak is left out.
struct KaldiFolder {
  private let root: String
  private let ctm: [String]

  /// Nil where the folder has no `wav.scp`.
  init?(root: String, names: [String]) {
    guard names.contains("wav.scp") else { return nil }
    self.root = root
    ctm = names.filter { !$0.contains("/") && ($0 == "ctm" || $0.lowercased().hasSuffix(".ctm")) }
  }

  private struct Segment {
    let recording: String
    let start: Double
    let end: Double
    let line: Int
  }

  /// The recordings in the order of their names, each with the tiers of its labels; an issue for each that is left
  /// out.
  func pairs(issues: inout IssueList) throws(CorpusError) -> [CorpusFolder.Pair] {
    let audio = try audio(&issues)
    let segments = try segments()
    let speakers = try table("utt2spk", "an utterance and its speaker").mapValues(\.value)
    var tiers: [String: [Tier]] = [:]
    for name in ctm {
      let text = try LabelText(contentsOf: root + "/" + name)
      for recording in try CTMReader().recordings(in: text) {
        let (owner, moved) = Self.moved(recording, by: segments)
        for tier in moved {
          if let place = tiers[owner]?.firstIndex(where: { $0.name == tier.name }) {
            tiers[owner]?[place].intervals += tier.intervals
            tiers[owner]?[place].lines += tier.lines
          } else {
            var tier = tier
            tier.path = name
            tiers[owner, default: []].append(tier)
          }
        }
      }
    }
    for (owner, tier) in try sentences(segments) { tiers[owner, default: []].append(tier) }
    let people = Dictionary(grouping: speakers.keys) { segments[$0]?.recording ?? $0 }
      .mapValues { Set($0.compactMap { speakers[$0] }) }
    let labels = ctm.map { CorpusFile($0, ending: 0, in: root, root: root) }
    return audio.compactMap { file in
      guard let own = tiers.removeValue(forKey: file.id), !own.isEmpty else {
        issues.add(
          .audioWithoutLabels, file.shown,
          "“\(file.id)” is in no CTM file (\(ctm.isEmpty ? "there is none" : ctm.joined(separator: ", "))); "
            + "left out. Write one with ali-to-phones --ctm-output or lattice-to-ctm-conf")
        return nil
      }
      let names = people[file.id] ?? []
      guard names.count <= 1 else {
        issues.add(
          .labels, "utt2spk",
          "“\(file.id)” left out: several people speak in it (\(names.sorted().joined(separator: ", "))); cut it "
            + "into one file each")
        return nil
      }
      return CorpusFolder.Pair(
        id: file.id, audio: file, labels: labels, source: .shared(own.map { Self.sorted($0, names.first) }))
    }
  }

  /// In the order of time, named after the speaker as MFA's tiers are.
  private static func sorted(_ tier: Tier, _ speaker: String?) -> Tier {
    var tier = tier
    let order = tier.intervals.indices.sorted { tier.intervals[$0].start < tier.intervals[$1].start }
    let (intervals, lines) = (tier.intervals, tier.lines)
    tier.intervals = order.map { intervals[$0] }
    tier.lines = order.map { lines[$0] }
    if let speaker { tier.name = "\(speaker) - \(tier.name)" }
    return tier
  }

  /// Labels in the recording's time; those of an utterance that is no segment are there already.
  private static func moved(
    _ labels: LabelledRecording, by segments: [String: Segment]
  ) -> (recording: String, tiers: [Tier]) {
    let name = labels.name ?? ""
    guard let segment = segments[name] else { return (name, labels.tiers) }
    return (
      segment.recording,
      labels.tiers.map { tier in
        var tier = tier
        tier.intervals = tier.intervals.map {
          func moved(_ time: Double) -> Double { ((segment.start + time) * 1e6).rounded() / 1e6 }
          return Interval(start: moved($0.start), end: moved($0.end), label: $0.label)
        }
        return tier
      }
    )
  }

  // MARK: The files

  private func audio(_ issues: inout IssueList) throws(CorpusError) -> [CorpusFile] {
    var files: [CorpusFile] = []
    for (id, entry) in try table("wav.scp", "a recording and its file").sorted(by: { $0.key < $1.key }) {
      if entry.value.hasSuffix("|") {
        issues.add(
          .audio, "wav.scp", line: entry.line,
          "“\(id)” left out: it is a command (\(entry.value.prefix(30)) …), which is not run. Write its output to a "
            + "wav file and name that here")
        continue
      }
      files.append(
        CorpusFile(id: id, path: entry.value.hasPrefix("/") ? entry.value : root + "/" + entry.value))
    }
    return files
  }

  private func segments() throws(CorpusError) -> [String: Segment] {
    var segments: [String: Segment] = [:]
    for (id, entry) in try table("segments", "an utterance, its recording, start and end") {
      let line = LabelLine(path: root + "/segments", number: entry.line, text: Substring(entry.value))
      let words = line.words
      guard words.count == 3 else {
        throw line.wrong("an utterance, its recording, start and end")
      }
      let (start, end) = (try line.number(words[1], "a start"), try line.number(words[2], "an end"))
      guard start >= 0, start < end else {
        throw line.wrong("a start before the end", found: "\(start) … \(end)")
      }
      segments[id] = Segment(recording: String(words[0]), start: start, end: end, line: entry.line)
    }
    return segments
  }

  /// What is said in each segment, as sentence tiers; without segments the whole recording's text would need its
  /// length.
  private func sentences(_ segments: [String: Segment]) throws(CorpusError) -> [String: Tier] {
    let texts = try table("text", "an utterance and its words")
    var tiers: [String: Tier] = [:]
    for (id, segment) in segments.sorted(by: { ($0.value.start, $0.key) < ($1.value.start, $1.key) }) {
      guard let text = texts[id], !text.value.isEmpty else { continue }
      var tier = tiers[segment.recording] ?? Tier(name: "sentences", intervals: [])
      tier.path = "text"
      tier.intervals.append(Interval(start: segment.start, end: segment.end, label: text.value))
      tier.lines.append(text.line)
      tiers[segment.recording] = tier
    }
    return tiers
  }

  /// A file of lines `key value`; empty where there is none.
  private func table(
    _ name: String, _ expected: String
  ) throws(CorpusError) -> [String: (value: String, line: Int)] {
    let path = root + "/" + name
    guard FileManager.default.fileExists(atPath: path) else { return [:] }
    var entries: [String: (value: String, line: Int)] = [:]
    for line in try LabelText(contentsOf: path).labelLines {
      let parts = line.text.trimmed.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let key = parts.first, parts.count == 2 || name == "text" else { throw line.wrong(expected) }
      let value = parts.count == 2 ? parts[1].trimmed : ""
      guard entries.updateValue((value, line.number), forKey: String(key)) == nil else {
        throw line.wrong("each key once", found: "“\(key)” a second time")
      }
    }
    return entries
  }
}
