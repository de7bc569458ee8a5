import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Attribution

/// Gradients through the encoders of codecs, beside differences of the passes themselves.
@Suite("Gradients of codecs") struct CodecGradientTests {
  @Test("are the derivative along a direction", arguments: ["encodec", "dac", "mimi", "wavtokenizer"])
  func differences(name: String) throws {
    let (model, samples) = try tinyModel(name)
    let tap = "latents"
    let pass = try RecordedPass(model, samples, upTo: tap, threads: 2)
    let seed = sines(try pass.values(of: tap).shape)
    let walk = try pass.walk(from: [tap: seed], to: [RecordedPass.input, "conv.2"])
    let gradient = try #require(walk.gradients[RecordedPass.input])
    let direction = sines([samples.count], step: 0.91)
    func moved(_ step: Float) throws -> Double {
      var result = 0.0
      let changed = zip(samples, direction.values).map { $0 + step * $1 }
      try model.forward(inputValues: changed, taps: [tap]) { result = $1.dot(seed) }
      return result
    }
    let step: Float = 2e-3
    let expected = (try moved(step) - moved(-step)) / Double(2 * step)
    let found = gradient.rows(0..<samples.count).dot(direction)
    #expect(abs(found - expected) < 5e-3 * max(1, abs(expected)), "\(found), by differences \(expected)")
    #expect(try walk.gradients["conv.2"]?.shape == pass.values(of: "conv.2").shape)
  }

  @Test("a code is a choice, which is refused by name", arguments: ["encodec", "dac", "mimi"])
  func codes(name: String) throws {
    let (model, samples) = try tinyModel(name)
    for tap in ["codes.1", "quantised.1", "codes.2"] {
      let pass = try RecordedPass(model, samples, upTo: tap)
      let seed = sines(try pass.values(of: tap).shape)
      #expect(throws: AttributionError.noRule(operation: "vector quantiser")) {
        try pass.walk(from: [tap: seed], to: ["latents"])
      }
    }
  }
}
