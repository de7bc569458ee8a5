import Foundation

/// Writes a corpus's labels in another form, as they were understood: levels by their names, repaired, derived tiers
/// too.
///
/// ```swift
/// try CorpusConverter(corpus).write(.jsonLines, to: "converted")
/// let again = try Corpus.load("converted") { try Waveform.header($0).seconds }
/// ```
/// The folder has a `corpus.yaml` that says where the audio is and an `utterances.tsv` with speakers and sentences, so
/// that it is a corpus itself.
public struct CorpusConverter {
  /// What labels are written as.
  public enum Form: String, Sendable, CaseIterable {
    /// A TextGrid for each utterance.
    case textGrid = "textgrid"
    /// `labels.jsonl`: a line for each utterance.
    case jsonLines = "jsonl"
  }

  private let corpus: Corpus
  /// The folder that all audio is in.
  private let audio: String
  /// What each utterance is called after its audio there; mostly its id, not where a list named it (Kaldi's `wav.scp`).
  private let names: [String]

  /// A converter of a corpus of recordings.
  public init(_ corpus: Corpus) {
    self.corpus = corpus
    let paths = corpus.utterances.map {
      URL(filePath: $0.audioPath).standardizedFileURL.path.split(separator: "/").map(String.init)
    }
    var common = paths.first.map { Array($0.dropLast()) } ?? []
    for path in paths { common = zip(common, path).prefix { $0 == $1 }.map(\.0) }
    let audio = "/" + common.joined(separator: "/")
    self.audio = audio
    names = paths.map { path in
      let name = path.dropFirst(common.count).joined(separator: "/")
      let ending = name.count - CorpusFolder.withoutAudioExtension(name).count
      return CorpusFile(name, ending: ending, in: audio, root: audio).id
    }
  }

  static let linesName = "labels.jsonl"

  /// Writes into a new folder; all or nothing.
  ///
  /// Throws `CorpusError.writeFailed` also where the folder is there already, and `.notWritable` for what the form cannot
  /// hold.
  public func write(_ form: Form, to folder: String) throws(CorpusError) {
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw .writeFailed(path: folder, reason: "it is there already; name a new folder")
    }
    let files = try files(form)
    let temporary = folder + ".part"
    do {
      try? FileManager.default.removeItem(atPath: temporary)
      for (name, text) in files {
        let file = URL(filePath: temporary).appending(path: name)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
      try FileManager.default.moveItem(atPath: temporary, toPath: folder)
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw .writeFailed(path: folder, reason: error.localizedDescription)
    }
  }

  private func files(_ form: Form) throws(CorpusError) -> [(name: String, text: String)] {
    var files: [(name: String, text: String)] = []
    switch form {
    case .textGrid:
      guard !corpus.isText else {
        throw .notWritable(
          utterance: corpus.name, form: "a TextGrid", reason: "its places are characters, not times")
      }
      for (name, own) in recordings {
        files.append((name + ".TextGrid", try Self.textGrid(own)))
      }
    case .jsonLines:
      var lines = ""
      for (name, utterance) in zip(names, corpus.utterances) {
        lines += Self.line(utterance, corpus.isText ? utterance.id : name) + "\n"
      }
      files.append((Self.linesName, lines))
    }
    guard !corpus.isText else { return files }
    let labels = form == .textGrid ? "." : "[\(Self.linesName)]"
    files.append(("corpus.yaml", try settings(labels: labels)))
    let rows = recordings.flatMap { name, own in
      own.map { utterance in
        // As such utterances are called when they are read again.
        let speaker = utterance.speaker.replacing("/", with: "_")
        let id = own.count == 1 ? name : "\(name)/\(speaker)"
        return "\(id)\t\(utterance.speaker)\t\(utterance.sentence)\n"
      }
    }
    files.append(("utterances.tsv", "utterance\tspeaker\tsentence\n" + rows.joined()))
    return files
  }

  /// The utterances of each recording: several where several people speak in it.
  private var recordings: [(name: String, utterances: [Utterance])] {
    let groups = Dictionary(grouping: zip(names, corpus.utterances), by: \.0)
    return groups.sorted { $0.key < $1.key }.map { ($0.key, $0.value.map(\.1)) }
  }

