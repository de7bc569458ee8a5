/// Label files that each hold the labels of many recordings: a CTM or an MLF of a whole corpus.
struct SharedLabels {
  let files: [CorpusFile]
  private var tiers: [String: [Tier]] = [:]

  /// Reads files below `root`; tiers of one recording may come from several.
  init(_ names: [String], format: LabelFormat?, root: String) throws(CorpusError) {
    var files: [CorpusFile] = []
    for name in names {
      let isAbsolute = name.hasPrefix("/")
      let file = CorpusFile(
        isAbsolute ? String(name.dropFirst()) : name, ending: 0, in: isAbsolute ? "" : root, root: root)
      for recording in try LabelFile.recordings(try LabelText(contentsOf: file.path), format: format) {
        for tier in recording.tiers {
          var tier = tier
          tier.path = file.shown
          tiers[recording.name ?? file.stem, default: []].append(tier)
        }
      }
      files.append(file)
    }
    self.files = files
  }

  /// For messages.
  var names: String { files.map(\.shown).joined(separator: ", ") }

  /// The tiers of a recording by its id or its file name, once.
  mutating func take(_ audio: CorpusFile) -> [Tier]? {
    tiers.removeValue(forKey: audio.id) ?? tiers.removeValue(forKey: audio.stem)
  }

  func reportRest(_ issues: inout IssueList) {
    for name in tiers.keys.sorted() {
      issues.add(.labelsWithoutAudio, names, "“\(name)” has no audio file; left out")
    }
  }
}
