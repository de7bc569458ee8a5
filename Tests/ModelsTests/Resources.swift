import Audio
import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// The path of a file or folder of `Resources`, beside this file.
func resource(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Resources/\(name)")
    .path
}

/// The path of something in the repository's `fixtures`.
func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../fixtures/\(name)").standardizedFileURL.path
}

/// Every value of the taps named, from one pass.
func values(
  of model: SpeechModel, _ waveform: Waveform, _ taps: Set<String>, threads: Int = 1
) throws -> [String: Tensor] {
  var found: [String: Tensor] = [:]
  try model.forward(waveform, taps: taps, threads: threads) { name, values in
    found[name] = values
  }
  return found
}

/// Every `step`-th row.
func everyRow(_ step: Int, of tensor: Tensor) -> Tensor {
  let rows = stride(from: 0, to: tensor.rows, by: step).map { tensor[row: $0] }
  return Tensor(rows.flatMap { $0 }, shape: [rows.count, tensor.width])
}

/// Runs `body` on a copy of a resource folder that it may change.
func withCopy(of name: String, _ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
  try FileManager.default.copyItem(atPath: resource(name), toPath: folder)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// The weights of a resource folder, changed by `edit`, in a folder of their own with the edited configuration.
func loadChanged(
  _ name: String, options: LoadOptions = LoadOptions(), configuration: [String: Any?]? = [:],
  keepsPreprocessor: Bool = true, _ edit: (inout [(name: String, tensor: Tensor)]) -> Void = { _ in }
) throws -> SpeechModel {
  let checkpoint = try Checkpoint.open(resource(name))
  var tensors = try checkpoint.tensors.keys.map { (name: $0, tensor: try checkpoint.tensor($0)) }
  edit(&tensors)
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try SafetensorsWriter.write(tensors, to: folder.appendingPathComponent("model.safetensors").path)
  if let configuration {
    let data = try Data(contentsOf: URL(fileURLWithPath: resource("\(name)/config.json")))
    var settings = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    for (key, value) in configuration { settings[key] = value }
    try JSONSerialization.data(withJSONObject: settings)
      .write(to: folder.appendingPathComponent("config.json"))
  }
  if keepsPreprocessor {
    try FileManager.default.copyItem(
      atPath: resource("\(name)/preprocessor_config.json"),
      toPath: folder.appendingPathComponent("preprocessor_config.json").path)
  }
  return try SpeechModel.load(folder.path, options: options)
}

/// A configuration of a resource folder with one setting changed, which must be refused in words that hold
/// `expected`.
func expectRefusal(of name: String, _ key: String, _ json: String, _ expected: String) throws {
  let value = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
  let words = message { _ = try loadChanged(name, configuration: [key: value]) }
  #expect(words.contains(expected), "\(key) = \(json): \(words)")
}

/// The words of the error that `body` throws.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch { return "\(error)" }
}
