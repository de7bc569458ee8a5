import Models
import Tensors
import Testing

@testable import Attribution

@Suite("Memory of a recorded pass") struct MemoryTests {
  /// Bytes that are held to go back through a block, beside those that are held throughout.
  private func block(_ pass: RecordedPass, _ tap: String) throws -> Int {
    let stretch = try #require(pass.state.stretches.firstIndex { $0.tap == tap })
    return try pass.stretchValues(stretch).filter { pass.state.held[$0.key] == nil }
      .reduce(0) { $0 + $1.value.count * MemoryLayout<Float>.stride }
  }

  @Test("grows by a block's output with each block, and holds one block more on the way back")
  func checkpoints() throws {
    let (model, samples) = try tinyModel("wav2vec2_base")
    let hidden = model.taps.map(\.name).filter { $0.hasPrefix("hidden.") }
    #expect(hidden.count > 3)
    let passes = try hidden.map { try RecordedPass(model, samples, upTo: $0) }
    let kept = try hidden.map { try RecordedPass(model, samples, upTo: $0, keepsAll: true) }
    let output = try passes[0].values(of: hidden[0]).count * MemoryLayout<Float>.stride
    for number in 1..<hidden.count {
      #expect(passes[number].heldBytes - passes[number - 1].heldBytes == output)
      // One that keeps all holds at least what q, k, v, context, two sums, a norm and the inner layer are.
      #expect(kept[number].heldBytes - kept[number - 1].heldBytes >= 8 * output)
      // The same for the first block of one and for the last of many.
      #expect(try block(passes[number], hidden[number]) == block(passes[1], hidden[1]))
      #expect(try block(kept[number], hidden[number]) == 0)
    }
  }

  @Test(
    "that ends at a layer holds nothing below the tap point in front of it, and has the same gradient there"
  )
  func beginning() throws {
    let (model, samples) = try tinyModel("wav2vec2_base")
    let hidden = model.taps.map(\.name).filter { $0.hasPrefix("hidden.") }
    let (layer, deepest) = (hidden[hidden.count - 2], hidden[hidden.count - 1])
    let (whole, part) = (
      try RecordedPass(model, samples, upTo: deepest),
      try RecordedPass(model, samples, upTo: deepest, from: layer)
    )
    let output = try whole.values(of: layer).count * MemoryLayout<Float>.stride
    #expect(part.heldBytes <= 3 * output && whole.heldBytes > 10 * output)
    let seed = sines(try whole.values(of: deepest).shape)
    let gradients = try [whole, part].map {
      try $0.walk(from: [deepest: seed], to: [layer]).gradients[layer]
    }
    #expect(gradients[0] == gradients[1] && gradients[0] != nil)
    #expect(throws: AttributionError.self) { try part.walk(from: [deepest: seed], to: [hidden[0]]) }
  }

  @Test(
    "what comes before a layer's map has no part in it, in any family",
    arguments: ["wav2vec2_base", "wavlm_base", "whisper", "ast", "clap", "parakeet", "atst", "w2v_bert"])
  func families(name: String) throws {
    let (model, samples) = try tinyModel(name)
    let hidden = model.taps.map(\.name).filter { $0.hasPrefix("hidden.") }
    let (layer, deepest) = (hidden[hidden.count - 2], hidden[hidden.count - 1])
    let whole = try RecordedPass(model, samples, upTo: deepest)
    let part = try RecordedPass(model, samples, upTo: deepest, from: layer)
    let seed = sines(try whole.values(of: deepest).shape)
    let gradients = try [whole, part].map {
      try $0.walk(from: [deepest: seed], to: [layer]).gradients[layer]
    }
    #expect(gradients[0] == gradients[1] && gradients[0] != nil)
    #expect(part.heldBytes <= whole.heldBytes)
  }

  @Test(
    "maps do not depend on what is kept",
    arguments: [AttributionMethod.gradientInput, .relevance, .gradCAM])
  func maps(method: AttributionMethod) throws {
    let (model, samples) = try tinyModel("wav2vec2_variant")
    var attribution = try Attribution(
      model, samples: samples, target: .unit(3, of: #require(model.taps.last)), threads: 2)
    let map = try attribution.map(by: method)
    attribution.settings.keepsAll = true
    #expect(try attribution.map(by: method).profile == map.profile)
  }
}
