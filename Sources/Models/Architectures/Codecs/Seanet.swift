import Checkpoints
import Tensors

/// The settings of a SEANet encoder, under the names that EnCodec's `config.json` has for them.
struct SeanetConfiguration: Sendable, Equatable {
  var samplingRate = 24_000
  var audioChannels = 1
  var filters = 32
  var residualUnits = 1
  /// Strides of the decoder; the encoder's are these from the last to the first.
  var ratios = [8, 5, 4, 2]
  /// Whether a group norm over all channels and all time follows each convolution; else its weight is normed.
  var normalisesTime = false
  var kernel = 7
  var lastKernel = 7
  var residualKernel = 3
  var dilationGrowth = 2
  var isCausal = true
  var filling = PaddingOperation.Filling.mirrored
  /// By how much residual units are narrower inside.
  var compression = 2
  var recurrentLayers = 2
  /// Whether a convolution stands in the way past a residual unit.
  var hasShortcut = true
  /// Values of a frame of the output.
  var width = 128

  /// Samples of a frame.
  var hop: Int { ratios.reduce(1, *) }
}

extension SeanetConfiguration {
  /// Reads a `config.json`'s tree; what it leaves out has the value of `defaults`, transformers' for the family.
  init(_ reader: ConfigurationReader, defaults: SeanetConfiguration) throws {
    let extent = 1...65_536
    self = defaults
    samplingRate = try reader.integer("sampling_rate", 1...1_000_000, default: samplingRate)
    audioChannels = try reader.integer("audio_channels", 1...2, default: audioChannels)
    filters = try reader.integer("num_filters", extent, default: filters)
    residualUnits = try reader.integer("num_residual_layers", 0...64, default: residualUnits)
    ratios = try reader.integers("upsampling_ratios", 1...4096, count: 1...16, default: ratios)
    normalisesTime = try reader.choice(
      "norm_type", default: normalisesTime ? "time_group_norm" : "weight_norm",
      "weight_norm or time_group_norm"
    ) { ["weight_norm": false, "time_group_norm": true][$0] }
    kernel = try reader.integer("kernel_size", 1...4096, default: kernel)
    lastKernel = try reader.integer("last_kernel_size", 1...4096, default: lastKernel)
    residualKernel = try reader.integer("residual_kernel_size", 1...4096, default: residualKernel)
    dilationGrowth = try reader.integer("dilation_growth_rate", 1...64, default: dilationGrowth)
    isCausal = try reader.bool("use_causal_conv", default: isCausal)
    filling = try reader.choice(
      "pad_mode", default: filling.rawValue, PaddingOperation.Filling.knownNames,
      PaddingOperation.Filling.init(rawValue:))
    compression = try reader.integer("compress", extent, default: compression)
    if recurrentLayers > 0 {
      recurrentLayers = try reader.integer("num_lstm_layers", 1...64, default: recurrentLayers)
    }
    hasShortcut = try reader.bool("use_conv_shortcut", default: hasShortcut)
    width = try reader.integer("hidden_size", extent, default: width)

    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    guard ratios.reduce(1.0, { $0 * Double($1) }) <= 1_000_000, filters << ratios.count <= 262_144 else {
      throw refuse(
        "upsampling_ratios", "\(ratios)",
        "strides of no more than a million samples and 262144 channels in all")
    }
    guard compression <= filters else {
      throw refuse("compress", "\(compression)", "no more than num_filters, \(filters)")
    }
    let dilation = (1..<max(1, residualUnits)).reduce(1.0) { dilation, _ in
      dilation * Double(dilationGrowth)
    }
    guard dilation * Double(residualKernel) <= 65_536 else {
      throw refuse("dilation_growth_rate", "\(dilationGrowth)", "kernels of no more than 65536 frames")
    }
  }
}

/// The encoder of EnCodec (Défossez 2022) and of what was made after it, named SEANet (Tagliasacchi 2020).
///
/// ```
/// waveform → convolution → stages of residual units, ELU, convolution by a stride → LSTM + way past → ELU, convolution
///                          conv.1 …                                                 lstm              latents
/// ```
struct Seanet: Sendable {
  /// A convolution and its norm over time, where there is one.
  struct Layer: Sendable {
    var convolution: TimeConvolution
    var norm: GroupNormOperation?

