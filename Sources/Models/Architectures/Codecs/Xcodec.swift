import Checkpoints
import Tensors

/// X-Codec (Ye 2024): DAC's encoder and HuBERT's states, coded together.
///
/// ```
/// waveform, 10 ms of silence at both ends → HuBERT                  → mean of hidden.0 … hidden.N → convolutions ┐
///                                           conv.1 …, hidden.0 …      semantic.mean                 semantic.latents│
/// waveform → DAC's encoder ─────────────────────────────────────────────────────────────────────────────────────── ┴→ layer
///            acoustic.conv.1 …, acoustic.latents                                                                      latents
///                                                             → residual vector quantiser
///                                                               codes.1, quantised.1, …
/// ```
struct Xcodec: SpeechArchitecture {
  static let modelTypes = ["xcodec"]

  /// ELU, convolution, ELU, convolution, and a way past.
  struct Unit: Sendable {
    var first, second: TimeConvolution

    func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
      run.sum(x, second(run.pointwise(first(run.pointwise(x, .elu), run), .elu), run))
    }
  }

  struct Block: Sendable {
    var units: [Unit]
    var convolution: TimeConvolution
  }

  var configuration: XcodecConfiguration
  var semantic: Wav2Vec2
  var entry: TimeConvolution
  var blocks: [Block]
  var acoustic: DacEncoder
  /// The layer over both, a part for each, the bias with the first.
  var acousticPart, semanticPart: Linear
  var quantiser: ResidualQuantiser
  var parameters: Int

  private var padding: Int { configuration.acoustic.hop / 2 }

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let sound = Array(samples.prefix(validSamples))
    let silence = [Float](repeating: 0, count: padding)
    let states = (0...semantic.configuration.layers).map { "hidden.\($0)" }
    var mean: Tensor?
    var isOver = false
    let padded = silence + sound + silence
    try semantic.forward(
      padded, validSamples: padded.count, wanted: wanted.union(states), on: run
    ) { name, values in
      if states.contains(name) {
        let share = run.scaled(values, by: 1 / Float(states.count))
        mean = mean.map { run.sum($0, share) } ?? share
      }
      isOver = try !visit(name, values)
      return !isOver && name != states.last
    }
    guard !isOver, let mean, try visit("semantic.mean", mean) else { return }
    var meaning = entry(mean, run)
    for block in blocks {
      meaning = block.convolution(block.units.reduce(meaning) { $1($0, run) }, run)
    }
    guard try visit("semantic.latents", meaning),
      let heard = try encoded(sound, frames: meaning.rows, on: run, visit: visit),
      try visit("acoustic.latents", heard)
    else { return }
    let frames = min(heard.rows, meaning.rows)
    let latents = semanticPart(
      meaning.rows(0..<frames), run, adding: acousticPart(heard.rows(0..<frames), run))
    guard try visit("latents", latents) else { return }
    _ = try quantiser.forward(latents, on: run, visit: visit)
  }

  /// Where the sound makes fewer frames than its meaning has, it too gets silence at both ends.
  private func encoded(
    _ sound: [Float], frames: Int, on run: Evaluation, visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    let left = acoustic.frames(of: sound.count) == frames ? 0 : padding
    let waveform = Tensor(shape: [sound.count + 2 * left, 1]) { waveform in
      waveform.update(repeating: 0)
      for index in sound.indices { waveform[left + index] = sound[index] }
    }
    return try acoustic.forward(waveform, prefix: "acoustic.", on: run, visit: visit)
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    func shifted(_ timing: FrameTiming) -> FrameTiming {
      FrameTiming(
        samplingRate: timing.samplingRate, strideSamples: timing.strideSamples,
        receptiveFieldSamples: timing.receptiveFieldSamples,
        firstCentreSample: timing.firstCentreSample - Double(padding))
    }
    let heard = semantic.taps(samplingRate: samplingRate)
      .filter { $0.name != "final_norm" && $0.name != "logits" }
      .map { TapPoint(name: $0.name, width: $0.width, timing: $0.timing.map(shifted)) }
    let meaning = heard.last?.timing
    let sound = acoustic.timing.timing(samplingRate: samplingRate)
    let (inner, width) = (semantic.configuration.width, configuration.width)
    return heard
      + [
        TapPoint(name: "semantic.mean", width: inner, timing: meaning),
        TapPoint(
          name: "semantic.latents", width: blocks.last?.convolution.grid.outputs ?? inner, timing: meaning),
      ] + acoustic.taps(samplingRate: samplingRate, prefix: "acoustic.")
      + [
        TapPoint(name: "acoustic.latents", width: configuration.acoustic.width, timing: sound),
        TapPoint(name: "latents", width: width, timing: meaning),
      ]
      + (meaning.map { quantiser.taps(width: width, timing: $0) } ?? [])
  }

  func minimumSamples(samplingRate: Int) -> Int { max(400, configuration.acoustic.hop) }

  func attentionTaps(samplingRate: Int) -> [TapPoint] {
    let timing = taps(samplingRate: samplingRate).first { $0.name == "hidden.0" }?.timing
    return zip(1..., attentionHeads).map { TapPoint(name: "attention.\($0)", width: $1, timing: timing) }
  }

  var attentionHeads: [Int] { semantic.attentionHeads }
}

