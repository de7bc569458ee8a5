import Checkpoints
import Tensors

/// The Descript Audio Codec (Kumar 2023).
///
/// ```
/// waveform, zeros behind to whole frames → encoder                   → residual vector quantiser
///                                          conv.1 … conv.4, latents    codes.1, quantised.1, codes.2, quantised.2 …
/// ```
/// `codes.k` is for each frame the vector that quantiser k has chosen, which says as much as the code's number;
/// `quantised.k` is the sum of the first k, what a decoder is given of them.
struct Dac: SpeechArchitecture {
  static let modelTypes = ["dac"]

  struct Configuration: Sendable, Equatable {
    var samplingRate = 16_000
    var encoder: DacEncoderConfiguration
    var quantisers = 9
    var codes = 1024
    var codeWidth = 8
  }

  var configuration: Configuration
  var encoder: DacEncoder
  var quantiser: ResidualQuantiser
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let hop = configuration.encoder.hop
    let count = (validSamples + hop - 1) / hop * hop
    let waveform = Tensor(shape: [count, 1]) { waveform in
      waveform.update(repeating: 0)
      for index in 0..<validSamples { waveform[index] = samples[index] }
    }
    run.recorder?.declare(waveform, as: .input("waveform"))
    guard let latents = try encoder.forward(waveform, on: run, visit: visit),
      try visit("latents", latents)
    else { return }
    _ = try quantiser.forward(latents, on: run, visit: visit)
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let timing = encoder.timing.timing(samplingRate: samplingRate)
    let width = configuration.encoder.width
    return encoder.taps(samplingRate: samplingRate)
      + [TapPoint(name: "latents", width: width, timing: timing)]
      + quantiser.taps(width: width, timing: timing)
  }

  /// A sample is filled up to a frame.
  func minimumSamples(samplingRate: Int) -> Int { 1 }

  var attentionHeads: [Int] { [] }
}

// MARK: - Building

extension Dac {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "quantizer.quantizers.0.codebook.weight", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its strides and its sampling rate", option: "a config.json with --config")
    }
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try Configuration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    try description.expectSamplingRate(configuration.samplingRate)
    let model = try Dac(configuration, from: &reader)
    let report = try description.report(of: reader, names, leavingOut: ["decoder"], notes: [])
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters, report: report,
      input: .features("as recorded", samplingRate: configuration.samplingRate))
  }

  func untrained(seed: UInt64) throws -> Dac {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Dac(configuration, from: &reader)
  }

  init(_ c: Configuration, from reader: inout ParameterReader) throws {
    configuration = c
    encoder = try DacEncoder(c.encoder, "encoder", from: &reader)
    let width = c.encoder.width
    let drawn = Initialisation.normal(deviation: 0.02)
    quantiser = ResidualQuantiser(
      steps: try (0..<c.quantisers).map { step in
        let name = "quantizer.quantizers.\(step)"
        return .init(
          input: try reader.normedLinear("\(name).in_proj", width, c.codeWidth, weight: drawn),
          codebook: Codebook(
            vectors: try reader.tensor("\(name).codebook.weight", [c.codes, c.codeWidth], drawn),
            comparesDirections: true),
          output: try reader.normedLinear("\(name).out_proj", c.codeWidth, width, weight: drawn))
      })
    parameters = reader.count
  }
}

extension Dac.Configuration {
  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader) throws {
    encoder = try DacEncoderConfiguration(reader)
    samplingRate = try reader.integer("sampling_rate", 1...1_000_000, default: samplingRate)
    quantisers = try reader.integer("n_codebooks", 1...1024, default: quantisers)
    codes = try reader.integer("codebook_size", 1...1_048_576, default: codes)
    codeWidth = try reader.integer("codebook_dim", 1...65_536, default: codeWidth)
  }
}

extension ParameterReader {
  /// A convolution of one place, with or without weight norm, as a linear layer.
  mutating func normedLinear(
    _ name: String, _ inputs: Int, _ outputs: Int, weight: Initialisation, bias: Initialisation? = .zeros
  ) throws -> Linear {
    let kernel = try weightNormed(name, [outputs, inputs, 1], weight, axis: 0)
    return Linear(
      weight: kernel.count == 0 ? kernel : kernel.reshaped([outputs, inputs]),
      bias: try bias.map { try tensor("\(name).bias", [outputs], $0) } ?? Tensor(shape: [outputs]))
  }
}