  /// Each speaker's channel, where there are any.
  private func channels() throws(CorpusError) -> String {
    var channels: [String: Int] = [:]
    for utterance in corpus.utterances {
      guard let channel = utterance.channel else { continue }
      if let other = channels[utterance.speaker], other != channel {
        throw .notWritable(
          utterance: utterance.id, form: "a corpus of its own",
          reason: "\(utterance.speaker) is on channel \(other + 1) and on channel \(channel + 1)")
      }
      channels[utterance.speaker] = channel
    }
    guard !channels.isEmpty else { return corpus.statesChannel ? "channel: mix\n" : "" }
    let pairs = channels.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)): \($0.value + 1)" }
    return "channel: {\(pairs.joined(separator: ", "))}\n"
  }

  private func settings(labels: String) throws(CorpusError) -> String {
    let channel = try channels()
    let silence = corpus.silenceLabels.sorted().map(Self.quoted).joined(separator: ", ")
    return """
      name: \(Self.quoted(corpus.name))
      audio: \(Self.quoted(audio))
      labels: \(labels)
      speaker: {column: speaker}
      sentence: {column: sentence}
      silence: [\(silence)]
      \(channel)
      """
  }

  /// As YAML and JSON have it.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\r": quoted += "\\r"
      default:
        if scalar.value < 0x20 {
          let digits = String(scalar.value, radix: 16)
          quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          quoted.unicodeScalars.append(scalar)
        }
      }
    }
    return quoted + "\""
  }

  // MARK: Forms

  /// Praat's long text form; what no interval covers is an empty one.
  private static func textGrid(_ utterances: [Utterance]) throws(CorpusError) -> String {
    let tiers = utterances.flatMap { utterance in
      utterance.tiers.sorted { $0.key < $1.key }.map { level, tier in
        let name = utterances.count == 1 ? level.rawValue : "\(utterance.speaker) - \(level.rawValue)"
        return (utterance: utterance, name: name, level: level, tier: tier)
      }
    }
    let end = (utterances.map(\.seconds) + tiers.compactMap { $0.tier.intervals.last?.end }).max() ?? 0
    var lines = [
      "File type = \"ooTextFile\"", "Object class = \"TextGrid\"", "", "xmin = 0", "xmax = \(end)",
      "tiers? <exists>", "size = \(tiers.count)", "item []:",
    ]
    for (number, (utterance, name, level, tier)) in zip(1..., tiers) {
      var rows: [Interval] = []
      var last = 0.0
      for interval in tier.intervals {
        guard interval.start >= last else {
          throw .notWritable(
            utterance: utterance.id, form: "a TextGrid",
            reason: "“\(interval.label)” at \(interval.start) s overlaps the \(level.rawValue) before it")
        }
        if interval.start > last { rows.append(Interval(start: last, end: interval.start, label: "")) }
        rows.append(interval)
        last = interval.end
      }
      if last < end { rows.append(Interval(start: last, end: end, label: "")) }
      lines += [
        "    item [\(number)]:", "        class = \"IntervalTier\"",
        "        name = \"\(name.replacing("\"", with: "\"\""))\"",
        "        xmin = 0", "        xmax = \(end)", "        intervals: size = \(rows.count)",
      ]
      for (place, row) in zip(1..., rows) {
        lines += [
          "        intervals [\(place)]:", "            xmin = \(row.start)",
          "            xmax = \(row.end)",
          "            text = \"\(row.label.replacing("\"", with: "\"\""))\"",
        ]
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `{"utterance": …, "speaker": …, "sentence": …, "seconds": …, "tiers": {"word": [{"start": …, "end": …, "label": …}]}}`
  private static func line(_ utterance: Utterance, _ name: String) -> String {
    let tiers = utterance.tiers.sorted { $0.key < $1.key }.map { level, tier in
      let rows = tier.intervals.map {
        "{\"start\": \($0.start), \"end\": \($0.end), \"label\": \(quoted($0.label))}"
      }
      return "\(quoted(level.rawValue)): [\(rows.joined(separator: ", "))]"
    }
    let length = utterance.text.map { "\"text\": \(quoted($0))" } ?? "\"seconds\": \(utterance.seconds)"
    return
      "{\"utterance\": \(quoted(name)), \"speaker\": \(quoted(utterance.speaker)), "
      + "\"sentence\": \(quoted(utterance.sentence)), \(length), \"tiers\": {\(tiers.joined(separator: ", "))}}"
  }
}
