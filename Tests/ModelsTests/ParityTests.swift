import Audio
import Checkpoints
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Every value inside twelve tiny models against the reference implementation's, computed in float64.
@Suite("Parity with the reference") struct ParityTests {
  static let names = [
    "wav2vec2_base", "wav2vec2_large", "hubert_base", "hubert_large", "wavlm_base", "wavlm_large",
    "data2vec_audio", "wav2vec2_variant", "hubert_variant", "mms_variant",
    "conformer_rel", "conformer_rope",
  ]
  static let tolerance: Float = 1e-4

  @Test("every tap of every model", arguments: names)
  func everyTap(name: String) throws {
    let model = try SpeechModel.load(resource(name))
    let reference = try Checkpoint.open(resource("\(name)/hidden_states.safetensors"))
    let waveform = try Waveform.read(resource("\(name)/input.wav"))
    let found = try values(
      of: model, waveform, Set((model.taps + model.attentionTaps).map(\.name)), threads: 2)

    var worst: (error: Float, key: String) = (0, "")
    for key in reference.tensors.keys {
      let expected = try reference.tensor(key)
      let (ours, theirs) = try pair(key, expected, found, model)
      let error = relativeError(ours, theirs)
      #expect(error < Self.tolerance, "\(name) \(key): \(error)")
      if error >= worst.error { worst = (error, key) }
    }
    print("\(name): worst relative error \(worst.error) at \(worst.key)")
    #expect(worst.error > 0)
  }

  /// What we call the value that the reference has under `key`, and both in the same layout.
  private func pair(
    _ key: String, _ expected: Tensor, _ found: [String: Tensor], _ model: SpeechModel
  ) throws -> (Tensor, Tensor) {
    let part = key.split(separator: ".")
    switch part[0] {
    case "conv":  // [channels × frames], thinned
      let layer = try #require(Int(part[1]))
      let ours = try #require(found["conv.\(layer + 1)"])
      let thinned = everyRow([8, 4, 2, 1, 1, 1, 1][layer], of: ours).transposed()
      return (everyRow(thinned.rows / expected.rows, of: thinned), expected)
    case "attn":
      let layer = try #require(Int(part[1]))
      let ours = try #require(found["attention.\(layer + 1)"])
      if expected.shape[0] == 1 { return (meanOfHeads(ours), expected) }
      return (ours.everyQuery(ours.shape[1] == expected.shape[1] ? 1 : 8), expected)
    case "proj": return (try #require(found["projection"]), expected)
    case "logits": return (try #require(found["logits"]), expected)
    case "last_hidden_state":
      let last = try #require(model.taps.last { $0.name != "logits" })
      return (try #require(found[last.name]), expected)
    default: return (try #require(found["hidden.\(key)"]), expected)
    }
  }

  private func meanOfHeads(_ weights: Tensor) -> Tensor {
    let (heads, frames) = (weights.shape[0], weights.shape[1])
    let values = weights.values
    let mean = (0..<(frames * frames)).map { index in
      (0..<heads).reduce(Float(0)) { $0 + values[$1 * frames * frames + index] } / Float(heads)
    }
    return Tensor(mean, shape: [1, frames, frames])
  }
}
