/// Label files that each hold the labels of many recordings: a CTM or an MLF of a whole corpus.
struct SharedLabels {
  private(set) var files: [CorpusFile] = []
  private var tiers: [String: [Tier]] = [:]
  /// The file that each recording's tiers of a name come from.
  private var sources: [String: String] = [:]

  /// Reads files below `root`; tiers of one recording may come from several, each of another name. A line of a CTM that
  /// cannot be read costs that line.
  init(
    _ names: [String], format: LabelFormat?, root: String, _ issues: inout IssueList
  ) throws(CorpusError) {
    for name in names {
      let isAbsolute = name.hasPrefix("/")
      let file = CorpusFile(
        isAbsolute ? String(name.dropFirst()) : name, ending: 0, in: isAbsolute ? "" : root, root: root)
      for recording in try Self.recordings(in: file, format, &issues) {
        add(recording, of: file, &issues)
      }
      files.append(file)
    }
  }

  private mutating func add(_ recording: LabelledRecording, of file: CorpusFile, _ issues: inout IssueList)
  {
    let name = recording.name ?? file.stem
    for tier in recording.tiers {
      let source = sources["\(name)\n\(tier.name)"] ?? file.shown
      guard source == file.shown else {
        issues.add(
          .sameLevel, file.shown,
          "“\(tier.name)” of “\(name)” is not read: \(source) has it, too. Name each file after what it holds, such as "
            + "phones.ctm and words.ctm")
        continue
      }
      sources["\(name)\n\(tier.name)"] = source
      var tier = tier
      tier.path = file.shown
      tiers[name, default: []].append(tier)
    }
  }

  private static func recordings(
    in file: CorpusFile, _ format: LabelFormat?, _ issues: inout IssueList
  ) throws(CorpusError) -> [LabelledRecording] {
    let text = try LabelText(contentsOf: file.path)
    let found: LabelFormat
    if let format { found = format } else { found = try LabelFormat.recognise(text) }
    guard found == .ctm else { return try LabelFile.recordings(text, format: found) }
    let (recordings, faults) = CTMReader().read(text)
    if recordings.isEmpty, let fault = faults.first { throw fault }
    for fault in faults {
      issues.add(
        .labels, file.shown, line: fault.line, severity: .warning, "this line is left out: \(fault.reason)")
    }
    return recordings
  }

  /// For messages.
  var names: String {
    let more = files.count > 3 ? " or \(files.count - 3) more files" : ""
    return files.prefix(3).map(\.shown).joined(separator: ", ") + more
  }

  /// The tiers of a recording by its id or its file name, once.
  mutating func take(_ audio: CorpusFile) -> [Tier]? {
    tiers.removeValue(forKey: audio.id) ?? tiers.removeValue(forKey: audio.stem)
  }

  func reportRest(_ issues: inout IssueList) {
    for (name, tiers) in tiers.sorted(by: { $0.key < $1.key }) {
      issues.add(.labelsWithoutAudio, tiers.first?.path ?? names, "“\(name)” has no audio file; left out")
    }
  }
}
