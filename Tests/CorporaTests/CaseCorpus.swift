import Foundation

@testable import Corpora

/// A small corpus of `Resources/cases`: its label files, and empty files in the place of its recordings, whose lengths are in
/// `audio.tsv`.
struct CaseCorpus {
  let folder: TemporaryFolder
  private let seconds: [String: Double]

  init(_ name: String) throws {
    folder = try TemporaryFolder()
    let root = resource("cases/\(name)")
    for file in FileManager.default.subpaths(atPath: root) ?? [] {
      guard let data = FileManager.default.contents(atPath: root + "/" + file) else { continue }
      let target = URL(filePath: folder.path).appending(path: file)
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: target)
    }
    var seconds: [String: Double] = [:]
    for line in try String(contentsOfFile: resource("cases/audio.tsv"), encoding: .utf8).split(
      separator: "\n")
    {
      let fields = line.split(separator: "\t").map(String.init)
      guard fields.count == 2, fields[0].hasPrefix(name + "/") else { continue }
      let file = String(fields[0].dropFirst(name.count + 1))
      try folder.write(file)
      seconds[file] = Double(fields[1])
    }
    self.seconds = seconds
  }

  func load() throws(CorpusError) -> Corpus {
    try Corpus.load(folder.path) { path in seconds[String(path.dropFirst(folder.path.count + 1))] }
  }

  /// Other settings than the case's own.
  func write(_ yaml: String) throws { try folder.write("corpus.yaml", yaml) }
}

extension Corpus {
  /// The classes of a level in the order of time, utterance by utterance.
  func labels(_ level: Level) -> [[String]] { utterances.map { $0.spans(at: level).map(\.label) } }

  func says(_ words: String) -> Bool { issues.contains { $0.description.contains(words) } }
}
