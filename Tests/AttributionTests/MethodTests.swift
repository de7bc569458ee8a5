import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Attribution

@Suite("Attribution methods") struct MethodTests {
  private func attribution(_ name: String = "wav2vec2_base") throws -> Attribution {
    let (model, samples) = try tinyModel(name)
    let target = try AttributionTarget.unit(3, of: #require(model.taps.last), span: 0.1..<0.2)
    return try Attribution(
      model, samples: Array(samples.prefix(max(6000, model.minimumSamples))), target: target,
      threads: 2)
  }

  @Test("windows and bands add up to samples times gradients, and to the waveform")
  func spectralFrames() {
    let frames = SpectralFrames(samplingRate: 16_000)
    let (x, g) = (sines([3333], step: 0.31), sines([3333], step: 0.29))
    let products = frames.products(of: x.values, and: g.values)
    #expect(products.shape == [frames.frames(of: 3333), 40])
    #expect(abs(products.sum - x.dot(g)) < 1e-4 * abs(x.dot(x)))
    let again = Tensor(frames.filtered(x.values) { _, _ in 1 }, shape: x.shape)
    #expect(relativeError(again, x) < 1e-4)
    // A tone without its own band is all but gone, without another it is all there.
    let tone = sines([8000], step: 2 * .pi * 1000 / 16_000)
    let band = frames.bandCentres.enumerated().min { abs($0.1 - 1000) < abs($1.1 - 1000) }?.offset ?? 0
    func energy(without removed: Range<Int>) -> Double {
      let rest = Tensor(
        frames.filtered(tone.values) { removed.contains($1) ? 0 : 1 }, shape: tone.shape)
      return rest.dot(rest) / tone.dot(tone)
    }
    #expect(energy(without: (band - 2)..<(band + 3)) < 0.02)
    #expect(energy(without: 30..<40) > 0.98)
  }

  @Test(
    "relevance is conserved through whole models",
    arguments: ["wav2vec2_base", "wavlm_base", "whisper", "ast", "clap", "parakeet", "atst"])
  func conservation(name: String) throws {
    var attribution = try attribution(name)
    for rule in [PropagationRules.Affine.epsilon(1e-4), .gamma(0.25), .positive] {
      attribution.settings.relevanceRule = rule
      let map = try attribution.map(by: .relevance)
      let error = try #require(map.checks.first { $0.name == "conservation error" })
      print("\(name) \(rule): conservation error \(error.value)")
      #expect(error.isPassed, "\(rule): \(error.value)")
    }
  }

  @Test("integrated gradients are complete", arguments: ["wav2vec2_base", "whisper"])
  func completeness(name: String) throws {
    var attribution = try attribution(name)
    attribution.settings.steps = 48
    let map = try attribution.map(by: .integratedGradients)
    let error = try #require(map.checks.first { $0.name == "completeness error" })
    print("\(name): completeness error \(error.value)")
    #expect(error.isPassed, "\(error.value)")
    // From features there is one baseline, silence; from the waveform draws of noise, whose maps are not the same.
    let (count, spread) = ("baselines", "spread over baselines")
    #expect(map.checks.first { $0.name == count }?.value == (name == "whisper" ? 1 : 3))
    #expect((map.checks.first { $0.name == spread }?.value ?? 0 > 0) == (name != "whisper"))
    attribution.settings.baseline = .silence
    let silent = try attribution.map(by: .integratedGradients)
    #expect(silent.checks.first { $0.name == count }?.value == 1)
  }

  @Test("a layer's gradient is what replacing its values does")
  func replay() throws {
    let attribution = try attribution()
    let (pass, value, seed) = try attribution.recorded(attribution.samples)
    let layer = "hidden.1"
    let gradient = try #require(
      pass.walk(from: [attribution.target.tap: seed], to: [layer]).gradients[layer])
    let values = try pass.values(of: layer)
    let direction = sines(values.shape)
    func moved(_ step: Float) throws -> Double {
      let result = try pass.values(
        of: attribution.target.tap, replacing: layer,
        with: values.zipped(with: direction) { $0 + step * $1 })
      return try attribution.target.reading(of: result, at: attribution.point).value
    }
    let unmoved = try moved(0)
    #expect(abs(unmoved - value) < 1e-6 * max(1, abs(value)))
    let expected = (try moved(1e-2) - moved(-1e-2)) / 2e-2
    #expect(abs(gradient.dot(direction) - expected) < 1e-2 * max(0.1, abs(expected)))
  }

  @Test("Grad-CAM is its definition, and channels add up to it")
  func gradCAM() throws {
    let attribution = try attribution()
    let map = try attribution.map(by: .gradCAM)
    let layer = try attribution.defaultLayer()
    #expect(map.layer == layer)
    let channels = try attribution.channelMaps(at: map.layer)
    for (frame, value) in map.profile.enumerated() {
      let sum = channels[row: frame].reduce(0.0) { $0 + Double($1) }
      #expect(abs(max(0, sum) - value) < 1e-4 * max(1e-3, abs(value)))
    }
    #expect(map.profile.contains { $0 > 0 })
    let convolution = try attribution.map(by: .gradCAM, layer: "conv.4")
    #expect(convolution.profile.count > map.profile.count)
    let plusPlus = try attribution.map(by: .gradCAMPlusPlus)
    #expect(plusPlus.profile.allSatisfy { $0 >= 0 })
  }

