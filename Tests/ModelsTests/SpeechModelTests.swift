import Audio
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// How a model is run, asked and drawn anew.
@Suite("Speech models") struct SpeechModelTests {
  private func noise(_ count: Int, seed: UInt64 = 1) -> Waveform {
    var numbers = RandomNumbers(seed: seed)
    return Waveform(samples: (0..<count).map { _ in Float(numbers.normal() * 0.1) }, samplingRate: 16_000)
  }

  // MARK: Taps

  @Test("values come in the order of the data, and nothing beyond the deepest is computed")
  func order() throws {
    let model = try SpeechModel.load(resource("wav2vec2_large"))
    var visited: [String] = []
    try model.forward(
      noise(4_000), taps: ["hidden.2", "conv.2", "attention.2", "projection", "conv.7", "hidden.0"]
    ) { name, _ in visited.append(name) }
    #expect(visited == ["conv.2", "conv.7", "projection", "hidden.0", "attention.2", "hidden.2"])

    var broken = model
    broken = try #require(
      (model.architecture as? Wav2Vec2).map { architecture in
        var architecture = architecture
        architecture.blocks[1].feedForward.up.bias = Tensor(repeating: .nan, shape: [128])
        return model.with(architecture)
      })
    try broken.forward(noise(4_000), taps: ["hidden.1"]) { _, _ in }
    #expect(throws: ModelError.nonFiniteValue(layer: "hidden.2", frame: 0)) {
      try broken.forward(noise(4_000), taps: ["final_norm"]) { _, _ in }
    }
  }

  @Test("attention asked for changes no other value", arguments: ["wavlm_base", "wav2vec2_base"])
  func attention(name: String) throws {
    let model = try SpeechModel.load(resource(name))
    let plain = try values(of: model, noise(9_000), ["hidden.3"])
    let asked = try values(of: model, noise(9_000), ["hidden.3", "attention.1", "attention.3"])
    #expect(asked["hidden.3"] == plain["hidden.3"])
    let weights = try #require(asked["attention.3"])
    let frames = weights.shape[1]
    #expect(weights.shape == [4, frames, frames])
    let sums = (0..<(4 * frames)).map { row in
      weights.values[(row * frames)..<((row + 1) * frames)].reduce(0, +)
    }
    #expect(sums.allSatisfy { abs($0 - 1) < 1e-5 })
  }

  @Test("a value does not depend on what else is asked for", arguments: ["wav2vec2_base", "wavlm_large"])
  func independence(name: String) throws {
    let model = try SpeechModel.load(resource(name))
    let waveform = noise(23_456)  // its end reaches no deeper frame
    let all = try values(of: model, waveform, Set(model.taps.map(\.name)))
    for tap in model.taps {
      #expect(try values(of: model, waveform, [tap.name])[tap.name] == all[tap.name], "\(name) \(tap.name)")
    }
  }

  @Test("numbers and names of layers")
  func resolving() throws {
    let model = try SpeechModel.load(resource("wav2vec2_large"))
    func names(_ list: String) throws -> [String] { try model.resolve(layers: list).map(\.name) }
    #expect(try names("0,2,-1") == ["hidden.0", "hidden.2", "hidden.3"])
    #expect(try names("conv.7, final_norm,attention.2") == ["conv.7", "final_norm", "attention.2"])
    #expect(try names("-4,0") == ["hidden.0"])
    #expect(try names("all") == model.taps.map(\.name))
    #expect(throws: ModelError.layerOutOfRange(number: 4, layers: 3)) { try names("4") }
    #expect(throws: ModelError.layerOutOfRange(number: -5, layers: 3)) { try names("-5") }
    #expect(
      throws: ModelError.unknownLayer(name: "hiden.2", nearest: ["hidden.2", "hidden.0", "hidden.1"])
    ) {
      try names("hiden.2")
    }
    #expect(throws: ModelError.self) { try names("") }
    #expect(throws: ModelError.self) {
      try model.forward(noise(4_000), taps: ["hidden.4"]) { _, _ in }
    }
  }

  // MARK: Time

  @Test("frames, stride and centres of the published layout")
  func timing() throws {
    let timing = FrameTiming(
      samplingRate: 16_000, kernels: [10, 3, 3, 3, 3, 2, 2], strides: [5, 2, 2, 2, 2, 2, 2])
    #expect((timing.receptiveFieldSamples, timing.strideSamples) == (400, 320))
    #expect(abs(timing.centre(of: 0) - 0.01246875) < 1e-12)
    #expect(abs(timing.centre(of: 50) - 1.01246875) < 1e-12)
    #expect(
      [16_000, 320_000, 31_439, 31_440, 399, 400, 0].map { timing.frames(forSamples: $0) } == [
        49, 999, 97, 98, 0, 1, 0,
      ])
    let model = try SpeechModel.load(resource("wav2vec2_base"))
    #expect(model.taps.last?.timing == timing)
    for count in [400, 719, 720, 31_439, 31_440] {
      let state = try #require(try values(of: model, noise(count), ["hidden.1"])["hidden.1"])
      #expect(state.rows == timing.frames(forSamples: count))
    }
  }

  /// The test of a timing: which frames a click moves.
  @Test(
    "a click moves the frames whose window it lies in, and no other", arguments: [0, 1_234, 2_000, 3_999])
  func click(sample: Int) throws {
    let model = try SpeechModel.load(resource("wav2vec2_large"))
    let silence = [Float](repeating: 0, count: 4_000)
    var clicked = silence
    clicked[sample] = 1
    let taps = model.taps.prefix(8)  // The transformer lets every frame see every other.
    func values(_ samples: [Float]) throws -> [String: Tensor] {
      var found: [String: Tensor] = [:]
      try model.forward(inputValues: samples, taps: Set(taps.map(\.name))) { found[$0] = $1 }
      return found
    }
    let (before, after) = (try values(silence), try values(clicked))
    for tap in taps {
      let (a, b) = (try #require(before[tap.name]), try #require(after[tap.name]))
      let timing = try #require(tap.timing)
      for frame in 0..<a.rows {
        let start = frame * timing.strideSamples
        let sees = (start..<(start + timing.receptiveFieldSamples)).contains(sample)
        let moves = a[row: frame] != b[row: frame]
        #expect(moves == sees, "\(tap.name), frame \(frame)")
      }
    }
  }

  // MARK: Determinism

  @Test("the same bits for any number of threads and any call", arguments: ParityTests.names)
  func threads(name: String) throws {
    let model = try SpeechModel.load(resource(name))
    let taps = Set((model.taps + model.attentionTaps).map(\.name))
    let waveform = noise(24_000)  // several tiles
    let one = try values(of: model, waveform, taps, threads: 1)
    for threads in [1, 2, 3, 8] {
      let found = try values(of: model, waveform, taps, threads: threads)
      #expect(taps.allSatisfy { found[$0] == one[$0] && found[$0] != nil }, "\(name), \(threads) threads")
    }
  }

  @Test("many utterances at once give what each gives alone")
  func concurrent() throws {
    let model = try SpeechModel.load(resource("wavlm_base"))
    let waveforms = (0..<6).map { noise(3_000 + 1_700 * $0, seed: UInt64($0)) }
    let alone = try waveforms.map { try values(of: model, $0, ["hidden.3"])["hidden.3"] }
    let together = try parallelMap(waveforms.count, threads: 3) {
      try values(of: model, waveforms[$0], ["hidden.3"])["hidden.3"]
    }
    #expect(together == alone)
  }

  // MARK: Input

  @Test("input that cannot be used")
  func refusedInput() throws {
    let model = try SpeechModel.load(resource("wav2vec2_base"))
    #expect(throws: ModelError.tooShort(samples: 399, minimum: 400, samplingRate: 16_000)) {
      try model.forward(noise(399), taps: ["hidden.1"]) { _, _ in }
    }
    #expect("\(ModelError.tooShort(samples: 399, minimum: 400, samplingRate: 16_000))".contains("25.0 ms"))
    #expect(throws: ModelError.tooShort(samples: 0, minimum: 400, samplingRate: 16_000)) {
      try model.forward(noise(0), taps: ["conv.1"]) { _, _ in }
    }
    for value in [Float.nan, .infinity] {
      var samples = noise(4_000).samples
      samples[77] = value
      #expect(throws: ModelError.nonFiniteInput(sample: 77)) {
        try model.forward(Waveform(samples: samples, samplingRate: 16_000), taps: ["hidden.1"]) { _, _ in }
      }
    }
    // Silence has no variance: norms must not make it infinite.
    let silence = Waveform(samples: Array(repeating: 0, count: 4_000), samplingRate: 16_000)
    #expect(try values(of: model, silence, ["logits"])["logits"]?.firstNonFinite() == nil)
  }

  @Test("other sampling rates are resampled")
  func resampling() throws {
    let model = try SpeechModel.load(resource("wav2vec2_base"))
    let waveform = noise(16_000)
    let twice = try waveform.resampled(to: 32_000)
    #expect(try model.inputValues(of: twice).count == 16_000)
    let found = try #require(try values(of: model, twice, ["hidden.3"])["hidden.3"])
    #expect(found.rows == 49)
  }

  @Test("a visitor's error ends the pass")
  func visitorThrows() throws {
    struct Enough: Error {}
    let model = try SpeechModel.load(resource("wav2vec2_base"))
    #expect(throws: Enough.self) {
      try model.forward(noise(4_000), taps: ["conv.1", "hidden.1"]) { _, _ in throw Enough() }
    }
  }

  // MARK: Untrained twins

  @Test("a twin has the same layers and its family's own start", arguments: ParityTests.names)
  func twin(name: String) throws {
    let model = try SpeechModel.load(resource(name))
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.taps == model.taps && twin.parameters == model.parameters)
    #expect(twin.fingerprint != model.fingerprint && twin.name.contains("untrained"))
    let taps = Set(twin.taps.map(\.name))
    let found = try values(of: twin, noise(8_000), taps)
    #expect(found.count == taps.count)
    let again = try values(of: try model.randomTwin(seed: 7), noise(8_000), taps)
    let other = try values(of: try model.randomTwin(seed: 8), noise(8_000), taps)
    #expect(again == found && other["hidden.1"] != found["hidden.1"])
  }

  @Test("drawn parameters have the moments that they should")
  func moments() throws {
    func moments(_ tensor: Tensor) -> (mean: Double, deviation: Double, largest: Double) {
      let values = tensor.values.map(Double.init)
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      return (mean, variance.squareRoot(), values.map(abs).max() ?? 0)
    }
    let model = try SpeechModel.load(resource("wav2vec2_large")).randomTwin(seed: 3)
    let twin = try #require(model.architecture as? Wav2Vec2)
    let linear = moments(twin.blocks[0].feedForward.up.weight)  // 8,192 values
    #expect(abs(linear.deviation - 0.02) < 0.001 && abs(linear.mean) < 0.001)
    #expect(twin.blocks[0].feedForward.up.bias.values.allSatisfy { $0 == 0 })
    #expect(twin.blocks[1].outputNorm.weight?.values.allSatisfy { $0 == 1 } == true)
    let convolution = moments(twin.features.layers[1].weight)  // He: √(2 / (32 · 3))
    #expect(abs(convolution.deviation - (2.0 / 96).squareRoot()) < 0.006)
    let projection = moments(twin.projection.weight)  // uniform within √(1/32)
    #expect(projection.largest <= (1.0 / 32).squareRoot() && projection.largest > 0.17)
    #expect(abs(projection.deviation - (1.0 / 32 / 3).squareRoot()) < 0.005)
    let hubert = try SpeechModel.load(resource("hubert_large")).randomTwin(seed: 3)
    let other = try #require(hubert.architecture as? Wav2Vec2)
    #expect(abs(moments(other.projection.weight).deviation - 0.02) < 0.002)
    #expect(other.features.layers[0].bias.values.allSatisfy { $0 == 0 })
  }
}

extension SpeechModel {
  /// The same model with other parameters.
  fileprivate func with(_ architecture: Wav2Vec2) -> SpeechModel {
    SpeechModel(
      BuiltModel(architecture: architecture, family: family, parameters: parameters, report: tensorReport),
      name: name, fingerprint: fingerprint, samplingRate: samplingRate, normalisesInput: normalisesInput)
  }
}
