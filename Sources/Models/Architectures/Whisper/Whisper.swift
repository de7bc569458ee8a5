import Audio
import Checkpoints
import Tensors

/// Whisper (Radford 2022): a log-mel front end, an encoder that always reads a whole window (30 s as published), and
/// a decoder.
///
/// The sound is filled up with silence inside; frames without sound are dropped before anything is given out. Longer
/// sounds are read in consecutive windows whose frames stand one after the other: frame *i* is at 20·i ms.
struct Whisper: WindowedArchitecture {
  static let modelTypes = ["whisper"]

  /// Samples from one frame to the next of the mel spectrogram, and of the encoder.
  private static let (melHop, hop) = (160, 320)
  private static let samplingRate = 16_000

  var configuration: WhisperConfiguration
  /// Whether the sound is brought to zero mean and unit variance before its spectrogram, as some fine-tuned
  /// models have it.
  var normalisesInput: Bool
  var frontEnd: LogMel
  var encoder: WhisperEncoder
  var parameters: Int

  var window: InputWindow {
    let length = configuration.positions * Self.hop
    return InputWindow(length: length, step: length, minimum: 1)
  }

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    var sound = Waveform(samples: Array(samples.prefix(validSamples)), samplingRate: Self.samplingRate)
    if normalisesInput { sound = sound.normalised() }
    try forward(windowsOf: sound.samples, wanted: wanted, on: run, visit: visit)
  }

  func forward(
    window samples: ArraySlice<Float>, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let sound = Waveform(samples: Array(samples), samplingRate: Self.samplingRate)
    let mel = try frontEnd.features(of: sound, padded: window.length)
    run.recorder?.declare(mel, as: .input("mel"))
    try encoder.forward(mel, wanted: wanted, on: run) { name, values in
      let hop = name == "conv.1" ? Self.melHop : Self.hop
      return try visit(name, values.leading((samples.count + hop - 1) / hop))
    }
  }

  func minimumSamples(samplingRate: Int) -> Int { 1 }
}

extension Tensor {
  /// The first `frames` of `[all frames × width]`, or of `[heads × all frames × all frames]` both ways.
  func leading(_ frames: Int) -> Tensor {
    guard shape.count == 3 else { return frames >= rows ? self : rows(0..<frames) }
    let (heads, all) = (shape[0], shape[1])
    guard frames < all else { return self }
    return withUnsafeBuffer { source in
      Tensor(shape: [heads, frames, frames]) { target in
        for row in 0..<(heads * frames) {
          let from = (row / frames * all + row % frames) * all
          for key in 0..<frames { target[row * frames + key] = source[from + key] }
        }
      }
    }
  }
}

// MARK: - Tap points

extension Whisper {
  func taps(samplingRate: Int) -> [TapPoint] {
    // Each convolution sees three frames of what is before it; its zeros at the ends keep frame 0 at time 0.
    func timing(stride: Int, field: Int) -> FrameTiming {
      FrameTiming(
        samplingRate: samplingRate, strideSamples: stride, receptiveFieldSamples: field,
        firstCentreSample: 0)
    }
    let first = timing(stride: Self.melHop, field: 400 + 2 * Self.melHop)
    let whole = timing(stride: Self.hop, field: 400 + 4 * Self.melHop)
    let names = ["conv.2"] + (0...configuration.layers).map { "hidden.\($0)" } + ["final_norm"]
    return [TapPoint(name: "conv.1", width: configuration.width, timing: first)]
      + names.map { TapPoint(name: $0, width: configuration.width, timing: whole) }
  }

  var attentionHeads: [Int] { encoder.blocks.map(\.attention.heads) }
}

// MARK: - Building

extension Whisper {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    // The one name that transformers and openai-whisper have in common.
    let found = try TensorNames(description.checkpoint, anchor: "encoder.conv1.weight", path: path)?
      .renamed(by: .whisper, withoutPrefix: "model.")
    let isWhisper = found?.stored["encoder.embed_positions.weight"] != nil
    guard isWhisper || description.modelType.map(modelTypes.contains) == true else { return nil }
    let names = found ?? TensorNames(description.checkpoint)
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    var notes: [String] = []
    let configuration = try configuration(description, reader, &notes)
    if let rate = description.samplingRate, rate != samplingRate {
      throw ModelError.configuration(
        path: path, key: "sampling_rate", found: "\(rate)", expected: "16000 Hz, as Whisper's bands are for"
      )
    }
    let seconds = Double(configuration.melFrames) / 100
    notes.append("sounds longer than \(seconds) s are read in consecutive windows of that length")
    let model = Whisper(
      configuration: configuration, normalisesInput: description.normalisesInput ?? false,
      frontEnd: LogMel.whisper(bands: configuration.bands),
      encoder: try WhisperEncoder(configuration, from: &reader), parameters: reader.count)

    let leftOut = names.under(leftovers)
    let ignored = Set(
      names.stored.filter { name in
        description.options.ignoring.contains { name.key.hasPrefix($0) || name.value.hasPrefix($0) }
      }.keys)
    try reader.finish(ignoring: leftOut.union(ignored))
    let features = "Whisper's log-mel of \(configuration.bands) bands in windows of \(seconds) s"
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters,
      report: TensorReport(
        used: reader.usedCount, leftOut: reader.unused(among: leftOut),
        ignored: reader.unused(among: ignored.subtracting(leftOut)), notes: notes),
      input: .features(
        (model.normalisesInput ? "zero mean, unit variance, then " : "") + features,
        samplingRate: samplingRate))
  }

  private static func configuration(
    _ description: ModelDescription, _ reader: ParameterReader, _ notes: inout [String]
  ) throws -> WhisperConfiguration {
    if let tree = description.configuration {
      return try WhisperConfiguration(
        ConfigurationReader(path: description.configurationPath, values: tree))
    }
    if let dimensions = description.checkpoint.metadata["dims"] {
      return try WhisperConfiguration(
        dimensions: ConfigurationReader(path: description.path, values: dimensions), reader)
    }
    return try WhisperConfiguration(shapesIn: reader, description, &notes)
  }

  /// What a checkpoint may hold beside the encoder: the decoder, its output layer, and heads for other tasks.
  private static let leftovers = ["decoder", "proj_out", "projector", "classifier", "layer_weights"]

  func untrained(seed: UInt64) throws -> Whisper {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    var twin = self
    twin.encoder = try WhisperEncoder(configuration, from: &reader)
    return twin
  }
}