  @Test("Grad-CAM of patches tells frequencies apart, and its frames are their sums")
  func patches() throws {
    let (model, samples) = try tinyModel("ast")
    let target = try AttributionTarget.headClass(2, of: model)
    let attribution = try Attribution(model, samples: samples, target: target, threads: 2)
    let map = try attribution.map(by: .gradCAM)
    let grid = try #require(map.grid)
    #expect(map.layer == "hidden.2" && grid.rows == map.profile.count && grid.width == 12)
    #expect(grid.values.contains { $0 > 0 })
    for (frame, value) in map.profile.enumerated() {
      #expect(abs(grid[row: frame].reduce(0) { $0 + Double($1) } - value) < 1e-6 * max(1, value))
    }
    #expect(throws: AttributionError.self) { try attribution.map(by: .cam) }
  }

  @Test("a decoder's token is explained by the sound")
  func decoder() throws {
    let (model, samples) = try tinyModel("whisper")
    let tap = try #require(model.decoderTaps.last)
    var target = try AttributionTarget.unit(7, of: tap)
    target.row = 2
    let attribution = try Attribution(
      model, samples: samples, tokens: [3, 5, 8, 1], target: target, threads: 2)
    let map = try attribution.map(by: .relevance)
    #expect(map.checks.first { $0.name == "conservation error" }?.isPassed == true)
    let last = model.taps.last { $0.name.hasPrefix("hidden.") }?.name
    #expect(try attribution.defaultLayer() == last)
    // What comes after a token cannot count for it.
    let gradient = try attribution.map(by: .gradientInput)
    let other = try Attribution(
      model, samples: samples, tokens: [3, 5, 8, 2], target: target, threads: 2)
    let again = try other.map(by: .gradientInput)
    let largest = gradient.profile.map(abs).max() ?? 0
    #expect(largest > 0)
    #expect(zip(again.profile, gradient.profile).allSatisfy { abs($0 - $1) < 1e-5 * largest })
  }

  @Test("CAM's frames of the span have the target's value for their mean")
  func cam() throws {
    let attribution = try attribution()
    let map = try attribution.map(by: .cam)
    let frames = map.centres.indices.filter { (0.1..<0.2).contains(map.centres[$0]) }
    let mean = frames.reduce(0.0) { $0 + map.profile[$1] } / Double(frames.count)
    #expect(abs(mean - map.score) < 1e-5)
  }

  @Test(
    "every method gives one value a frame, the same for any number of threads",
    arguments: AttributionMethod.allCases)
  func everyMethod(method: AttributionMethod) throws {
    var attribution = try attribution("wav2vec2_variant")
    (attribution.settings.steps, attribution.settings.copies) = (4, 3)
    // The values of a convolution behind its gelu are positive as a rule, which Grad-CAM++ looks for.
    let layer = method.isOfLayer ? "conv.4" : nil
    let map = try attribution.map(by: method, layer: layer)
    #expect(map.profile.count == map.centres.count && map.profile.contains { $0 != 0 })
    #expect(map.profile.allSatisfy { $0.isFinite })
    attribution.threads = 1
    let again = try attribution.map(by: method, layer: layer)
    #expect(again.profile == map.profile)
  }

  @Test("what hides the target's span makes it fall, in a model that hears only there")
  func occlusion() throws {
    // A convolution's unit sees its receptive field only: whatever is outside cannot matter.
    let (model, samples) = try tinyModel("wav2vec2_variant")
    let tap = try #require(model.taps.first { $0.name == "conv.4" })
    let target = try AttributionTarget.unit(2, of: tap, span: 0.15..<0.2)
    let map = try Attribution(model, samples: samples, target: target).map(by: .occlusion)
    let outside = map.centres.indices.filter { map.centres[$0] < 0.08 || map.centres[$0] > 0.28 }
    let largest = map.profile.map(abs).max() ?? 0
    #expect(largest > 0)
    #expect(outside.allSatisfy { abs(map.profile[$0]) < 1e-5 * largest })
  }

  @Test("an operation without a rule is refused by name")
  func unknownOperation() throws {
    struct Reversal: LayerOperation {
      var name: String { "reversal" }
      func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor { inputs[0] }
    }
    let (model, samples) = try tinyModel("wav2vec2_variant")
    var pass = try RecordedPass(model, samples, upTo: "hidden.1")
    let step = pass.state.steps.count - 1
    let old = pass.state.steps[step]
    pass.state.steps[step] = Tape.Step(
      operation: Reversal(), inputs: old.inputs, inputShapes: old.inputShapes, output: old.output)
    pass.state.stretches[pass.state.stretches.count - 1].steps = step..<(step + 1)
    pass.state.held[old.inputs[0]] = try pass.values(of: "hidden.1")
    let seed = sines(try pass.values(of: "hidden.1").shape)
    #expect(throws: AttributionError.noRule(operation: "reversal")) {
      try pass.walk(from: ["hidden.1": seed], to: ["hidden.0"])
    }
  }
}
