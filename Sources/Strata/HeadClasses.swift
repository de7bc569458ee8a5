import Checkpoints
import Foundation

/// The names of the classes of a model's own head, as lie with it: `vocab.json`, `id2label` of its configuration, or
/// `vocab` among a training checkpoint's hyper-parameters.
public enum HeadClasses {
  /// The names in the order of the classes; empty where none lie with the model.
  /// - Throws: `CheckpointError` where the model cannot be opened.
  public static func names(of model: String) throws -> [String] {
    let checkpoint = try Checkpoint.open(model)
    let folder = isFolder(model) ? model : URL(filePath: model).deletingLastPathComponent().path
    let file = URL(filePath: folder).appending(path: "vocab.json")
    if let data = try? Data(contentsOf: file),
      let numbers = try? JSONDecoder().decode([String: Int].self, from: data)
    {
      return ordered(numbers.map { ($1, $0) })
    }
    for place in ["hyper_parameters", "hparams"] {
      let entries = checkpoint.metadata[place]?["vocab"]?.dictionary ?? [:]
      let numbers = entries.compactMap { name, value in value.integer.map { ($0, name) } }
      if !numbers.isEmpty { return ordered(numbers) }
    }
    for labels in [checkpoint.metadata["config"], checkpoint.metadata["hyper_parameters"]?["config"]] {
      let entries = labels?["id2label"]?.dictionary ?? [:]
      let numbers = entries.compactMap { key, value in
        Int(key).flatMap { number in value.string.map { (number, $0) } }
      }
      if !numbers.isEmpty { return ordered(numbers) }
    }
    return []
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Empty where the numbers leave gaps: names would be of other classes.
  private static func ordered(_ names: [(Int, String)]) -> [String] {
    let sorted = names.sorted { $0.0 < $1.0 }
    return sorted.enumerated().allSatisfy { $0 == $1.0 } ? sorted.map(\.1) : []
  }

  /// What stands for nothing said, which is the likeliest class of most frames.
  static let fillers: Set<String> = [
    "<pad>", "<s>", "</s>", "<unk>", "|", "sil", "<blank>", "[PAD]", "[UNK]",
  ]
}