/// The settings of X-Codec, under the names that its `config.json` has for them.
struct XcodecConfiguration: Sendable, Equatable {
  var samplingRate = 16_000
  var semantic: Wav2Vec2Configuration
  var acoustic: DacEncoderConfiguration
  var kernel = 3
  var unitKernel = 3
  var dilations = [1, 1]
  /// How wide each block's output is beside the states.
  var factors = [1.0, 1.0]
  var codes = 1024
  var quantisers = 8
  /// Values of a frame that is coded.
  var width: Int

  init(path: String, values: MetadataValue) throws {
    let reader = ConfigurationReader(path: path, values: values)
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: path, key: key, found: found, expected: expected)
    }
    samplingRate = try reader.integer("sample_rate", 1...1_000_000, default: samplingRate)
    let inner = values["semantic_model_config"] ?? .null
    let type = inner["model_type"]?.string ?? "hubert"
    guard let family = Wav2Vec2Configuration.Family(modelType: type) else {
      throw refuse("semantic_model_config.model_type", "\"\(type)\"", "hubert, wavlm or wav2vec2")
    }
    semantic = try Wav2Vec2Configuration(ConfigurationReader(path: path, values: inner), family: family)
    // What the acoustic half's settings leave out is not DAC's.
    var heard = values["acoustic_model_config"]?.dictionary ?? [:]
    if heard["downsampling_ratios"] == nil {
      heard["downsampling_ratios"] = .list([8, 5, 4, 2].map { .integer($0) })
    }
    if heard["hidden_size"] == nil { heard["hidden_size"] = .integer(256) }
    acoustic = try DacEncoderConfiguration(ConfigurationReader(path: path, values: .dictionary(heard)))
    width = acoustic.width + semantic.width
    kernel = try reader.integer("kernel_size", 1...1023, default: kernel)
    unitKernel = try reader.integer("unit_kernel_size", 1...1023, default: unitKernel)
    dilations = try reader.integers("block_dilations", 1...4096, count: 0...64, default: dilations)
    let strides = try reader.integers("strides", 1...64, count: 1...16, default: [1, 1])
    guard strides.allSatisfy({ $0 == 1 }) else {
      throw refuse(
        "strides", "\(strides)", "1 for each block: the states and the sound have one frame rate")
    }
    factors = try reader.numbers("channel_ratios", count: strides.count, default: factors)
    guard kernel % 2 == 1, unitKernel % 2 == 1 else {
      throw refuse("kernel_size", "\(kernel) and \(unitKernel)", "odd numbers")
    }
    guard factors.allSatisfy({ (1...65_536).contains(Int(Double(semantic.width) * $0)) }),
      Int(Double(semantic.width) * (factors.last ?? 1)) == semantic.width
    else {
      throw refuse("channel_ratios", "\(factors)", "positive numbers, the last of them 1")
    }
    codes = try reader.integer("codebook_size", 1...1_048_576, default: codes)
    quantisers = try EncodecConfiguration.quantisers(
      reader, samplingRate: samplingRate, hop: acoustic.hop, codes: codes, largest: 4)
    let codeWidth = try reader.integer("codebook_dim", 1...262_144, default: width)
    guard codeWidth == width else { throw refuse("codebook_dim", "\(codeWidth)", "\(width)") }
  }
}

// MARK: - Building

