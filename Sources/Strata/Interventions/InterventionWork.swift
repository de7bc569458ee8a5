import Corpora
import Files
import Foundation
import Interventions

/// Finished layers of a study of interventions, a file each, so that an interrupted one goes on.
///
/// What belongs to another model, corpus or setting lies in a folder of another name and is left alone.
public struct InterventionWork: InterventionStore {
  private let folder: String
  private let workFolder: String
  private let used: UsedWork

  /// In `workFolder`; `used` is told what is kept, to be removed once the result is written.
  public init(_ study: InterventionStudy, in workFolder: String, used: UsedWork) throws {
    var hash = TextHash()
    let sound = study.corpus.soundFingerprint(FileFingerprints()) ?? ""
    let probes = study.probes.filter { study.levels.contains($0.name) }
    for text in [
      Release.version, study.model.fingerprint, study.model.settings, study.corpus.fingerprint, sound,
      study.levels.joined(separator: ","), "\(probes)", study.symbols.joined(separator: " "),
      study.effect.rawValue,
      "\(study.controls) \(study.changesUnlabelled) \(study.skips) \(study.replacesByMeans) \(study.ablatesHeads)",
      "\(study.comparesUntrained) \(study.seed) \(study.steers.map { "\($0.from):\($0.to)" })",
    ] {
      hash.add(text)
    }
    self.workFolder = workFolder
    self.used = used
    folder = URL(filePath: workFolder).appending(path: "interventions-\(hash.text)").path
  }

  private func path(_ layer: String) -> String {
    URL(filePath: folder).appending(path: "\(layer).json").path
  }

  /// Nil where there is none, or none that can be read: the layer is then changed again.
  public func outcome(of layer: String) throws -> LayerOutcome? {
    guard let data = FileManager.default.contents(atPath: path(layer)) else { return nil }
    used.add([folder], in: workFolder)
    return try? JSONDecoder().decode(LayerOutcome.self, from: data)
  }

  public func keep(_ outcome: LayerOutcome) throws {
    try ResultFolder.makeFolder(folder)
    used.add([folder], in: workFolder)
    try WholeFile.write(try JSONEncoder().encode(outcome), to: path(outcome.layer))
  }
}
