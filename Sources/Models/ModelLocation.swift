import Checkpoints
import Foundation

/// Where a model lies that a user has named: a file or folder, a repository in the Hub's cache, or an adapter's folder
/// with the base that it was trained on.
struct ModelLocation {
  /// The weights' file or folder.
  let path: String
  /// What the model is called after.
  let name: String
  /// Folders of adapters that belong to it, in the order in which they are merged.
  let adapters: [String]

  /// Throws `CheckpointError.missing` for a repository or an adapter's base that is not there, with the command that
  /// fetches it.
  init(_ given: String, _ options: LoadOptions) throws {
    var found = try Self.folderOrFile(given)
    var adapters: [String] = []
    // An adapter of an adapter does not exist; three levels are a loop.
    for _ in 0..<3 {
      guard let folder = Self.adapterFolder(found) else { break }
      if !options.ignoresAdapter { adapters.insert(folder, at: 0) }
      guard !Self.hasWeights(folder) else { break }
      found = try Self.base(ofAdapter: folder)
    }
    if let told = options.adapter { adapters = [try Self.folderOrFile(told)] }
    path = found
    name = Self.exists(given) ? SpeechModel.name(of: given) : given
    self.adapters = adapters
  }

  private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// The path itself where something is there, else the repository of that name in the Hub's cache.
  private static func folderOrFile(_ given: String) throws -> String {
    if exists(given) { return try HubCache.snapshot(inRepositoryFolder: given) ?? given }
    guard HubCache.isRepositoryName(given) else { return given }
    return try HubCache.snapshot(of: given)
  }

  /// The folder of the adapter that `path` is, or that lies beside the weights in it.
  private static func adapterFolder(_ path: String) -> String? {
    if Adapter.isFolder(path) { return path }
    let url = URL(fileURLWithPath: path)
    let isWeights = url.lastPathComponent.hasPrefix("adapter_model.")
    let folder = url.deletingLastPathComponent().path
    return isWeights && Adapter.isFolder(folder) ? folder : nil
  }

  private static func hasWeights(_ folder: String) -> Bool { Checkpoint.isModelFolder(folder) }

  private static func base(ofAdapter folder: String) throws -> String {
    guard let base = try Adapter.open(folder).base, !base.isEmpty else {
      throw CheckpointError.missing(
        path: folder,
        reason:
          "its adapter_config.json does not say on which model it was trained (base_model_name_or_path): "
          + "give the base as MODEL and this folder with --adapter")
    }
    // As written, then as seen from the adapter.
    let beside = URL(fileURLWithPath: folder).deletingLastPathComponent()
    for path in [base, folder + "/" + base, beside.path + "/" + base] where exists(path) {
      return try folderOrFile(path)
    }
    do {
      return try folderOrFile(base)
    } catch CheckpointError.missing(_, let reason) {
      throw CheckpointError.missing(
        path: folder,
        reason: "the base of this adapter, \(base), is not there: \(reason). Or give the base as MODEL "
          + "and this folder with --adapter")
    }
  }

  /// The file of an MMS model's adapter for a language. Throws `CheckpointError.missing` with the languages there are.
  func languageAdapter(_ language: String) throws -> String {
    let folder = ModelDescription.folder(of: path)
    for ending in ["safetensors", "bin"] {
      let file = "\(folder)/adapter.\(language).\(ending)"
      if Self.exists(file) { return file }
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let languages = names.filter { $0.hasPrefix("adapter.") && !$0.hasSuffix(".json") }.compactMap {
      $0.split(separator: ".").dropFirst().first.map(String.init)
    }
    throw CheckpointError.missing(
      path: folder,
      reason: "no adapter.\(language).safetensors in it"
        + (languages.isEmpty
          ? "" : "; it has the adapters of \(Set(languages).sorted().joined(separator: ", "))"))
  }
}
