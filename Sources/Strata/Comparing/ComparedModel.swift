import Activations
import Foundation

/// A model that is to be compared, opened when its turn comes.
public struct ComparedModel: Sendable {
  /// As reports call it.
  public var name: String
  /// Of training, where it is a checkpoint of a run.
  public var step: Int?
  /// Loads the model; called once, when its turn comes, so that one model at a time is in memory.
  public var open: @Sendable () throws -> any ActivationSource

  public init(name: String, step: Int? = nil, open: @escaping @Sendable () throws -> any ActivationSource) {
    self.name = name
    self.step = step
    self.open = open
  }
}

/// Which models stand behind the paths of a command.
public struct ModelListing: Sendable, Equatable {
  /// Where the model lies: a file or folder.
  public var path: String
  /// What reports call it, unique among the models of a command.
  public var name: String
  /// The step of training, where it is a checkpoint of a run.
  public var step: Int?

  private static let endings: Set = ["safetensors", "ckpt", "pt", "pth", "bin", "npz"]

  /// Every path is a model, or a folder of the checkpoints of one training run, which is replaced by these, by step.
  ///
  /// A run's folder is one with at least two files or folders of a checkpoint that have a number in their names, and
  /// that is no model itself.
  ///
  /// Throws `ComparisonError.sameNames` where two cannot be told apart.
  public static func models(at paths: [String]) throws -> [ModelListing] {
    let models = paths.flatMap { path in
      checkpoints(in: path)
        ?? [ModelListing(path: path, name: name(of: path), step: nil)]
    }
    let names = Dictionary(grouping: models, by: \.name).filter { $1.count > 1 }.keys.sorted()
    guard !names.isEmpty else { return models }
    // Files of the same name in different folders go by their folders too.
    let longer = models.map { model in
      var longer = model
      let url = URL(filePath: model.path)
      if names.contains(model.name) {
        longer.name = url.deletingLastPathComponent().lastPathComponent + "/" + url.lastPathComponent
      }
      return longer
    }
    let left = Dictionary(grouping: longer, by: \.name).filter { $1.count > 1 }.keys.sorted()
    guard left.isEmpty else { throw ComparisonError.sameNames(left) }
    return longer
  }

  private static func checkpoints(in folder: String) -> [ModelListing]? {
    guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder), !hasWeights(entries)
    else {
      return nil
    }
    let found = entries.sorted().compactMap { entry -> ModelListing? in
      let path = (folder as NSString).appendingPathComponent(entry)
      guard let step = step(of: entry), isCheckpoint(path) else { return nil }
      return ModelListing(path: path, name: name(of: path), step: step)
    }
    return found.count > 1 ? found.sorted { ($0.step ?? 0, $0.name) < ($1.step ?? 0, $1.name) } : nil
  }

  /// Whether a folder is one model's. The parts of one have numbers in their names too; a `config.json` alone is also
  /// what training leaves above its checkpoints.
  private static func hasWeights(_ entries: [String]) -> Bool {
    entries.contains { name in
      ["model.safetensors", "pytorch_model.bin"].contains(name) || name.contains(".index.")
        || name.contains("-of-0")
    }
  }

  private static func isModel(_ entries: [String]) -> Bool {
    hasWeights(entries) || entries.contains("config.json")
  }

  private static func isCheckpoint(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
    guard isFolder.boolValue else {
      return endings.contains(URL(filePath: path).pathExtension.lowercased())
    }
    return isModel((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
  }

  /// The first number of the name: 500 of `step00500-ssl.safetensors`, `checkpoint-500`, `epoch=500.ckpt`.
  static func step(of name: String) -> Int? {
    let digits = name.drop { !("0"..."9").contains($0) }.prefix { ("0"..."9").contains($0) }
    return Int(digits)
  }

  /// `model` in a folder called `hubert` is `hubert`.
  private static func name(of path: String) -> String {
    let url = URL(filePath: path)
    guard endings.contains(url.pathExtension.lowercased()) else { return url.lastPathComponent }
    let stem = url.deletingPathExtension().lastPathComponent
    return ["model", "pytorch_model"].contains(stem)
      ? url.deletingLastPathComponent().lastPathComponent : stem
  }
}
