import Audio
import Checkpoints
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Attribution

/// Gradients of whole models against autograd in float64 (`Resources/gradients.py`).
@Suite("Gradients of whole models") struct GradientTests {
  static let names = [
    "wav2vec2_base", "wavlm_base", "hubert_variant", "mms_variant", "wav2vec2_variant", "data2vec_audio",
    "whisper", "conformer_rel", "conformer_rope", "w2v_bert",
  ]

  @Test("are autograd's", arguments: names)
  func parity(name: String) throws {
    let (model, samples) = try tinyModel(name)
    let reference = try Checkpoint.open(resource("gradients.safetensors"))
    let deepest = try #require(model.taps.last { $0.name != "logits" }?.name)
    let pass = try RecordedPass(model, samples, upTo: deepest, threads: 2)
    let target = try pass.values(of: deepest)
    let keys = reference.tensors.keys.filter { $0.hasPrefix(name + ".") }
    #expect(keys.count == 3)
    let places = Set(keys.map { String($0.dropFirst(name.count + 1)) })
    let walk = try pass.walk(from: [deepest: sines(target.shape)], to: places)
    for place in places.sorted() {
      let expected = try reference.tensor("\(name).\(place)")
      let found = try #require(walk.gradients[place])
      let values = found.values
      let ours =
        place == "input"
        ? ["whisper", "w2v_bert"].contains(name)
          ? found.rows(0..<expected.rows)
          : Tensor(stride(from: 0, to: found.count, by: 4).map { values[$0] }, shape: expected.shape)
        : found
      let error = relativeError(ours, expected)
      print("\(name) \(place): relative error \(error)")
      #expect(error < 2e-4, "\(name) \(place)")
    }
  }

  @Test("of the Audio Spectrogram Transformer's logits, through its patches, are autograd's")
  func spectrogramTransformer() throws {
    let (model, samples) = try tinyModel("ast")
    let reference = try Checkpoint.open(resource("gradients.safetensors"))
    let pass = try RecordedPass(model, samples, upTo: "logits", threads: 2)
    let walk = try pass.walk(
      from: ["logits": sines(pass.values(of: "logits").shape)], to: ["hidden.1", RecordedPass.input])
    let tokens = try #require(walk.gradients["hidden.1"])
    #expect(relativeError(tokens, try reference.tensor("ast.hidden.1")) < 2e-4)
    let input = try #require(walk.gradients[RecordedPass.input])
    let ours = input.selectingRows(Array(stride(from: 0, to: input.rows, by: 4)))
    #expect(relativeError(ours, try reference.tensor("ast.input")) < 2e-4)
  }

  @Test(
    "of Parakeet's CTC logits and of ATST-Frame's last state, from the log-mel on, are autograd's",
    arguments: ["parakeet", "atst"])
  func frontEnds(name: String) throws {
    let (model, samples) = try tinyModel(name)
    let reference = try Checkpoint.open(resource("gradients.safetensors"))
    let deepest = try #require(model.taps.last?.name)
    let pass = try RecordedPass(model, samples, upTo: deepest, threads: 2)
    let places: Set = ["hidden.0", "hidden.1", RecordedPass.input]
    let walk = try pass.walk(from: [deepest: sines(pass.values(of: deepest).shape)], to: places)
    for place in places.sorted() {
      let expected = try reference.tensor("\(name).\(place)")
      let found = try #require(walk.gradients[place])
      #expect(relativeError(found.rows(0..<expected.rows), expected) < 2e-4, "\(place)")
    }
  }

  @Test("of the decoder's logits, through both of its attentions and the encoder, are autograd's")
  func decoder() throws {
    let (model, samples) = try tinyModel("whisper")
    let reference = try Checkpoint.open(resource("gradients.safetensors"))
    let tokens = try reference.tensor("decoder.tokens").values.map { Int($0) }
    let pass = try RecordedPass(model, samples, tokens: tokens, upTo: "logits", threads: 2)
    let places = ["hidden.1", "decoder.hidden.1", RecordedPass.input]
    let walk = try pass.walk(
      from: ["logits": sines(pass.values(of: "logits").shape)], to: Set(places))
    for place in places {
      let expected = try reference.tensor("decoder.\(place)")
      let found = try #require(walk.gradients[place])
      let error = relativeError(found.rows(0..<expected.rows), expected)
      #expect(error < 2e-4, "\(place)")
    }
  }

  @Test("a sound of several windows is refused")
  func windows() throws {
    let (model, samples) = try tinyModel("ast")
    #expect(throws: AttributionError.self) {
      try RecordedPass(model, samples + samples + samples, upTo: "hidden.1")
    }
  }
}
