import Audio
import Checkpoints
import Foundation
import StrataTestSupport
import Tensors

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
