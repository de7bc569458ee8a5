import Audio
import Checkpoints
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Mockingjay, TERA and AudioALBERT (Liu 2020, 2021; Chi 2021) as s3prl saves them: BERT's blocks over log-mel.
///
/// ```
/// log-mel, each band normalised → layer + sinusoids, norm → N blocks             → norm, where blocks normalise first
///                                 hidden.0                  hidden.1 … hidden.N    final_norm
/// ```
/// AudioALBERT's blocks are one, of which its file has a copy for each. Sounds longer than in training are read in equal parts,
/// each by itself, as s3prl does. Where blocks normalise first, s3prl's states are normed ones: `normed.k` of `hidden.k`.
struct SpectrogramTransformer: SpeechArchitecture {
  static let modelTypes = ["mockingjay", "tera", "audio_albert"]

  var configuration: SpectrogramTransformerConfiguration
  var entry: Linear  // [bands → width]
  var entryNorm: LayerNorm
  var blocks: [TransformerBlock]
  /// Of every state, where blocks normalise first.
  var norms: [LayerNorm]
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let c = configuration
    var sound = Array(samples.prefix(validSamples))
    let power = sound.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, sound.count))
    let gain = Float(c.level / (power.squareRoot() + 1e-10))
    for index in sound.indices { sound[index] *= gain }
    let mel = try MelSpectrogram.torchaudio(bands: c.bands).features(
      of: Waveform(samples: sound, samplingRate: MelSpectrogram.samplingRate))
    let bands = c.isNormalised ? mel.standardised() : mel
    run.recorder?.declare(bands, as: .input("log-mel"))
    let parts = c.longest.map { (bands.rows + $0 - 1) / $0 } ?? 1
    let part = (bands.rows + parts - 1) / parts
    let table = DescribedLayer.sinusoids(frames: part, width: c.width)
    let positions = table.selectingRows((0..<bands.rows).map { $0 % part })
    run.recorder?.declare(positions, as: .constant)
    var hidden = entryNorm(run.sum(entry(bands, run), positions), run)
    func state(_ number: Int) throws -> Bool {
      guard try visit("hidden.\(number)", hidden) else { return false }
      guard !norms.isEmpty else { return true }
      let name = number == blocks.count ? "final_norm" : "normed.\(number)"
      return try !wanted.contains(name) || visit(name, norms[number](hidden, run))
    }
    guard try state(0) else { return }
    for (number, block) in zip(1..., blocks) {
      let name = "attention.\(number)"
      var weights = wanted.contains(name) ? Tensor(repeating: 0, shape: [0]) : nil
      hidden = block(
        hidden, validFrames: hidden.rows, bias: nil, reach: parts > 1 ? .blocks(size: part) : .all,
        weights: &weights, run)
      if let weights, try !visit(name, weights) { return }
      guard try state(number) else { return }
    }
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let timing = TimingBuilder(stride: MelSpectrogram.hop, field: MelSpectrogram.window)
      .timing(samplingRate: samplingRate)
    let names = (0...blocks.count).flatMap { number in
      ["hidden.\(number)"]
        + (norms.isEmpty ? [] : [number == blocks.count ? "final_norm" : "normed.\(number)"])
    }
    return names.map { TapPoint(name: $0, width: configuration.width, timing: timing) }
  }

  /// What the sound is mirrored by at its ends, and one more.
  func minimumSamples(samplingRate: Int) -> Int { MelSpectrogram.window / 2 + 1 }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

/// The settings of such a model, under the names of s3prl's configuration: `transformer`, `audio` and `task`.
struct SpectrogramTransformerConfiguration: Sendable, Equatable {
  var bands = 80
  var isNormalised = true
  /// The root mean square that the sound is brought to.
  var level = 0.056_234_132_519
  var width = 768
  var innerWidth = 3072
  var layers = 3
  var heads = 12
  var activation = Activation.gelu
  var epsilon = 1e-12
  var normalisesFirst = false
  var initialDeviation = 0.02
  /// Frames that are read at once; nil where all are.
  var longest: Int?

