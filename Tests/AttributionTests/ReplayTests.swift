import Models
import Tensors
import Testing

@testable import Attribution

/// Passes that go on from a changed layer.
@Suite("A pass that goes on from a changed layer") struct ReplayTests {
  /// Whisper shows the frames of the sound and holds those of thirty seconds.
  static let families = [
    "wav2vec2_base", "wav2vec2_large", "hubert_large", "wavlm_base", "data2vec_audio", "whisper",
    "w2v_bert",
    "conformer_rel", "parakeet",
  ]

  private func layers(_ model: SpeechModel) -> [String] {
    model.taps.filter { $0.kind.isHidden }.map(\.name)
  }

  @Test("is the pass itself where nothing is changed", arguments: families)
  func unchanged(family: String) throws {
    let (model, samples) = try tinyModel(family)
    let hidden = layers(model)
    let pass = try RecordedPass(model, samples, upTo: hidden[hidden.count - 1])
    for place in hidden.indices.dropLast() {
      let later = Array(hidden[(place + 1)...])
      #expect(pass.places(after: hidden[place]).isSuperset(of: later))
      let found = try pass.values(of: later, replacing: hidden[place], with: pass.values(of: hidden[place]))
      for layer in later {
        #expect(try found[layer] == pass.values(of: layer), "\(hidden[place]) → \(layer)")
      }
    }
  }

  @Test("gives the same in one step as in two, and something else than the pass", arguments: families)
  func steps(family: String) throws {
    let (model, samples) = try tinyModel(family)
    let hidden = layers(model)
    guard hidden.count > 2 else { return }
    let (first, second, last) = (hidden[0], hidden[1], hidden[hidden.count - 1])
    let pass = try RecordedPass(model, samples, upTo: last)
    let before = try pass.values(of: first)
    let changed = Tensor(before.values.enumerated().map { $1 + Float($0 % 3) / 4 }, shape: before.shape)
    let both = try pass.values(of: [second, last], replacing: first, with: changed)
    let (near, far) = (try #require(both[second]), try #require(both[last]))
    #expect(try near != pass.values(of: second) && far != pass.values(of: last))
    #expect(try pass.values(of: last, replacing: first, with: changed) == far)
    // What a layer holds beyond what it shows stays as it is, so that only where all is shown two steps are one.
    if family != "whisper" {
      #expect(try pass.values(of: last, replacing: second, with: near) == far)
    }
  }

  @Test("is refused by name where the model goes on from tokens, and where nothing depends on the layer")
  func refusals() throws {
    let (model, samples) = try tinyModel("wav2vec2_base")
    let hidden = layers(model)
    let pass = try RecordedPass(model, samples, upTo: hidden[hidden.count - 1])
    let values = try pass.values(of: hidden[1])
    #expect(throws: AttributionError.unreachable(target: hidden[0], layer: hidden[1])) {
      try pass.values(of: [hidden[0]], replacing: hidden[1], with: values)
    }
    let (patches, sound) = try tinyModel("ast")
    let tokens = patches.taps.filter { $0.kind.isHidden }.map(\.name)
    let other = try RecordedPass(patches, sound, upTo: tokens[1])
    let frames = try other.values(of: tokens[0])
    let error = #expect(throws: AttributionError.self) {
      try other.values(of: [tokens[1]], replacing: tokens[0], with: frames)
    }
    #expect(error.map { "\($0)".contains("the model does not go on from its frames") } == true)
  }
}
