import Audio
import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// The trained model of the fixtures on a recording of a person, from one self-describing checkpoint.
@Suite("The trained fixture") struct TrainedModelTests {
  let path = fixture("w2v2-tiny-phones/model.ckpt")

  @Test func describesItself() throws {
    let model = try SpeechModel.load(path)
    #expect(model.name == "w2v2-tiny-phones")
    #expect(model.family == "wav2vec2")
    #expect(model.parameters == 1_789_481 - 144)  // all but masked_spec_embed
    #expect(model.samplingRate == 16_000)
    #expect(model.inputNormalisation == "zero mean, unit variance")
    #expect(model.tensorReport.leftOut == ["wav2vec2.masked_spec_embed"])
    #expect(model.tensorReport.notes.isEmpty)
    #expect(model.fingerprint.count == 32)
    #expect(
      model.taps.map(\.name) == (1...7).map { "conv.\($0)" } + ["projection"]
        + (0...6).map { "hidden.\($0)" }
        + ["logits"])
    #expect(
      model.taps.map(\.width) == [64, 96, 96, 96, 128, 128, 128] + Array(repeating: 144, count: 8) + [41])
  }

  @Test func equalsReference() throws {
    let model = try SpeechModel.load(path)
    let reference = try Checkpoint.open(fixture("w2v2-tiny-phones/reference_austen_0880.safetensors"))
    let waveform = try Waveform.read(fixture("human/austen/austen_0880.flac"))
    let input = Tensor(
      try model.inputValues(of: waveform), shape: [try reference.tensor("input_values").count])
    let inputError = relativeError(input, try reference.tensor("input_values"))
    #expect(inputError < 1e-6)
    let names = ["conv.7": "conv_features", "logits": "logits"].merging(
      (0...6).map { ("hidden.\($0)", "hidden_states.\($0)") }
    ) { first, _ in first }
    let found = try values(of: model, waveform, Set(names.keys))
    var worst: Float = 0
    for (tap, key) in names {
      let error = relativeError(try #require(found[tap]), try reference.tensor(key))
      #expect(error < ParityTests.tolerance, "\(tap): \(error)")
      worst = max(worst, error)
    }
    print("w2v2-tiny-phones: worst relative error \(worst)")
    #expect(worst > 0)
  }
}
