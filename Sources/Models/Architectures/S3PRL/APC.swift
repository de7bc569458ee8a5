import Audio
import Checkpoints
import Tensors

/// APC and VQ-APC (Chung 2019, 2020) as s3prl saves them: gated recurrent layers over filter banks that predict later
/// frames. What a quantiser makes of the last layer is not read.
///
/// ```
/// Kaldi's filter banks, each band normalised → N recurrent layers, from the second on with a way past
/// hidden.0                                     hidden.1 … hidden.N
/// ```
struct APC: SpeechArchitecture {
  static let modelTypes = ["apc", "vq_apc"]

  var configuration: APCConfiguration
  var layers: [RecurrentLayer]
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let sound = Waveform(
      samples: Array(samples.prefix(validSamples)), samplingRate: KaldiFilterBank.samplingRate)
    let bands = try KaldiFilterBank(bands: configuration.bands, window: .hamming, scale: 1).features(
      of: sound)
    var hidden = configuration.isNormalised ? bands.standardised() : bands
    run.recorder?.declare(hidden, as: .input("filter banks"))
    guard try visit("hidden.0", hidden) else { return }
    for (number, layer) in zip(1..., layers) {
      let output = layer(hidden, run)
      hidden = number > 1 && configuration.isResidual ? run.sum(output, hidden) : output
      guard try visit("hidden.\(number)", hidden) else { return }
    }
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let window = KaldiFilterBank.window
    let timing = FrameTiming(
      samplingRate: samplingRate, strideSamples: KaldiFilterBank.hop, receptiveFieldSamples: window,
      firstCentreSample: Double(window - 1) / 2)
    return (0...layers.count).map {
      TapPoint(
        name: "hidden.\($0)", width: $0 == 0 ? configuration.bands : configuration.width, timing: timing)
    }
  }

  var attentionHeads: [Int] { [] }
}

/// The settings of an APC, under the names of the `config` in its checkpoint.
struct APCConfiguration: Sendable, Equatable {
  var bands = 80
  /// Whether each band has zero mean and unit variance over the utterance.
  var isNormalised = true
  var width = 512
  var layers = 3
  var isResidual = true

  init(_ reader: ConfigurationReader) throws {
    func inside(_ keys: String...) -> ConfigurationReader {
      ConfigurationReader(path: reader.path, values: keys.reduce(reader.values) { $0[$1] ?? .null })
    }
    let (audio, model) = (inside("data", "audio"), inside("model", "paras"))
    _ = try audio.choice("feat_type", default: "fbank", "fbank") { $0 == "fbank" ? true : nil }
    bands = try audio.integer("feat_dim", 1...1024, default: bands)
    isNormalised = try audio.bool("cmvn", default: true)
    let known: Set<String> = ["feat_type", "feat_dim", "cmvn", "decode_wav"]
    if let other = audio.values.dictionary?.keys.filter({ !known.contains($0) }).min() {
      throw ModelError.configuration(
        path: reader.path, key: "data.audio.\(other)", found: "a setting of its own",
        expected: "none: frames of 25 ms every 10 ms, as published")
    }
    width = try model.integer("hidden_size", 1...65_536, default: width)
    layers = try model.integer("num_layers", 1...64, default: layers)
    isResidual = try model.bool("residual", default: true)
  }
}

// MARK: - Building

extension APC {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "rnn_layers.0.weight_ih_l0", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its bands and whether it has ways past its layers",
        option: "s3prl's `config`, as JSON, with --config")
    }
    try description.expectSamplingRate(KaldiFilterBank.samplingRate)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try APCConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let model = try APC(configuration, from: &reader)
    let report = try description.report(of: reader, names, leavingOut: ["postnet", "vq_layers"], notes: [])
    return BuiltModel(
      architecture: model, family: "apc", parameters: model.parameters, report: report,
      input: .features(
        "Kaldi's filter banks, \(configuration.bands) bands, hamming window"
          + (configuration.isNormalised ? ", each with zero mean and unit variance" : ""),
        samplingRate: KaldiFilterBank.samplingRate))
  }

  func untrained(seed: UInt64) throws -> APC {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try APC(configuration, from: &reader)
  }

  init(_ c: APCConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    layers = try (0..<c.layers).flatMap { layer in
      try reader.recurrent(
        .gru, "rnn_layers.\(layer)", inputs: layer == 0 ? c.bands : c.width, units: c.width, layers: 1)
    }
    parameters = reader.count
  }
}
