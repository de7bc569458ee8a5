import Audio
import Tensors

/// w2v-BERT 2.0 (Seamless Communication 2023): conformer blocks over stacked filter banks, whose convolutions see no
/// later frame.
///
/// ```
/// filter banks, 2 × 80 → norm, projection        → N conformer blocks   → CTC
///                        projection, hidden.0      hidden.1 … hidden.N     logits
/// ```
/// Frame *i* is made of the filter banks' frames 2·i and 2·i + 1, so of samples `[320·i, 320·i + 560)`. Each band
/// is brought to zero mean and unit variance over the sound.
struct W2vBert: SpeechArchitecture {
  static let modelTypes = ["wav2vec2-bert"]

  var configuration: W2vBertConfiguration
  var featureNorm: LayerNorm
  var projection: Linear  // [inputs → width]
  var blocks: [ConformerBlock]
  var head: Linear?  // [width → symbols], for CTC
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let features = try KaldiFilterBank.w2vBert(
      of: Waveform(
        samples: Array(samples.prefix(validSamples)), samplingRate: KaldiFilterBank.samplingRate),
      bands: configuration.inputs / 2)
    run.recorder?.declare(features, as: .input("filter banks"))

    let projected = projection(featureNorm(features, run), run)  // [frames × width]
    guard try visit("projection", projected), try visit("hidden.0", projected) else { return }
    guard
      let last = try blocks.forward(
        projected, validFrames: projected.rows, wanted: wanted, on: run, visit: visit), let head
    else { return }
    _ = try visit("logits", head(last, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let timing = FrameTiming(
      samplingRate: samplingRate, kernels: [KaldiFilterBank.window, 2], strides: [KaldiFilterBank.hop, 2])
    let names = ["projection"] + (0...blocks.count).map { "hidden.\($0)" }
    return names.map { TapPoint(name: $0, width: configuration.width, timing: timing) }
      + (head.map { [TapPoint(name: "logits", width: $0.outputs, timing: timing)] } ?? [])
  }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

/// The settings of a w2v-BERT 2.0, under the names that its `config.json` has for them.
struct W2vBertConfiguration: Sendable, Equatable {
  /// Two frames of filter banks.
  var inputs = 160
  var width = 1024
  var innerWidth = 4096
  var layers = 24
  var heads = 16
  var activation = Activation.silu
  /// Frames that the convolution of a block spans.
  var kernel = 31
  var positions = ConformerPositions.keys(left: 64, right: 8)
  var epsilon = 1e-5
  /// Whether an adapter stands between the last block and the head.
  var hasAdapter = false
  /// The deviation of freshly drawn weights.
  var initialDeviation = 0.02

  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader) throws {
    let extent = 1...65_536
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    inputs = try reader.stackedBands()
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "hidden_act", default: "swish", Activation.knownNames, Activation.init(named:))
    kernel = try reader.integer("conv_depthwise_kernel_size", 1...1023, default: kernel)
    epsilon = try reader.number("layer_norm_eps", 0...1, default: epsilon)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    hasAdapter = try reader.bool("add_adapter", default: false)
    guard width % heads == 0 else {
      throw refuse("num_attention_heads", "\(heads)", "a divisor of hidden_size, \(width)")
    }
    guard kernel % 2 == 1 else {
      throw refuse("conv_depthwise_kernel_size", "\(kernel)", "an odd number")
    }
    positions = try reader.conformerPositions(
      width: width, heads: heads, withKeys: true, default: "relative_key")
  }
}

extension ConfigurationReader {
  /// What two frames of filter banks beside each other are wide.
  func stackedBands() throws -> Int {
    let inputs = try integer("feature_projection_input_dim", 2...2048, default: 160)
    guard inputs % 2 == 0 else {
      throw ModelError.configuration(
        path: path, key: "feature_projection_input_dim", found: "\(inputs)",
        expected: "two frames of as many bands")
    }
    return inputs
  }
}

extension ModelDescription {
  /// Throws where the extractor puts another number of frames beside each other.
  func expectPairsOfFrames() throws {
    let stride = try preprocessing.map {
      try ConfigurationReader(path: folder, values: $0).integer("stride", 1...64, default: 2)
    }
    guard stride ?? 2 == 2 else {
      throw ModelError.configuration(
        path: folder, key: "stride", found: "\(stride ?? 2)", expected: "2 frames beside each other")
    }
  }
}
