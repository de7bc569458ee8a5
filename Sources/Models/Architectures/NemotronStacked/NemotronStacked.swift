import Audio
import Checkpoints
import Tensors

/// The encoders of Nemotron 3's diarisation and of Nemotron 3.5 Transcribe: a transformer with rotary positions over
/// log-mel whose frames stand side by side.
///
/// ```
/// log-mel, 8 frames side by side → layer      → norm     → N blocks             → norm
///                                  projection   hidden.0   hidden.1 … hidden.N    final_norm
/// ```
/// Zeros fill the last frames up. Frame *i* has its centre at 35 + 80·i ms, as published.
struct NemotronStacked: SpeechArchitecture {
  static let modelTypes = ["nemotron3_diarization_audio", "nemotron3_5_transcribe_asr_audio"]

  var configuration: NemotronStackedConfiguration
  var projection: Linear  // [stacked bands → width]
  var entryNorm: LayerNorm
  var blocks: [TransformerBlock]
  var norm: LayerNorm
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let c = configuration
    let mel = try NeMoMel(
      bands: c.bands, isNormalised: false, roundsConstants: c.roundsConstants
    ).features(
      of: Waveform(samples: Array(samples.prefix(validSamples)), samplingRate: NeMoMel.samplingRate))
    let frames = (mel.rows + c.stacked - 1) / c.stacked
    let stacked = Tensor(shape: [frames, c.stacked * c.bands]) { stacked in
      stacked.update(repeating: 0)
      mel.withUnsafeBuffer { _ = stacked.update(fromContentsOf: $0) }
    }
    run.recorder?.declare(stacked, as: .input("log-mel"))
    let projected = projection(stacked, run)
    guard try visit("projection", projected) else { return }
    let entered = entryNorm(projected, run)
    guard try visit("hidden.0", entered),
      let last = try blocks.forward(
        entered, validFrames: frames, rotation: c.rotary.rotation(frames: frames, run), wanted: wanted,
        on: run, visit: visit)
    else { return }
    _ = try visit("final_norm", norm(last, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    var timing = TimingBuilder(stride: NeMoMel.hop, field: NeMoMel.window)
    timing.add(span: configuration.stacked, stride: configuration.stacked, left: 0)
    let whole = timing.timing(samplingRate: samplingRate)
    let names = ["projection"] + (0...blocks.count).map { "hidden.\($0)" } + ["final_norm"]
    return names.map { TapPoint(name: $0, width: configuration.width, timing: whole) }
  }

  func minimumSamples(samplingRate: Int) -> Int { NeMoMel.hop }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

/// The settings of these encoders, under the names that their `config.json` has for them.
struct NemotronStackedConfiguration: Sendable, Equatable {
  var bands = 128
  /// Frames of log-mel side by side.
  var stacked = 8
  var width = 512
  var innerWidth = 2048
  var layers = 31
  var heads = 8
  var activation = Activation.gelu
  /// Whether each head's queries and keys are normed.
  var hasHeadNorms = false
  var rotary = RotaryPositions(headSize: 64)
  /// Whether the front end's window and bands are in half precision (bfloat16).
  var roundsConstants = false
  var initialDeviation = 0.02

  init(_ reader: ConfigurationReader, isTranscribing: Bool, _ description: ModelDescription) throws {
    let extent = 1...65_536
    if isTranscribing { (width, innerWidth, layers, heads) = (1280, 5120, 32, 10) }
    hasHeadNorms = isTranscribing
    bands = try reader.integer("num_mel_bins", 1...1024, default: bands)
    stacked = try reader.integer("subsampling_factor", 1...64, default: stacked)
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    let keyHeads = try reader.integer("num_key_value_heads", 1...1024, default: heads)
    guard keyHeads == heads else {
      throw ModelError.configuration(
        path: reader.path, key: "num_key_value_heads", found: "\(keyHeads)",
        expected: "num_attention_heads, \(heads)")
    }
    try reader.checkHeads(width: width, heads: heads, key: "num_attention_heads")
    let headSize = try reader.integer("head_dim", 1...extent.upperBound, default: width / heads)
    guard headSize == width / heads else {
      throw ModelError.configuration(
        path: reader.path, key: "head_dim", found: "\(headSize)", expected: "\(width / heads)")
    }
    activation = try reader.choice(
      "hidden_act", default: "gelu", Activation.knownNames, Activation.init(named:))
    rotary = try reader.rotary(headSize: headSize)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    let input = ConfigurationReader(path: description.folder, values: description.preprocessing ?? .null)
    roundsConstants = try input.choice("mel_filters_dtype", default: "float32", "float32 or bfloat16") {
      ["float32": false, "bfloat16": true][$0]
    }
  }
}

// MARK: - Building

extension NemotronStacked {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "embedder.projection.weight", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(path: path, what: "its heads", option: "a config.json with --config")
    }
    try description.expectSamplingRate(NeMoMel.samplingRate)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try NemotronStackedConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree),
      isTranscribing: description.modelType.map { $0 == modelTypes[1] }
        ?? reader.has("layers.0.self_attn.q_norm.weight"), description)
    let model = try NemotronStacked(configuration, from: &reader)
    let isUnsaid = configuration.hasHeadNorms && description.preprocessing == nil
    let report = try description.report(
      of: reader, names, leavingOut: [],
      notes: isUnsaid ? ["its front end in single precision: nothing says whether it is bfloat16"] : [])
    return BuiltModel(
      architecture: model,
      family: configuration.hasHeadNorms ? "nemotron_transcribe" : "nemotron_diarization",
      parameters: model.parameters, report: report,
      input: .features(
        "NeMo's log-mel of \(configuration.bands) bands, as it is, \(configuration.stacked) frames side by side",
        samplingRate: NeMoMel.samplingRate))
  }

  func untrained(seed: UInt64) throws -> NemotronStacked {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try NemotronStacked(configuration, from: &reader)
  }

  init(_ c: NemotronStackedConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    projection = try reader.linear(
      "embedder.projection", c.stacked * c.bands, c.width, weight: drawn, bias: nil)
    entryNorm = try reader.layerNorm("input_layer_norm", c.width, epsilon: 1e-5)
    blocks = try (0..<c.layers).map { layer in
      let name = "layers.\(layer)"
      let headSize = c.width / c.heads
      var attention = try reader.attention(
        "\(name).self_attn", inputs: c.width, headSize: headSize, heads: c.heads, keyHeads: c.heads,
        biases: [.output], weight: drawn)
      if c.hasHeadNorms {
        attention.queryNorm = try reader.layerNorm("\(name).self_attn.q_norm", headSize, epsilon: 1e-5)
        attention.keyNorm = try reader.layerNorm("\(name).self_attn.k_norm", headSize, epsilon: 1e-5)
      }
      return TransformerBlock(
        attention: attention,
        attentionNorm: try reader.layerNorm("\(name).layer_norm1", c.width, epsilon: 1e-5),
        feedForward: FeedForward(
          up: try reader.linear("\(name).mlp.fc1", c.width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).mlp.fc2", c.innerWidth, c.width, weight: drawn),
          activation: c.activation),
        outputNorm: try reader.layerNorm("\(name).layer_norm2", c.width, epsilon: 1e-5),
        normalisesFirst: true)
    }
    norm = try reader.layerNorm("layer_norm", c.width, epsilon: 1e-5)
    parameters = reader.count
  }
}