extension Xcodec {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "encoder_semantic.conv.weight", path: path)
    // As a rule its HuBERT is what is asked for (`EnclosingModel`): the whole is read where its type is said.
    guard description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its strides, and its HuBERT's settings", option: "a config.json with --config")
    }
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try XcodecConfiguration(path: description.configurationPath, values: tree)
    try description.expectSamplingRate(configuration.samplingRate)
    // HuBERT asks by its own names.
    let prefix = "semantic_model."
    let inner = Dictionary(
      uniqueKeysWithValues: names.stored.compactMap { name, stored in
        name.hasPrefix(prefix) ? (String(name.dropFirst(prefix.count)), stored) : nil
      })
    var innerReader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: inner))
    let model = try Xcodec(configuration, from: &reader, semantic: &innerReader)
    let leftovers = ["masked_spec_embed", "encoder.pos_conv_embed.batch_norm.num_batches_tracked"]
    try innerReader.finish(ignoring: Set(leftovers))
    var report = try description.report(
      of: reader, names,
      leavingOut: ["acoustic_decoder", "decoder_semantic", "fc1", "fc2", "semantic_model"]
        + (0..<configuration.quantisers).flatMap { step in
          ["inited", "cluster_size", "embed_avg"].map { "quantizer.quantizers.\(step).codebook.\($0)" }
        },
      notes: [
        "its HuBERT hears \(configuration.acoustic.hop / 2) samples of silence at both ends; so does its acoustic half where it would have fewer frames, which moves its frames by that"
      ])
    report = TensorReport(
      used: report.used + innerReader.usedCount,
      leftOut: report.leftOut.filter { name in
        !name.contains(prefix) || leftovers.contains { name.hasSuffix($0) }
      },
      ignored: report.ignored, notes: report.notes,
      parameters: report.parameters
        + innerReader.parameters.map {
          TensorReport.Parameter(name: prefix + $0.name, shape: $0.shape)
        })
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters,
      report: report, input: .features("as recorded", samplingRate: configuration.samplingRate))
  }

  func untrained(seed: UInt64) throws -> Xcodec {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    var inner = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Xcodec(configuration, from: &reader, semantic: &inner)
  }

  init(
    _ c: XcodecConfiguration, from reader: inout ParameterReader, semantic inner: inout ParameterReader
  ) throws {
    configuration = c
    semantic = try Wav2Vec2(c.semantic, from: &inner)
    let states = c.semantic.width
    func convolution(
      _ name: String, _ inputs: Int, _ outputs: Int, kernel: Int, dilation: Int = 1, hasBias: Bool = false
    ) throws -> TimeConvolution {
      let padding = (kernel - 1) / 2 * dilation
      return try reader.timeConvolution(
        "encoder_semantic.\(name)", inputs: inputs, outputs: outputs, kernel: kernel, dilation: dilation,
        ends: .fixed(left: padding, right: padding),
        bias: hasBias ? .uniform(inputs: inputs * kernel) : nil)
    }
    entry = try convolution("conv", states, states, kernel: c.kernel)
    var channels = states
    blocks = []
    for (index, factor) in c.factors.enumerated() {
      let name = "conv_blocks.\(index)"
      let units = try c.dilations.enumerated().map { unit, dilation in
        Unit(
          first: try convolution(
            "\(name).res_units.\(unit).conv1", channels, channels, kernel: c.unitKernel, dilation: dilation),
          second: try convolution("\(name).res_units.\(unit).conv2", channels, channels, kernel: 1))
      }
      let outputs = Int(Double(states) * factor)
      blocks.append(
        Block(
          units: units,
          convolution: try convolution("\(name).conv", channels, outputs, kernel: 3, hasBias: true)))
      channels = outputs
    }
    acoustic = try DacEncoder(c.acoustic, "acoustic_encoder", from: &reader)
    let joint = try reader.linear("fc", c.width, c.width, weight: .normal(deviation: 0.02))
    acousticPart = joint.reading(0..<c.acoustic.width, hasBias: true)
    semanticPart = joint.reading(c.acoustic.width..<c.width, hasBias: false)
    let drawn = Initialisation.uniform(bound: (6 / Double(c.width)).squareRoot())
    quantiser = ResidualQuantiser(
      steps: try (0..<c.quantisers).map { step in
        .init(
          codebook: Codebook(
            vectors: try reader.tensor(
              "quantizer.quantizers.\(step).codebook.embed", [c.codes, c.width], drawn)))
      })
    parameters = reader.count + inner.count
  }
}

extension Linear {
  /// What some of the inputs add to the output, with its bias or without.
  fileprivate func reading(_ columns: Range<Int>, hasBias: Bool) -> Linear {
    guard weight.count > 0, bias.count > 0 else { return self }
    let (inputs, outputs) = (inputs, outputs)
    return Linear(
      weight: weight.withUnsafeBuffer { weight in
        Tensor(shape: [outputs, columns.count]) { part in
          for index in part.indices {
            part[index] =
              weight[index / columns.count * inputs + columns.lowerBound + index % columns.count]
          }
        }
      },
      bias: hasBias ? bias : Tensor(shape: [outputs]))
  }
}
