import Audio
import Checkpoints
import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Fast Conformers beside the reference implementation, under transformers' names and NeMo's.
@Suite("Parakeet") struct ParakeetTests {
  private let name = "parakeet"

  private func noise(_ count: Int, seed: UInt64 = 1) -> Waveform {
    var numbers = RandomNumbers(seed: seed)
    return Waveform(samples: (0..<count).map { _ in Float(numbers.normal() * 0.1) }, samplingRate: 16_000)
  }

  @Test("the log-mel is transformers'")
  func features() throws {
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    let expected = try readNumpy(URL(fileURLWithPath: resource("\(name)/input_features.npy")))
    let found = try NeMoMel(bands: 80).features(of: sound)
    #expect(found.shape == [sound.samples.count / 160, 80])
    #expect(relativeError(found, expected) < 1e-4)
    // Each band has mean 0 and deviation 1, whatever the sound.
    let noisy = try NeMoMel(bands: 40).features(of: noise(8_000))
    for band in 0..<40 {
      let column = (0..<noisy.rows).map { Double(noisy[row: $0][band]) }
      let mean = column.reduce(0, +) / Double(column.count)
      let variance = column.reduce(0) { $0 + $1 * $1 } / Double(column.count - 1)
      #expect(abs(mean) < 1e-5 && abs(variance - 1) < 1e-3)
    }
  }

  @Test("every value")
  func everyTap() throws {
    let model = try SpeechModel.load(resource(name))
    let reference = try Checkpoint.open(resource("\(name)/hidden_states.safetensors"))
    let found = try values(
      of: model, .read(resource("\(name)/input.wav")), Set((model.taps + model.attentionTaps).map(\.name)),
      threads: 2)
    var worst: Float = 0
    for key in reference.tensors.keys {
      let tap =
        key == "logits"
        ? key
        : key.hasPrefix("attn.") ? "attention.\(try #require(Int(key.dropFirst(5))) + 1)" : "hidden.\(key)"
      let error = relativeError(try #require(found[tap]), try reference.tensor(key))
      #expect(error < ParityTests.tolerance, "\(key): \(error)")
      worst = max(worst, error)
    }
    print("parakeet: worst relative error \(worst)")
    #expect(worst > 0 && found["projection"] == found["hidden.0"])
  }

  @Test("NeMo's own names lead to the same model, an encoder alone to the same states")
  func names() throws {
    let sound = noise(9_000)
    let expected = try values(of: .load(resource(name)), sound, ["hidden.2", "logits"])
    let options = LoadOptions(configuration: resource("\(name)/config.json"))
    let nemo = try SpeechModel.load(resource("nemo/model_weights.ckpt"), options: options)
    #expect(try values(of: nemo, sound, ["hidden.2", "logits"]) == expected)
    let bare = try loadChanged(name, configuration: ["model_type": "parakeet_encoder"]) { tensors in
      tensors = tensors.filter { $0.name.hasPrefix("encoder.") }
        .map { (String($0.name.dropFirst("encoder.".count)), $0.tensor) }
    }
    #expect(!bare.taps.contains { $0.name == "logits" })
    #expect(try values(of: bare, sound, ["hidden.2"])["hidden.2"] == expected["hidden.2"])
    let words = message { _ = try SpeechModel.load(resource("nemo/model_weights.ckpt")) }
    #expect(words.contains("xscaling") && words.contains("--config"))
  }

  @Test("frames at 80·i ms", arguments: [319, 320, 1_279, 1_440, 2_720, 20_000])
  func timing(samples: Int) throws {
    let model = try SpeechModel.load(resource(name))
    let timing = try #require(model.taps.first?.timing)
    #expect(timing.strideSamples == 1_280 && timing.centre(of: 3) == 0.24)
    #expect(timing.receptiveFieldSamples == 400 + 14 * 160)
    guard samples >= 320 else {
      #expect(throws: ModelError.tooShort(samples: samples, minimum: 320, samplingRate: 16_000)) {
        try model.forward(noise(samples), taps: ["projection"]) { _, _ in }
      }
      return
    }
    let state = try #require(try values(of: model, noise(samples), ["hidden.2"])["hidden.2"])
    #expect(state.rows == (samples / 160 + 7) / 8)
  }

  @Test("the same bits for any number of threads and whatever else is asked for")
  func determinism() throws {
    let model = try SpeechModel.load(resource(name))
    let all = Set((model.taps + model.attentionTaps).map(\.name))
    let one = try values(of: model, noise(12_000), all)
    #expect(try values(of: model, noise(12_000), all, threads: 3) == one)
    #expect(try values(of: model, noise(12_000), ["hidden.1"])["hidden.1"] == one["hidden.1"])
  }

  @Test("an untrained twin starts as transformers' does")
  func twin() throws {
    let model = try SpeechModel.load(resource(name))
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.taps == model.taps && twin.parameters == model.parameters)
    let found = try values(of: twin, noise(6_000), ["logits"])
    #expect(try values(of: model.randomTwin(seed: 7), noise(6_000), ["logits"]) == found)
    #expect(try values(of: model.randomTwin(seed: 8), noise(6_000), ["logits"]) != found)
    let network = try #require(twin.architecture as? Parakeet)
    for weight in [network.blocks[0].first.up.weight, network.blocks[0].convolution.gate.weight] {
      let squares = weight.values.reduce(0) { $0 + Double($1) * Double($1) }
      #expect(abs((squares / Double(weight.count)).squareRoot() - 0.02) < 0.001)
    }
    #expect(network.first.bias.values.allSatisfy { $0 == 0 })
  }

  @Test(
    "hostile and impossible configurations",
    arguments: [
      ("hidden_size", "1e300", "hidden_size"), ("num_attention_heads", "3", "heads of an even number"),
      ("subsampling_factor", "6", "a power of two"), ("subsampling_factor", "4", "without a place"),
      ("subsampling_conv_stride", "3", "subsampling_conv_stride"),
      ("subsampling_conv_kernel_size", "4", "an odd number"),
      ("num_mel_bins", "81", "a multiple of subsampling_factor, 8"),
      ("num_mel_bins", "128", "the model needs [32, 192]"), ("conv_kernel_size", "8", "an odd number"),
      ("num_key_value_heads", "2", "as many as num_attention_heads"),
      ("attention_bias", "false", "without a place"), ("num_hidden_layers", "3", "missing: layers.2"),
    ])
  func hostile(key: String, json: String, expected: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: resource("\(name)/config.json")))
    let settings = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    var encoder = try #require(settings["encoder_config"] as? [String: Any])
    encoder[key] = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    let words = message { _ = try loadChanged(name, configuration: ["encoder_config": encoder]) }
    #expect(words.contains(expected), "\(key) = \(json): \(words)")
  }
}
