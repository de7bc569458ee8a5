import Checkpoints
import Tensors

/// CPC (van den Oord 2018; Rivière 2020) as its authors and s3prl save it: convolutions with a norm over channels, and
/// recurrent layers whose output predicts later frames.
///
/// ```
/// waveform → 5 convolutions, norm, rectifier → N recurrent layers
///            conv.1 … conv.5, hidden.0         hidden.1 … hidden.N
/// ```
/// A frame lasts 10 ms. What s3prl calls `gEncoder` is `conv.5`, `gAR` the last layer.
struct CPC: SpeechArchitecture {
  static let modelTypes = ["cpc"]

  var configuration: CPCConfiguration
  var convolutions: [(layer: TimeConvolution, norm: LayerNorm)]
  var layers: [RecurrentLayer]
  var parameters: Int

  private static let walks = [(10, 5, 3), (8, 4, 2), (4, 2, 1), (4, 2, 1), (4, 2, 1)]

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    var hidden = Tensor(Array(samples.prefix(validSamples)), shape: [validSamples, 1])
    run.recorder?.declare(hidden, as: .input("waveform"))
    for (number, convolution) in zip(1..., convolutions) {
      hidden = run.pointwise(
        convolution.norm(convolution.layer(hidden, run), run), .activation(.relu))
      guard try visit("conv.\(number)", hidden) else { return }
    }
    guard try visit("hidden.0", hidden) else { return }
    for (number, layer) in zip(1..., layers) {
      hidden = layer(hidden, run)
      guard try visit("hidden.\(number)", hidden) else { return }
    }
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    var timing = TimingBuilder()
    var taps: [TapPoint] = []
    for (number, convolution) in zip(1..., convolutions) {
      convolution.layer.addTiming(to: &timing)
      taps.append(
        TapPoint(
          name: "conv.\(number)", width: configuration.channels,
          timing: timing.timing(samplingRate: samplingRate)))
    }
    let last = timing.timing(samplingRate: samplingRate)
    return taps
      + (0...layers.count).map {
        TapPoint(
          name: "hidden.\($0)", width: $0 == 0 ? configuration.channels : configuration.units, timing: last)
      }
  }

  /// What fills the kernels but for their padding.
  func minimumSamples(samplingRate: Int) -> Int { 400 }

  var attentionHeads: [Int] { [] }
}

/// The settings of a CPC, under the names of the `config` in its checkpoint.
struct CPCConfiguration: Sendable, Equatable {
  var channels = 256
  var units = 256
  var layers = 1
  var cell = RecurrentLayer.Cell.gru

  init(_ reader: ConfigurationReader) throws {
    let extent = 1...65_536
    _ = try reader.choice("encoder_type", default: "cpc", "cpc") { $0 == "cpc" ? true : nil }
    _ = try reader.choice("normMode", default: "layerNorm", "layerNorm") { $0 == "layerNorm" ? true : nil }
    channels = try reader.integer("hiddenEncoder", 2...65_536, default: channels)
    units = try reader.integer("hiddenGar", extent, default: units)
    layers = try reader.integer("nLevelsGRU", 1...64, default: layers)
    cell = try reader.choice("arMode", default: "LSTM", "GRU or LSTM") { ["GRU": .gru, "LSTM": .lstm][$0] }
  }
}

// MARK: - Building

extension CPC {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "gEncoder.conv0.weight", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its kind of recurrent layers", option: "its `config`, as JSON, with --config")
    }
    try description.expectSamplingRate(16_000)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try CPCConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let model = try CPC(configuration, from: &reader)
    let report = try description.report(
      of: reader, names, leavingOut: ["wPrediction", "cpcCriterion"], notes: [])
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters, report: report,
      input: .features("samples as they are", samplingRate: 16_000))
  }

  func untrained(seed: UInt64) throws -> CPC {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try CPC(configuration, from: &reader)
  }

  init(_ c: CPCConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    // Its norm has n − 1 in the variance.
    let share = Float(c.channels - 1) / Float(c.channels)
    convolutions = try Self.walks.enumerated().map { index, walk in
      let layer = try reader.timeConvolution(
        "gEncoder.conv\(index)", inputs: index == 0 ? 1 : c.channels, outputs: c.channels, kernel: walk.0,
        stride: walk.1, ends: .fixed(left: walk.2, right: walk.2))
      func vector(_ part: String, _ initial: Initialisation) throws -> Tensor {
        let found = try reader.tensor("gEncoder.batchNorm\(index).\(part)", [1, c.channels, 1], initial)
        return found.count == 0 ? found : found.reshaped([c.channels])
      }
      let weight = try vector("weight", .ones)
      return (
        layer,
        LayerNorm(
          weight: Tensor(weight.values.map { $0 * share.squareRoot() }, shape: weight.shape),
          bias: try vector("bias", .zeros), epsilon: 1e-5 * share)
      )
    }
    layers = try reader.recurrent(
      c.cell, "gAR.baseNet", inputs: c.channels, units: c.units, layers: c.layers)
    parameters = reader.count
  }
}
