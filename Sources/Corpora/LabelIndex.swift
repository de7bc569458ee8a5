/// The label files of a corpus by the utterance that they label.
struct LabelIndex {
  /// The formats that are looked for, the preferred first.
  private let formats: [LabelFormat]
  private var files: [String: [LabelFormat: [CorpusFile]]] = [:]

  /// Of one format, or of those whose endings cannot be anything else.
  init(format: LabelFormat?) {
    formats = format.map { [$0] } ?? LabelFormat.allCases.filter(\.isUnmistakable)
  }

  var isEmpty: Bool { files.isEmpty }

  /// Adds a file if its name is that of a label file; `name` is the path below `folder`.
  mutating func add(_ name: String, in folder: String, root: String) {
    for format in formats {
      guard let ending = format.ending(of: name) else { continue }
      let file = CorpusFile(name, ending: ending, in: folder, root: root)
      files[file.id, default: [:]][format, default: []].append(file)
      return
    }
  }

  /// Gives labels to the audio that has none of its own id, by the rules of `PathPairing`; `foreign` are ids whose audio
  /// is there but is of no format that is read.
  mutating func pair(_ audio: [CorpusFile], foreign: Set<String>, _ issues: inout IssueList) {
    let usable = files.filter { found in found.value.contains { $0.key.suffices($0.value) } }
    let pairing = PathPairing(
      audio: audio.map(\.id), labels: usable.keys.filter { !foreign.contains($0) }.sorted())
    let shown = Dictionary(audio.map { ($0.id, $0.shown) }, uniquingKeysWith: { first, _ in first })
    func path(_ id: String) -> String {
      usable[id]?.values.joined().map(\.shown).min() ?? id
    }
    for (own, other) in pairing.pairs.sorted(by: { $0.key < $1.key }) where own != other {
      issues.add(
        .pairedByName, shown[own] ?? own,
        "takes its labels from \(path(other)), which has the same name")
    }
    for (own, candidates) in pairing.refused.sorted(by: { $0.key < $1.key }) {
      let names = candidates.map(path).joined(separator: " or ")
      issues.add(
        .ambiguous, shown[own] ?? own,
        "left out: it may belong to \(names), in another folder, which may be another speaker's")
    }
    let taken = pairing.pairs.filter { $0.key != $0.value }
    let moved = taken.mapValues { files[$0] }
    for other in taken.values { files[other] = nil }
    for (own, found) in moved { files[own] = found }
    refused = Set(pairing.refused.keys)
  }

  /// The audio that has been reported already.
  private(set) var refused: Set<String> = []

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

  /// An issue for each file whose audio is not there; `foreign` are those whose audio cannot be read, by its path.
  func reportRest(foreign: [String: String], _ issues: inout IssueList) {
    let left = files.values.joined().filter { $0.key.suffices($0.value) }
    for file in left.flatMap(\.value).sorted(by: { $0.shown < $1.shown }) {
      if let audio = foreign[file.id] {
        issues.add(
          .foreignAudio, file.shown,
          "left out: its audio \(audio) is of a format that is not read; convert it")
      } else {
        issues.add(.labelsWithoutAudio, file.shown, "has no audio file “\(file.stem)” beside it; left out")
      }
    }
  }
}
