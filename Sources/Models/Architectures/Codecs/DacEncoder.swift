import Checkpoints
import Tensors

/// The settings of DAC's encoder, under the names that its `config.json` has for them.
struct DacEncoderConfiguration: Sendable, Equatable {
  /// Channels of the first convolution; each stage doubles them.
  var filters = 64
  var ratios = [2, 4, 8, 8]
  /// Values of a frame of the output.
  var width = 1024

  /// Samples of a frame.
  var hop: Int { ratios.reduce(1, *) }

  init(_ reader: ConfigurationReader) throws {
    filters = try reader.integer("encoder_hidden_size", 1...65_536, default: filters)
    ratios = try reader.integers("downsampling_ratios", 1...4096, count: 1...16, default: ratios)
    guard ratios.reduce(1.0, { $0 * Double($1) }) <= 1_000_000, filters << ratios.count <= 262_144 else {
      throw ModelError.configuration(
        path: reader.path, key: "downsampling_ratios", found: "\(ratios)",
        expected: "strides of no more than a million samples and 262144 channels in all")
    }
    width = try reader.integer("hidden_size", 1...262_144, default: filters << ratios.count)
  }
}

/// The encoder of the Descript Audio Codec (Kumar 2023).
///
/// ```
/// waveform → convolution → stages of 3 residual units of growing reach, snake, convolution by a stride → snake, convolution
///                          conv.1 …                                                                      latents
/// ```
struct DacEncoder: Sendable {
  struct Unit: Sendable {
    var firstSnake: SnakeOperation
    var first: TimeConvolution
    var secondSnake: SnakeOperation
    var second: TimeConvolution

    func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
      run.sum(x, second(run.snake(first(run.snake(x, firstSnake), run), secondSnake), run))
    }
  }

  struct Stage: Sendable {
    var units: [Unit]
    var snake: SnakeOperation
    var step: TimeConvolution

    fileprivate func addTiming(to timing: inout TimingBuilder) {
      for unit in units { unit.first.addTiming(to: &timing) }
      step.addTiming(to: &timing)
    }
  }

  var first: TimeConvolution
  var stages: [Stage]
  var snake: SnakeOperation
  var last: TimeConvolution

  /// `[samples × 1]` to `[frames × width]`; nil where nothing deeper than what was offered is wanted.
  func forward(
    _ x: Tensor, prefix: String = "", on run: Evaluation, visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    var hidden = first(x, run)
    for (number, stage) in zip(1..., stages) {
      for unit in stage.units { hidden = unit(hidden, run) }
      hidden = stage.step(run.snake(hidden, stage.snake), run)
      guard try visit("\(prefix)conv.\(number)", hidden) else { return nil }
    }
    return last(run.snake(hidden, snake), run)
  }

  /// The frames that so many samples make.
  func frames(of samples: Int) -> Int {
    stages.reduce(samples) { frames, stage in
      let (left, right) = stage.step.added(to: frames)
      return stage.step.grid.walk.time.outputs(of: frames + left + right)
    }
  }

  func taps(samplingRate: Int, prefix: String = "") -> [TapPoint] {
    var timing = TimingBuilder()
    first.addTiming(to: &timing)
    return zip(1..., stages).map { number, stage in
      stage.addTiming(to: &timing)
      return TapPoint(
        name: "\(prefix)conv.\(number)", width: stage.step.grid.outputs,
        timing: timing.timing(samplingRate: samplingRate))
    }
  }

  /// That of the output.
  var timing: TimingBuilder {
    var timing = TimingBuilder()
    first.addTiming(to: &timing)
    for stage in stages { stage.addTiming(to: &timing) }
    last.addTiming(to: &timing)
    return timing
  }
}

// MARK: - Parameters

extension DacEncoder {
  /// How far apart the frames are that the three units of a stage see.
  private static let dilations = [1, 3, 9]

  /// The parameters below `name`; `drawn` is how fresh weights are.
  init(
    _ c: DacEncoderConfiguration, _ name: String, from reader: inout ParameterReader,
    drawn: Initialisation = .normal(deviation: 0.02)
  ) throws {
    func read(_ part: String, _ channels: Int) throws -> SnakeOperation {
      let alpha = try reader.tensor("\(name).\(part).alpha", [1, channels, 1], .ones)
      return SnakeOperation(alpha: alpha.count == 0 ? alpha : alpha.reshaped([channels]))
    }
    func convolution(
      _ part: String, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, dilation: Int = 1,
      padding: Int
    ) throws -> TimeConvolution {
      try reader.timeConvolution(
        "\(name).\(part)", inputs: inputs, outputs: outputs, kernel: kernel, stride: stride,
        dilation: dilation, ends: .fixed(left: padding, right: padding), weight: drawn)
    }
    first = try convolution("conv1", 1, c.filters, kernel: 7, padding: 3)
    var channels = c.filters
    stages = []
    for (index, ratio) in c.ratios.enumerated() {
      let block = "block.\(index)"
      let units = try zip(1..., Self.dilations).map { number, dilation in
        let unit = "\(block).res_unit\(number)"
        return Unit(
          firstSnake: try read("\(unit).snake1", channels),
          first: try convolution(
            "\(unit).conv1", channels, channels, kernel: 7, dilation: dilation, padding: 3 * dilation),
          secondSnake: try read("\(unit).snake2", channels),
          second: try convolution("\(unit).conv2", channels, channels, kernel: 1, padding: 0))
      }
      stages.append(
        Stage(
          units: units, snake: try read("\(block).snake1", channels),
          step: try convolution(
            "\(block).conv1", channels, 2 * channels, kernel: 2 * ratio, stride: ratio,
            padding: (ratio + 1) / 2)))
      channels *= 2
    }
    snake = try read("snake1", channels)
    last = try convolution("conv2", channels, c.width, kernel: 3, padding: 1)
  }
}
