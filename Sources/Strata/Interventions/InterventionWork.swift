import Corpora
import Files
import Foundation
import Interventions

/// Finished parts of a study of interventions, a file each, so that an interrupted one goes on.
///
/// What belongs to another model, corpus or setting lies in a folder of another name and is left alone.
public struct InterventionWork: InterventionStore {
  private let folder: String
  /// Of the same study, in shards' folders; they are read and left as they are.
  private let others: [String]
  private let workFolder: String
  private let used: UsedWork
  private let fingerprints = FileFingerprints()
  /// What the recordings were when the work began; nil of texts.
  private let sound: String?
  private let corpus: Corpus

  /// In `workFolder`, beside what shards in `shards` have finished of the same study; `used` is told what is kept, to be
  /// removed once the result is written.
  /// - Throws: `FileError` where the folder cannot be made.
  public init(
    _ study: InterventionStudy, in workFolder: String, shards: [String] = [], used: UsedWork
  ) throws {
    var hash = TextHash()
    corpus = study.corpus
    sound = corpus.soundFingerprint(fingerprints)
    let probes = study.probes.filter { study.levels.contains($0.name) }
    for text in [
      Release.version, study.model.fingerprint, study.model.settings, study.corpus.fingerprint, sound ?? "",
      study.levels.joined(separator: ","), "\(probes)", study.symbols.joined(separator: " "),
      study.effect.rawValue,
      "\(study.controls) \(study.changesUnlabelled) \(study.skips) \(study.replacesByMeans) \(study.ablatesHeads)",
      "\(study.comparesUntrained) \(study.seed) \(study.steers.map { "\($0.from):\($0.to)" })",
      "\(study.language ?? "") \(study.sharedTexts?.fingerprint ?? "")",
    ] {
      hash.add(text)
    }
    self.workFolder = workFolder
    self.used = used
    let name = "interventions-\(hash.text)"
    folder = URL(filePath: workFolder).appending(path: name).path
    others = shards.map { URL(filePath: $0).appending(path: name).path }
  }

  /// Whether one of the shards is of this study.
  public var hasShards: Bool { others.contains { FileManager.default.fileExists(atPath: $0) } }

  /// A part, with the name that it is kept as: what is in a file must be what is asked for.
  fileprivate struct Entry<Part> {
    var name: String
    var part: Part
  }

  private static func file(_ name: String) -> String {
    var hash = TextHash()
    hash.add(name)
    return "\(hash.text).json"
  }

  /// Nil where there is none, or none that can be read: the part is then made again.
  public func kept<Part: Decodable>(_ name: String, as type: Part.Type) throws -> Part? {
    for folder in [folder] + others {
      let path = URL(filePath: folder).appending(path: Self.file(name)).path
      guard let data = FileManager.default.contents(atPath: path),
        let entry = try? JSONDecoder().decode(Entry<Part>.self, from: data), entry.name == name
      else { continue }
      if folder == self.folder { used.add([folder], in: workFolder) }
      return entry.part
    }
    return nil
  }

  /// Throws `FileError.changed` where recordings were changed since the work began: the part may be of both.
  public func keep<Part: Encodable>(_ part: Part, as name: String) throws {
    guard corpus.soundFingerprint(fingerprints) == sound else {
      throw FileError.changed(path: corpus.path, reason: "its recordings are no more what they were")
    }
    try ResultFolder.makeFolder(folder)
    used.add([folder], in: workFolder)
    try WholeFile.write(
      try JSONEncoder().encode(Entry(name: name, part: part)),
      to: URL(filePath: folder).appending(path: Self.file(name)).path)
  }
}

extension InterventionWork.Entry: Encodable where Part: Encodable {}
extension InterventionWork.Entry: Decodable where Part: Decodable {}

extension SharedTexts {
  /// What a study's numbers hang on of them.
  fileprivate var fingerprint: String {
    var hash = TextHash()
    hash.add("\(textOf) \(scaleToTexts) \(scaleToSounds) \(embeds.values)")
    return hash.text
  }
}