    func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
      let y = convolution(x, run)
      return norm.map { run.groupNorm(y, $0) } ?? y
    }
  }

  struct Unit: Sendable {
    var first, second: Layer
    var shortcut: Layer?

    func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
      let inner = first(run.pointwise(x, .elu), run)
      return run.sum(shortcut?(x, run) ?? x, second(run.pointwise(inner, .elu), run))
    }
  }

  struct Stage: Sendable {
    var units: [Unit]
    var step: Layer
  }

  var first: Layer
  var stages: [Stage]
  var recurrent: [RecurrentLayer]
  var last: Layer

  /// `[samples × audio channels]` to `[frames × width]`, frames of the last one filled up. nil where nothing deeper than
  /// what was offered is wanted.
  func forward(
    _ x: Tensor, on run: Evaluation, visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    var hidden = first(x, run)
    for (number, stage) in zip(1..., stages) {
      for unit in stage.units { hidden = unit(hidden, run) }
      hidden = stage.step(run.pointwise(hidden, .elu), run)
      guard try visit("conv.\(number)", hidden) else { return nil }
    }
    if !recurrent.isEmpty {
      hidden = run.sum(recurrent.reduce(hidden) { $1($0, run) }, hidden)
      guard try visit("lstm", hidden) else { return nil }
    }
    return last(run.pointwise(hidden, .elu), run)
  }

  /// `conv.k`, and `lstm` where there is one.
  func taps(samplingRate: Int) -> [TapPoint] {
    var timing = TimingBuilder()
    first.convolution.addTiming(to: &timing)
    var taps: [TapPoint] = []
    for (number, stage) in zip(1..., stages) {
      stage.addTiming(to: &timing)
      taps.append(
        TapPoint(
          name: "conv.\(number)", width: stage.step.convolution.grid.outputs,
          timing: timing.timing(samplingRate: samplingRate)))
    }
    if let layer = recurrent.last {
      taps.append(
        TapPoint(name: "lstm", width: layer.outputs, timing: timing.timing(samplingRate: samplingRate)))
    }
    return taps
  }

  /// That of the output.
  var timing: TimingBuilder {
    var timing = TimingBuilder()
    first.convolution.addTiming(to: &timing)
    for stage in stages { stage.addTiming(to: &timing) }
    last.convolution.addTiming(to: &timing)
    return timing
  }
}

extension Seanet.Stage {
  fileprivate func addTiming(to timing: inout TimingBuilder) {
    for unit in units {
      unit.first.convolution.addTiming(to: &timing)
      unit.second.convolution.addTiming(to: &timing)
    }
    step.convolution.addTiming(to: &timing)
  }
}

// MARK: - Parameters

extension Seanet {
  /// The parameters below `name`, a list of modules of which activations count too.
  init(_ c: SeanetConfiguration, _ name: String, from reader: inout ParameterReader) throws {
    var index = 0
    func layer(
      _ name: String, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, dilation: Int = 1
    ) throws -> Layer {
      let depth = inputs * kernel
      return Layer(
        convolution: try reader.timeConvolution(
          "\(name).conv", inputs: inputs, outputs: outputs, kernel: kernel, stride: stride,
          dilation: dilation, ends: .whole(isCausal: c.isCausal), filling: c.filling,
          bias: .uniform(inputs: depth)),
        norm: c.normalisesTime
          ? GroupNormOperation(
            groups: 1, weight: try reader.tensor("\(name).norm.weight", [outputs], .ones),
            bias: try reader.tensor("\(name).norm.bias", [outputs], .zeros), epsilon: 1e-5)
          : nil)
    }
    first = try layer("\(name).0", c.audioChannels, c.filters, kernel: c.kernel)
    var channels = c.filters
    stages = []
    for ratio in c.ratios.reversed() {
      var units: [Unit] = []
      var dilation = 1
      for _ in 0..<c.residualUnits {
        index += 1
        let (block, inner) = ("\(name).\(index)", channels / c.compression)
        units.append(
          Unit(
            first: try layer(
              "\(block).block.1", channels, inner, kernel: c.residualKernel, dilation: dilation),
            second: try layer("\(block).block.3", inner, channels, kernel: 1),
            shortcut: c.hasShortcut
              ? try layer("\(block).shortcut", channels, channels, kernel: 1) : nil))
        dilation *= c.dilationGrowth
      }
      index += 2
      stages.append(
        Stage(
          units: units,
          step: try layer(
            "\(name).\(index)", channels, 2 * channels, kernel: 2 * ratio, stride: ratio)))
      channels *= 2
    }
    if c.recurrentLayers > 0 { index += 1 }
    recurrent = try reader.lstm(
      "\(name).\(index).lstm", inputs: channels, units: channels, layers: c.recurrentLayers)
    last = try layer("\(name).\(index + 2)", channels, c.width, kernel: c.lastKernel)
  }
}
