import Audio
import Checkpoints
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Padding to a common length: the reference's batches, and that padding changes nothing that counts.
@Suite("Padded batches") struct BatchTests {
  /// The two utterances of a folder as the model is given them.
  private func inputs(_ name: String, _ model: SpeechModel) throws -> [[Float]] {
    try ["input.wav", "input2.wav"].map { try model.inputValues(of: .read(resource("\(name)/\($0)"))) }
  }

  private func run(
    _ model: SpeechModel, _ values: [Float], padding: Int = 0, filler: Float = 0, taps: [String]
  ) throws -> [String: Tensor] {
    var found: [String: Tensor] = [:]
    let padded = values + Array(repeating: filler, count: padding)
    try model.forward(inputValues: padded, validSamples: values.count, taps: Set(taps)) { found[$0] = $1 }
    return found
  }

  @Test("valid frames equal the reference's", arguments: ["wav2vec2_large", "wavlm_large"])
  func equalsReference(name: String) throws {
    let model = try SpeechModel.load(resource(name))
    let reference = try Checkpoint.open(resource("\(name)/batch_hidden_states.safetensors"))
    let inputs = try inputs(name, model)
    let longest = try #require(inputs.map(\.count).max())
    let keys = ["projection": "proj", "final_norm": "last_hidden_state"].merging(
      (0...3).map { ("hidden.\($0)", "\($0)") }
    ) { first, _ in first }
    var worst: Float = 0
    for (row, values) in inputs.enumerated() {
      let found = try run(
        model, values, padding: longest - values.count, taps: Array(keys.keys) + ["attention.2"])
      let valid = try #require(model.taps.last?.timing).frames(forSamples: values.count)
      for (tap, key) in keys {
        let expected = try reference.tensor(key)
        let ours = try #require(found[tap])
        #expect(ours.rows == expected.shape[1])
        let error = relativeError(
          ours.rows(0..<valid), expected.rows(row..<(row + 1)).reshaped(ours.shape).rows(0..<valid))
        #expect(error < ParityTests.tolerance, "\(name) row \(row), \(tap): \(error)")
        worst = max(worst, error)
      }
      let weights = try #require(found["attention.2"])
      let frames = weights.shape[1]
      let beyond = weights.values.enumerated().filter { $0.offset % frames >= valid && $0.element != 0 }
      #expect(beyond.isEmpty, "padding has weight")
    }
    print("\(name), padded batch: worst relative error \(worst)")
    #expect(worst > 0)
  }

  /// Norms over time are taken from valid frames alone, so this holds for group norm too, where several published
  /// tools change.
  @Test("padding changes no valid frame", arguments: ParityTests.names, [Float(0), 3])
  func changesNothing(name: String, filler: Float) throws {
    let model = try SpeechModel.load(resource(name))
    let values = try model.inputValues(of: .read(resource("\(name)/input.wav")))
    let taps = model.taps.map(\.name).filter { $0 != "conv.1" }
    let alone = try run(model, values, taps: taps)
    let padded = try run(model, values, padding: 5_000, filler: filler, taps: taps)
    for point in model.taps where taps.contains(point.name) {
      let expected = try #require(alone[point.name])
      let found = try #require(padded[point.name])
      #expect(found.rows > expected.rows)
      let error = relativeError(found.rows(0..<expected.rows), expected)
      #expect(error < 1e-5, "\(name) \(point.name): \(error)")
    }
  }
}
