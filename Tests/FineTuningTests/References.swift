import Audio
import Checkpoints
import Foundation
import Models
import Tensors

@testable import FineTuning

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

func json<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
  try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: resource(name))))
}

/// One of the tiny models that `ModelsTests` has, and the three utterances that `scripts/finetune-fixtures.py` cuts of its
/// recording.
func tinyModel(_ name: String) throws -> (model: SpeechModel, utterances: [[Float]]) {
  let folder = repository("Tests/ModelsTests/Resources/\(name)")
  let model = try SpeechModel.load(folder)
  let wave = try Waveform.read(folder + "/input.wav")
  let count = wave.samples.count
  let parts = [wave.samples[...], wave.samples[(count / 6)...], wave.samples[..<(count * 3 / 4)]]
  return (
    model,
    try parts.map {
      try model.inputValues(of: Waveform(samples: Array($0), samplingRate: wave.samplingRate))
    }
  )
}

/// Every fifth value of a large tensor, as the references keep it.
func thinned(_ tensor: Tensor) -> Tensor {
  let values = tensor.values
  let kept = values.count > 200 ? stride(from: 0, to: values.count, by: 5).map { values[$0] } : values
  return Tensor(kept, shape: [kept.count])
}

/// The name under which PyTorch has a parameter: weight norm's two parts have had two.
func torchName(_ name: String) -> String {
  name.replacingOccurrences(of: ".weight_g", with: ".parametrizations.weight.original0")
    .replacingOccurrences(of: ".weight_v", with: ".parametrizations.weight.original1")
}

let targets = [[1, 2, 3, 3, 4], [5, 6, 7, 8, 1, 2, 2], [4, 4, 8]]
