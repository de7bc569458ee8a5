import Audio
import Foundation
import Models
import Tensors

@testable import Attribution

/// The path of a file of `Resources`, beside this file.
func resource(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Resources/\(name)")
    .path
}

/// The path of something in the repository.
func repository(_ path: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../\(path)")
    .standardizedFileURL.path
}

/// One of the tiny models that `ModelsTests` has, with what it is given of its recording.
func tinyModel(_ name: String) throws -> (model: SpeechModel, samples: [Float]) {
  let folder = repository("Tests/ModelsTests/Resources/\(name)")
  // What its file does not say.
  let model =
    name == "atst"
    ? try SpeechModel.load(folder + "/model.ckpt", options: LoadOptions(heads: 4))
    : try SpeechModel.load(folder)
  return (model, try model.inputValues(of: Waveform.read(folder + "/input.wav")))
}

/// Smooth numbers without a pattern: sin(step · i).
func sines(_ shape: [Int], step: Double = 0.37) -> Tensor {
  Tensor(
    (0..<Tensor.elementCount(of: shape)).map { Float(sin(step * Double($0))) }, shape: shape)
}
