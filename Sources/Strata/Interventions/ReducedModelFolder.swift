import Checkpoints
import Files
import Foundation
import Interventions
import Models
import Results

/// A model with smaller weights as a folder that transformers and Strata read.
public enum ReducedModelFolder {
  /// The layers' weights of the model at `path`, which `LoadOptions.reductions` go by.
  /// - Throws: As loading the model does.
  public static func parts(of path: String, options: LoadOptions) throws -> [WeightPart] {
    try options.opened(path).weightParts
  }

  /// Writes `config.json`, `preprocessor_config.json`, `model.safetensors` and what else lies with the model (its
  /// vocabulary, its tokeniser) into `folder`; all or none. The weights are in single precision: what is saved is saved by
  /// whoever stores zeros and steps as such.
  ///
  /// Throws `StudyError.noConfiguration` where nothing says how the model is built, and what reading and writing throw.
  public static func write(
    _ model: String, _ reductions: [String: WeightReduction], options: LoadOptions, to folder: String
  ) throws {
    let checkpoint = try options.opened(model).reduced(reductions)
    var files = try settings(of: checkpoint, model)
    files["README.md"] = readme(model, reductions)
    let staged = try StagedResults(for: folder)
    defer { staged.discard() }
    for (name, data) in files.sorted(by: { $0.key < $1.key }) { try staged.write(data, to: name) }
    let names = Array(checkpoint.tensors.keys)
    let weights = "model.safetensors"
    try SafetensorsWriter.write(
      expecting: names, metadata: ["format": "pt"], to: staged.path(of: weights)
    ) { append in
      for name in names { try append(name, checkpoint.tensor(name)) }
    }
    staged.add(weights)
    try staged.commit()
  }

  private static func settings(of checkpoint: Checkpoint, _ model: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: model, isDirectory: &isFolder), isFolder.boolValue {
      for name in try FileManager.default.contentsOfDirectory(atPath: model).sorted()
      where ["json", "txt", "model"].contains((name as NSString).pathExtension)
        && !name.hasSuffix(".index.json")
      {
        files[name] = try Data(contentsOf: URL(filePath: model).appending(path: name))
      }
    }
    guard files["config.json"] == nil else { return files }
    let training = checkpoint.metadata["hyper_parameters"]
    guard case .dictionary(var configuration)? = checkpoint.metadata["config"] ?? training?["config"] else {
      throw StudyError.noConfiguration(model: model)
    }
    if configuration["model_type"] == nil { configuration["model_type"] = training?["model_type"] }
    files["config.json"] = Data(MetadataValue.dictionary(configuration).json.utf8)
    var input: [String: MetadataValue] = ["feature_extractor_type": .string("Wav2Vec2FeatureExtractor")]
    for key in ["do_normalize", "sampling_rate"] { input[key] = training?[key] }
    if input.count > 1 {
      files["preprocessor_config.json"] = Data(MetadataValue.dictionary(input).json.utf8)
    }
    if let vocabulary = training?["vocab"] { files["vocab.json"] = Data(vocabulary.json.utf8) }
    return files
  }

  private static func readme(_ model: String, _ reductions: [String: WeightReduction]) -> Data {
    let rows = reductions.sorted { $0.key < $1.key }.map { "| `\($0.key)` | \($0.value.name) |\n" }
    let name = URL(filePath: model).lastPathComponent
    return Data(
      ("# \(name), made smaller\n\nBy `probe-layers intervene --keep`, Strata \(Release.version).\n\n"
        + "| weights | change |\n|---|---|\n" + rows.joined()).utf8)
  }
}
