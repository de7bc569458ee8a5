/// The label files of a corpus by the utterance that they label.
struct LabelIndex {
  /// The formats that are looked for, the preferred first.
  private let formats: [LabelFormat]
  private var files: [String: [LabelFormat: [CorpusFile]]] = [:]

  /// Of one format, or of those whose endings cannot be anything else.
  init(format: LabelFormat?) {
    formats = format.map { [$0] } ?? LabelFormat.allCases.filter(\.isUnmistakable)
  }

  /// Adds a file if its name is that of a label file; `name` is the path below `folder`.
  mutating func add(_ name: String, in folder: String, root: String) {
    for format in formats {
      guard let ending = format.ending(of: name) else { continue }
      let file = CorpusFile(name, ending: ending, in: folder, root: root)
      files[file.id, default: [:]][format, default: []].append(file)
      return
    }
  }

  /// Gives labels to audio in another folder by its file name, where that is unique among the audio and among
  /// the labels that no audio has asked for.
  mutating func pairByStem(_ audio: [CorpusFile], _ issues: inout IssueList) {
    let ids = Set(audio.map(\.id))
    let free = Dictionary(grouping: files.keys.filter { !ids.contains($0) }, by: Self.stem)
    let alone = Dictionary(grouping: audio.filter { files[$0.id] == nil }, by: \.stem)
    for (stem, files) in alone.sorted(by: { $0.key < $1.key }) {
      guard let file = files.first, files.count == 1, let labels = free[stem], labels.count == 1 else {
        continue
      }
      self.files[file.id] = self.files.removeValue(forKey: labels[0])
      let shown = self.files[file.id]?.values.first?.first?.shown ?? labels[0]
      issues.add(.pairedByName, file.shown, "takes its labels from \(shown), which has the same name")
    }
  }

  private static func stem(_ id: String) -> String {
    id.split(separator: "/").last.map(String.init) ?? id
  }

  /// The label files of an utterance in its best format, taken out of the index.
  mutating func take(_ id: String, _ issues: inout IssueList) -> (files: [CorpusFile], format: LabelFormat)?
  {
    guard let found = files[id], let format = formats.first(where: { found[$0].map($0.suffices) ?? false }),
      let files = found[format]?.sorted(by: { $0.shown < $1.shown }), let first = files.first
    else { return nil }
    self.files[id] = nil
    let taken = format.isDivided ? files : [first]
    let others = found.filter { $0.key != format && $0.key.suffices($0.value) }
    let rest = files.dropFirst(taken.count) + others.values.joined()
    for file in rest.sorted(by: { $0.shown < $1.shown }) {
      issues.add(.duplicate, file.shown, "is not read: the labels of “\(id)” are those of \(first.shown)")
    }
    return (taken, format)
  }

  /// An issue for each file whose audio is not there.
  func reportRest(_ issues: inout IssueList) {
    let left = files.values.joined().filter { $0.key.suffices($0.value) }
    for file in left.flatMap(\.value).sorted(by: { $0.shown < $1.shown }) {
      issues.add(.labelsWithoutAudio, file.shown, "has no audio file “\(file.stem)” beside it; left out")
    }
  }
}
