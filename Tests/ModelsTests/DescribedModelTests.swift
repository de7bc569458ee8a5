import Audio
import Checkpoints
import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Models that an `architecture.yaml` tells of, beside the reference implementation.
@Suite("Described models") struct DescribedModelTests {
  static let crnn = Repository.path("fixtures/crnn")

  private func noise(_ count: Int, seed: UInt64 = 1) -> Waveform {
    var numbers = RandomNumbers(seed: seed)
    return Waveform(samples: (0..<count).map { _ in Float(numbers.normal() * 0.1) }, samplingRate: 16_000)
  }

  // MARK: Parity

  @Test("the front end's features are the stored ones")
  func features() throws {
    let model = try SpeechModel.load(resource("blstm/model.pt"))
    let described = try #require(model.architecture as? DescribedModel)
    let sound = try Waveform.read(resource("blstm/input.wav"))
    let expected = try readNumpy(URL(fileURLWithPath: resource("blstm/input.npy")))
    #expect(relativeError(try described.file.input.values(of: sound.samples), expected) < 1e-4)
    #expect(model.family == "blstm" && model.name == "blstm")
    #expect(
      model.inputNormalisation
        == "Kaldi's filter banks, 40 bands, povey window, each with zero mean and unit variance")
  }

  @Test("every layer of a CRNN")
  func crnnParity() throws {
    let model = try SpeechModel.load(Self.crnn + "/model.pt")
    let reference = try Checkpoint.open(resource("crnn/hidden_states.safetensors"))
    let sound = try Waveform.read(resource("blstm/input.wav"))
    let found = try values(of: model, sound, Set(model.taps.map(\.name)), threads: 2)
    #expect(
      model.taps.map(\.name)
        == (1...3).flatMap { ["conv.\($0)", "norm.\($0)", "activation.\($0)", "pool.\($0)"] }
        + ["gru.1", "gru.2", "logits"])
    var worst: Float = 0
    func compare(_ ours: Tensor?, _ key: String) throws {
      let theirs = try reference.tensor(key)
      let error = relativeError(try #require(ours).reshaped(theirs.shape), theirs)
      #expect(error < ParityTests.tolerance, "\(key): \(error)")
      worst = max(worst, error)
    }
    for layer in 0...2 {
      // Ours is [frames × frequencies · channels], theirs [channels × frames × frequencies].
      let shape = try reference.tensor("conv.\(layer)").shape
      let pooled = try #require(found["pool.\(layer + 1)"])
      try compare(pooled.channelsFirst(shape[0]), "conv.\(layer)")
    }
    try compare(found["gru.2"], "gru")
    try compare(found["logits"], "logits")
    // The last states are the ends of the outputs of each direction.
    let last = try reference.tensor("gru_hn")
    for (layer, name) in ["gru.1", "gru.2"].enumerated() {
      let states = try #require(found[name])
      let ends = states[row: states.rows - 1].prefix(24) + states[row: 0].suffix(24)
      let expected = last[row: 2 * layer] + last[row: 2 * layer + 1]
      #expect(zip(ends, expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(name)")
    }
    print("crnn: worst relative error \(worst)")
    #expect(worst > 0)
  }

  @Test("every layer of a bidirectional LSTM")
  func blstmParity() throws {
    let model = try SpeechModel.load(resource("blstm/model.pt"))
    let reference = try Checkpoint.open(resource("blstm/hidden_states.safetensors"))
    let sound = try Waveform.read(resource("blstm/input.wav"))
    let found = try values(of: model, sound, Set(model.taps.map(\.name)), threads: 2)
    let keys = ["lstm.1": "lstm.layer0", "lstm.2": "lstm.layer1", "lstm.3": "lstm", "logits": "logits"]
    #expect(Set(model.taps.map(\.name)) == Set(keys.keys))
    for (tap, key) in keys {
      let error = relativeError(try #require(found[tap]), try reference.tensor(key))
      #expect(error < ParityTests.tolerance, "\(tap): \(error)")
    }
    let last = try reference.tensor("hn")
    for layer in 0...2 {
      let states = try #require(found["lstm.\(layer + 1)"])
      let ends = states[row: states.rows - 1].prefix(20) + states[row: 0].suffix(20)
      let expected = last[row: 2 * layer] + last[row: 2 * layer + 1]
      #expect(zip(ends, expected).allSatisfy { abs($0 - $1) < 1e-5 }, "layer \(layer)")
    }
  }

  /// Strides, dilations, groups, frequency before time, residuals, positions and both orders of a transformer's norms.
  @Test("every kind of layer")
  func variantParity() throws {
    let model = try SpeechModel.load(resource("described_variant/model.safetensors"))
    let described = try #require(model.architecture as? DescribedModel)
    let reference = try Checkpoint.open(resource("described_variant/values.safetensors"))
    var found: [String: Tensor] = [:]
    _ = try described.layers.pass(
      reference.tensor("input"), wanted: ["attention.1"], Evaluation(threads: 2, pool: MemoryPool())
    ) {
      found[$0] = $1
      return true
    }
    #expect(found["attention.1"]?.shape == [4, 34, 34])
    found["attention.1"] = nil
    #expect(Set(found.keys).union(["input"]) == Set(reference.tensors.keys))
    #expect(Set(found.keys) == Set(model.taps.map(\.name)))
    var worst: Float = 0
    for (name, ours) in found {
      let theirs = try reference.tensor(name)
      let shaped = theirs.shape.count == 3 ? ours.channelsFirst(theirs.shape[0]) : ours
      let error = relativeError(shaped, theirs)
      #expect(error < ParityTests.tolerance, "\(name): \(error)")
      worst = max(worst, error)
    }
    print("described_variant: worst relative error \(worst)")
    #expect(worst > 0)
    #expect(model.attentionTaps.map(\.width) == [4, 2])
    let twin = try model.randomTwin(seed: 3)
    let last = try #require(try values(of: twin, noise(6_000), ["sigmoid"])["sigmoid"])
    #expect(last.width == 10 && last.values.allSatisfy { $0 > 0 && $0 < 1 })
    #expect(throws: ModelError.tooManyFrames(found: 57, maximum: 40)) {
      try model.forward(noise(9_600), taps: ["table"]) { _, _ in }
    }
  }

  /// Whole models of three families in an `architecture.yaml`, beside their own code, which the reference holds.
  @Test(
    "SEW, Moonshine and EnCodec can be described",
    arguments: [("sew", "families/sew"), ("moonshine", "families/moonshine"), ("encodec", "encodec")])
  func families(description: String, folder: String) throws {
    let own = try SpeechModel.load(resource(folder))
    let described = try SpeechModel.load(
      resource("\(folder)/model.safetensors"),
      options: LoadOptions(architecture: resource("described/\(description).yaml")))
    // A length that no step divides: what is left over falls away, or is filled up, alike.
    let sound = noise(16_123, seed: 4)
    let taps = Set(described.taps.map(\.name))
    #expect(taps.isSubset(of: own.taps.map(\.name)) && taps.count >= 2)
    let theirs = try values(of: own, sound, taps)
    let ours = try values(of: described, sound, taps)
    for tap in described.taps {
      let (found, expected) = (try #require(ours[tap.name]), try #require(theirs[tap.name]))
      #expect(found.shape == expected.shape, "\(tap.name)")
      let error = found.shape == expected.shape ? relativeError(found, expected) : 1
      #expect(error < ParityTests.tolerance, "\(description) \(tap.name): \(error)")
      let timing = own.taps.first { $0.name == tap.name }?.timing
      #expect(tap.timing?.strideSamples == timing?.strideSamples, "\(tap.name)")
      #expect(
        abs((tap.timing?.firstCentreSample ?? 0) - (timing?.firstCentreSample ?? 9e9)) <= 0.5, "\(tap.name)"
      )
    }
    let twin = try described.randomTwin(seed: 1)
    #expect(twin.taps == described.taps)
    let last = try #require(described.taps.last).name
    #expect(try values(of: twin, sound, [last])[last] != ours[last])
  }

  @Test("gates, snakes and root mean squares")
  func gates() throws {
    let folder = try TemporaryFolder()
    var numbers = RandomNumbers(seed: 5)
    func drawn(_ shape: [Int]) -> Tensor {
      Tensor(shape: shape) { for index in $0.indices { $0[index] = Float(numbers.normal()) } }
    }
    let (up, gate, alpha, scale) = (drawn([4, 1]), drawn([4, 1]), drawn([1, 4, 1]), drawn([4]))
    try SafetensorsWriter.write(
      [("up.weight", up), ("gate.weight", gate), ("snake.alpha", alpha), ("norm.weight", scale)]
        .map { (name: $0.0, tensor: $0.1) }, to: try folder.file("model.safetensors"))
    try folder.write(
      Data(
        """
        input: {features: waveform}
        layers:
          - product: [{linear: up, tap: false}]
            gate: [{linear: gate, tap: false}, {activation: silu, tap: false}]
          - snake: snake
          - {rms_norm: norm, epsilon: 0}
          - glu: sigmoid
        """.utf8), to: "architecture.yaml")
    let model = try SpeechModel.load(folder.path)
    let samples: [Float] = [0.3, -0.7, 1.1]
    let sound = Waveform(samples: samples, samplingRate: 16_000)
    let found = try values(of: model, sound, ["product.1", "snake.1", "norm.1", "glu.1"])
    for (frame, x) in samples.enumerated() {
      let product = (0..<4).map { channel in
        let g = x * gate.values[channel]
        return x * up.values[channel] * g / (1 + exp(-g))
      }
      let snake = zip(product, alpha.values).map { $0 + pow(sin($1 * $0), 2) / $1 }
      let size = (snake.reduce(0) { $0 + $1 * $1 } / 4).squareRoot()
      let norm = zip(snake, scale.values).map { $0 / size * $1 }
      let glu = (0..<2).map { norm[$0] / (1 + exp(-norm[$0 + 2])) }
      for (name, expected) in [
        ("product.1", product), ("snake.1", snake), ("norm.1", norm), ("glu.1", glu),
      ] {
        let row = try #require(found[name])[row: frame]
        #expect(zip(row, expected).allSatisfy { abs($0 - $1) < 1e-4 * (1 + abs($1)) }, "\(name)")
      }
    }
  }

  // MARK: Descriptions

  /// What a description may get wrong, each with the line that it is told by.
  @Test(
    "what cannot be is told by line",
    arguments: [
      ("layers: [", 1, "no YAML"), ("- conv2d: conv.0", 1, "a mapping with `input` and `layers`"),
      ("family: a b\nlayers: [{linear: head}]", 1, "a name of letters"),
      ("input: {}\n", 1, "no `layers`"), ("input: {}\nlayer: []", 2, "the key “layer”"),
      ("layers:\n  - {conv3d: conv.0}", 2, "a layer of no known kind"),
      ("layers:\n  - {linear: head, lstm: gru}", 2, "a layer of 2 kinds"),
      ("layers:\n  - {linear: head, kernel: 3}", 2, "expected name, tap, outputs"),
      ("input: {bands: 0}\nlayers: [{linear: head}]", 1, "a whole number from 1 to 512"),
      ("input: {features: mfcc}\nlayers: [{linear: head}]", 1, "waveform, kaldi, log-mel, whisper"),
      ("input:\n  features: kaldi\n  sampling_rate: 8000\nlayers: [{linear: head}]", 3, "16000"),
      ("input: {features: waveform, normalise: bands}\nlayers: [{linear: head}]", 1, "none or utterance"),
      ("layers:\n  - activation: relu\n  - {activation: prelu}", 3, "leaky_relu or clamp"),
      ("layers:\n  - {activation: clamp, low: 3, high: 2}", 2, "low below high"),
      ("layers:\n  - conv2d: conv.3", 2, "no tensor conv.3.weight"),
      ("layers:\n  - conv1d: conv.0", 2, "conv.0.weight of shape [12, 1, 3, 3], expected 3 extents"),
      ("layers:\n  - {conv2d: conv.0, channels: 16}", 2, "channels [16], expected [12]"),
      ("layers:\n  - {conv2d: conv.0, kernel: [5, 5]}", 2, "kernel [5, 5], expected [3, 3]"),
      ("layers:\n  - conv2d: conv.4", 2, "expected 1 inputs, which are what the layer before gives"),
      ("layers:\n  - {conv2d: conv.0, padding: same, stride: 2}", 2, "odd kernels, stride 1"),
      ("layers:\n  - {max_pool: [1, 2], padding: 1}", 2, "a kernel of two dimensions"),
      ("layers:\n  - conv2d: conv.0\n  - {max_pool: [1, 90]}", 3, "no more than the 78 that are left"),
      ("layers:\n  - {max_pool: 2, padding: 2}", 2, "no more than half the kernel"),
      ("layers:\n  - batch_norm: conv.1", 2, "conv.1.weight of shape [12], expected [80]"),
      ("layers:\n  - gru: gru", 2, "gru.weight_ih_l0 of shape [72, 100], expected [72, 80]"),
      ("layers:\n  - lstm: gru", 2, "gru.weight_ih_l0 of shape [72, 100], expected [96, 80]"),
      ("layers:\n  - {linear: head, outputs: 5}", 2, "outputs [5], expected [9]"),
      ("layers:\n  - linear: head", 2, "head.weight of shape [9, 48], expected [9, 80]"),
      ("layers:\n  - {transformer: t, heads: 3}", 2, "a divisor of the width, 80"),
      (
        "layers:\n  - {activation: relu, name: a}\n  - {activation: relu, name: a}", 3,
        "a `name` of its own"
      ),
      ("layers:\n  - {group_norm: conv.1, groups: 7}", 2, "a divisor of the 80 channels"),
      ("layers:\n  - residual: [{max_pool: 2}]", 2, "the same both ways"),
      ("layers:\n  - residual: [{max_pool: 3, stride: 1}]", 2, "as many both ways"),
      ("layers:\n  - {conv1d: conv.0, pad: mirror}", 2, "constant, reflect, replicate"),
      ("layers:\n  - {attention: gru}", 2, "no tensor gru.q_proj.weight"),
      ("layers:\n  - {attention: gru, rotary: odd}", 2, "halves, interleaved"),
      ("layers:\n  - stretch: 3", 2, "a divisor of both"),
      ("layers:\n  - snake: gru", 2, "one for each channel"),
      ("layers:\n  - residual:\n      - {tanh: x}", 3, "a layer of no known kind"),
    ])
  func refused(yaml: String, line: Int, expected: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/mine.yaml"
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: path))
    let words = message {
      _ = try SpeechModel.load(Self.crnn + "/model.pt", options: LoadOptions(architecture: path))
    }
    #expect(words.hasPrefix("\(path):\(line): ") && words.contains(expected), "\(words)")
  }

  @Test("a description may end before the model does; what it leaves out is named")
  func partial() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/start.yaml"
    try Data("input: {bands: 40}\nlayers:\n  - {conv2d: conv.0, padding: 1}\n".utf8)
      .write(to: URL(fileURLWithPath: path))
    let model = try SpeechModel.load(
      Self.crnn + "/model.pt", options: LoadOptions(architecture: path))
    #expect(model.taps.map(\.name) == ["conv.1"] && model.parameters == 108)
    #expect(model.tensorReport.leftOut.contains("gru.weight_hh_l0"))
    #expect(model.tensorReport.notes.contains("layers as \(path) tells of them"))
  }

  // MARK: Time

  @Test("steps, fields and centres follow from the kernels")
  func timing() throws {
    let model = try SpeechModel.load(Self.crnn)
    func timing(_ name: String) throws -> FrameTiming {
      try #require(model.taps.first { $0.name == name }?.timing)
    }
    // Three filter-bank frames around each; the padding keeps frame 0 at the first one's centre.
    let first = try timing("pool.1")
    #expect((first.strideSamples, first.receptiveFieldSamples) == (160, 400 + 2 * 160))
    #expect(first.firstCentreSample == 199.5)
    let last = try timing("logits")
    #expect((last.strideSamples, last.receptiveFieldSamples) == (320, 400 + 6 * 160))
    #expect(last.firstCentreSample == 199.5)
    #expect(
      model.taps.map(\.width) == [480, 480, 480, 240, 320, 320, 320, 160, 200, 200, 200, 100, 48, 48, 9])
    #expect(model.minimumSamples == 400)
    #expect(try values(of: model, noise(400), ["logits"])["logits"]?.shape == [1, 9])
    #expect(throws: ModelError.tooShort(samples: 399, minimum: 400, samplingRate: 16_000)) {
      try model.forward(noise(399), taps: ["logits"]) { _, _ in }
    }
  }

  /// The test of a timing: which frames a change of a frame of the input moves.
  @Test("a click moves the frames whose field it is in")
  func click() throws {
    let model = try SpeechModel.load(Self.crnn)
    let described = try #require(model.architecture as? DescribedModel)
    let timing = try #require(model.taps.first { $0.name == "pool.3" }?.timing)
    func states(_ changed: Int?) throws -> Tensor {
      var input = noise(60 * 40).samples
      if let changed { for band in 0..<40 { input[changed * 40 + band] += 2 } }
      var found: Tensor?
      _ = try described.layers.pass(
        Tensor(input, shape: [60, 40]), wanted: [], Evaluation(threads: 1, pool: MemoryPool())
      ) { name, values in
        if name == "pool.3" { found = values }
        return name != "pool.3"
      }
      return try #require(found)
    }
    let before = try states(nil)
    for changed in [0, 17, 30, 59] {
      let after = try states(changed)
      for frame in 0..<before.rows {
        let centre = timing.centre(of: frame) * 16_000
        let sees = abs(centre - 199.5 - Double(changed * 160)) <= 3 * 160
        #expect((before[row: frame] != after[row: frame]) == sees, "frame \(frame), \(changed)")
      }
    }
  }

  @Test("the same bits for any number of threads and whatever else is asked for")
  func determinism() throws {
    let model = try SpeechModel.load(Self.crnn)
    let all = Set(model.taps.map(\.name))
    let one = try values(of: model, noise(6_000), all)
    #expect(try values(of: model, noise(6_000), all, threads: 3) == one)
    for tap in ["norm.1", "pool.3", "gru.1"] {
      #expect(try values(of: model, noise(6_000), [tap])[tap] == one[tap], "\(tap)")
    }
  }

  // MARK: Untrained

  @Test("an untrained twin starts as PyTorch's layers do")
  func twin() throws {
    let model = try SpeechModel.load(Self.crnn)
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.taps == model.taps)
    let taps: Set = ["pool.2", "gru.2", "logits"]
    let found = try values(of: twin, noise(9_000), taps)
    #expect(try values(of: model.randomTwin(seed: 7), noise(9_000), taps) == found)
    #expect(try values(of: model.randomTwin(seed: 8), noise(9_000), taps)["gru.2"] != found["gru.2"])
    let layers = try #require(twin.architecture as? DescribedModel).layers
    for layer in layers {
      switch layer.step {
      case .convolution(let convolution, _):
        try expectUniform(convolution.weight, bound: 1 / Double(convolution.weight.width).squareRoot())
      case .recurrent(let recurrent):
        for direction in recurrent.directions {
          try expectUniform(direction.input.weight, bound: 1 / 24.0.squareRoot())
          try expectUniform(direction.recurrent.bias, bound: 1 / 24.0.squareRoot())
        }
      case .scale(let scale):
        #expect(
          scale.factor.values.allSatisfy { abs($0 - 1) < 1e-5 }
            && scale.summand.values.allSatisfy { $0 == 0 })
      default: break
      }
    }
  }

  private func expectUniform(_ tensor: Tensor, bound: Double) throws {
    let values = tensor.values.map(Double.init)
    #expect(values.allSatisfy { abs($0) <= bound })
    let deviation = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    #expect(abs(deviation / (bound / 3.0.squareRoot()) - 1) < 0.25, "\(tensor.shape)")
  }
}

extension Tensor {
  /// `[frames × frequencies · channels]` as `[channels × frames × frequencies]`.
  func channelsFirst(_ channels: Int) -> Tensor {
    let (frames, frequencies, values) = (rows, width / channels, self.values)
    return Tensor(shape: [channels, frames, frequencies]) { target in
      for index in target.indices {
        let (channel, place) = (index / (frames * frequencies), index % (frames * frequencies))
        target[index] = values[place * channels + channel]
      }
    }
  }
}