  init(_ reader: ConfigurationReader) throws {
    func inside(_ keys: String...) -> ConfigurationReader {
      ConfigurationReader(path: reader.path, values: keys.reduce(reader.values) { $0[$1] ?? .null })
    }
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    let (c, audio, input) = (inside("transformer"), inside("audio"), inside("audio", "input"))
    width = try c.integer("hidden_size", 1...65_536, default: width)
    innerWidth = try c.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try c.integer("num_hidden_layers", 1...512, default: layers)
    heads = try c.integer("num_attention_heads", 1...1024, default: heads)
    try c.checkHeads(width: width, heads: heads, key: "num_attention_heads")
    activation = try c.choice("hidden_act", default: "gelu", "gelu, relu or swish") {
      ["gelu": .gelu, "relu": .relu, "swish": .silu][$0]
    }
    epsilon = try c.number("layer_norm_eps", 0...1, default: epsilon)
    normalisesFirst = try c.bool("pre_layer_norm", default: false)
    initialDeviation = try c.number("initializer_range", 0...10, default: initialDeviation)
    guard audio.values.dictionary != nil, audio.values["kaldi"] == nil else {
      throw refuse(
        "audio", audio.values.dictionary == nil ? "not there" : "Kaldi's features",
        "s3prl's own log-mel, which the published models on log-mel have")
    }
    for (key, usual) in [("sample_rate", 16_000), ("win_ms", 25), ("hop_ms", 10), ("n_freq", 201)] {
      _ = try audio.integer(key, usual...usual, default: usual)
    }
    bands = try audio.integer("n_mels", 1...1024, default: 40)
    _ = try input.choice("feat_type", default: "mel", "mel") { $0 == "mel" ? true : nil }
    _ = try input.integer("channel", 0...0, default: 0)
    _ = try input.integer("delta", 0...0, default: 0)
    guard try input.bool("log", default: false) else { throw refuse("audio.input.log", "false", "true") }
    isNormalised = try input.bool("cmvn", default: false)
    level = pow(10, try audio.number("target_level", -200...200, default: -25) / 20)
    let limit = try inside("task").integer("sequence_length", -1...1_000_000, default: 0)
    longest = limit > 0 ? limit : nil
  }
}

// MARK: - Building

extension SpectrogramTransformer {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let anchor = "input_representations.spec_transform.weight"
    let found = try TensorNames(checkpoint, anchor: anchor, path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    let trees = [
      description.configuration, checkpoint.metadata["Upstream_Config"], checkpoint.metadata["Config"],
    ]
    guard let tree = trees.compactMap({ $0 }).first(where: { $0["transformer"] != nil }) else {
      throw ModelError.unstated(
        path: path, what: "its heads and its front end",
        option: "s3prl's configuration, as JSON, with --config")
    }
    try description.expectSamplingRate(MelSpectrogram.samplingRate)
    // The first files have TensorFlow's names for norms.
    let names = (found ?? TensorNames(checkpoint)).renamed {
      $0.replacing("LayerNorm.gamma", with: "LayerNorm.weight")
        .replacing("LayerNorm.beta", with: "LayerNorm.bias")
    }
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try SpectrogramTransformerConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let model = try SpectrogramTransformer(configuration, from: &reader)
    // Where blocks normalise first, their norms stand under a second name each.
    let again = (0..<configuration.layers).flatMap {
      ["encoder.layer.\($0).LayerNorm", "encoder.layer.\($0).attention.LayerNorm"]
    }
    let report = try description.report(of: reader, names, leavingOut: ["SpecHead"] + again, notes: [])
    return BuiltModel(
      architecture: model, family: description.modelType ?? modelTypes[0], parameters: model.parameters,
      report: report,
      input: .features(
        "log-mel of \(configuration.bands) bands of a sound of fixed level"
          + (configuration.isNormalised ? ", each with zero mean and unit variance" : ""),
        samplingRate: MelSpectrogram.samplingRate))
  }

  func untrained(seed: UInt64) throws -> SpectrogramTransformer {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try SpectrogramTransformer(configuration, from: &reader)
  }

  init(_ c: SpectrogramTransformerConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    let (drawn, epsilon) = (Initialisation.normal(deviation: c.initialDeviation), Float(c.epsilon))
    entry = try reader.linear("input_representations.spec_transform", c.bands, c.width, weight: drawn)
    entryNorm = try reader.layerNorm("input_representations.LayerNorm", c.width, epsilon: epsilon)
    blocks = try (0..<c.layers).map { layer in
      let name = "encoder.layer.\(layer)"
      func dense(_ part: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
        try reader.linear("\(name).\(part)", inputs, outputs, weight: drawn)
      }
      return TransformerBlock(
        attention: SelfAttention(
          query: try dense("attention.self.query", c.width, c.width),
          key: try dense("attention.self.key", c.width, c.width),
          value: try dense("attention.self.value", c.width, c.width),
          output: try dense("attention.output.dense", c.width, c.width), heads: c.heads),
        attentionNorm: try reader.layerNorm(
          "\(name).attention.output.LayerNorm", c.width, epsilon: epsilon),
        feedForward: FeedForward(
          up: try dense("intermediate.dense", c.width, c.innerWidth),
          down: try dense("output.dense", c.innerWidth, c.width), activation: c.activation),
        outputNorm: try reader.layerNorm("\(name).output.LayerNorm", c.width, epsilon: epsilon),
        normalisesFirst: c.normalisesFirst)
    }
    norms =
      try c.normalisesFirst
      ? (0...c.layers).map { try reader.layerNorm("encoder.LayerNorm.\($0)", c.width, epsilon: epsilon) }
      : []
    parameters = reader.count
  }
}
