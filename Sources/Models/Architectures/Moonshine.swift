import Checkpoints
import Tensors

/// Moonshine's encoder (Jeffries 2024): three convolutions over the waveform as it is, and blocks whose positions are
/// rotary on a part of each head. Norms of blocks have no biases.
///
/// ```
/// waveform → convolution, tanh, group norm → convolution, gelu → convolution, gelu → N blocks            → norm
///            conv.1                          conv.2              conv.3, hidden.0    hidden.1 … hidden.N   final_norm
/// ```
/// A frame lasts 24 ms. Its decoder is not read.
struct Moonshine: SpeechArchitecture {
  static let modelTypes = ["moonshine"]

  var configuration: MoonshineConfiguration
  var convolutions: [Convolution]
  var groupNorm: GroupNormOperation
  var blocks: [TransformerBlock]
  var norm: LayerNorm
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    // What the group norm is taken over must not hold padding.
    let sound = Array(samples.prefix(validSamples))
    var hidden = Tensor(sound, shape: [sound.count, 1])
    run.recorder?.declare(hidden, as: .input("waveform"))
    for (number, convolution) in zip(1..., convolutions) {
      hidden = run.convolution(hidden, convolution, padding: 0)
      if number == 1 { hidden = run.groupNorm(hidden, groupNorm) }
      guard try visit("conv.\(number)", hidden) else { return }
    }
    guard try visit("hidden.0", hidden) else { return }
    guard
      let last = try blocks.forward(
        hidden, validFrames: hidden.rows,
        rotation: configuration.rotary.rotation(frames: hidden.rows, run), wanted: wanted, on: run,
        visit: visit)
    else { return }
    _ = try visit("final_norm", norm(last, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    func timing(_ count: Int) -> FrameTiming {
      let layers = convolutions.prefix(count)
      return FrameTiming(
        samplingRate: samplingRate, kernels: layers.map(\.kernel), strides: layers.map(\.stride))
    }
    return convolutions.indices.map {
      TapPoint(name: "conv.\($0 + 1)", width: convolutions[$0].outputs, timing: timing($0 + 1))
    }
      + ((0...blocks.count).map { "hidden.\($0)" } + ["final_norm"]).map {
        TapPoint(name: $0, width: configuration.width, timing: timing(convolutions.count))
      }
  }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

/// The settings of a Moonshine's encoder, under the names that its `config.json` has for them.
struct MoonshineConfiguration: Sendable, Equatable {
  var width = 288
  var innerWidth = 1152
  var layers = 6
  var heads = 8
  var keyHeads = 8
  var activation = Activation.gelu
  var attentionBias = false
  var rotary = RotaryPositions(headSize: 36)
  /// The deviation of freshly drawn weights.
  var initialDeviation = 0.02

  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader) throws {
    let extent = 1...65_536
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("encoder_num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("encoder_num_attention_heads", 1...1024, default: heads)
    keyHeads = try reader.integer("encoder_num_key_value_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "encoder_hidden_act", default: "gelu", Activation.knownNames, Activation.init(named:))
    attentionBias = try reader.bool("attention_bias", default: false)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    try reader.checkHeads(
      width: width, heads: heads, keyHeads: keyHeads, key: "encoder_num_attention_heads")
    rotary = try reader.rotary(headSize: width / heads, part: 0.9)
    rotary.isInterleaved = true
  }
}

// MARK: - Building

extension Moonshine {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let found = try TensorNames(description.checkpoint, anchor: "groupnorm.weight", path: path)
    let isOurs =
      found?.stored["conv3.weight"] != nil && found?.stored["layers.0.input_layernorm.weight"] != nil
    guard description.modelType.map(modelTypes.contains) ?? isOurs else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its heads and how much of each is turned", option: "a config.json with --config")
    }
    let names = found ?? TensorNames(description.checkpoint)
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    let configuration = try MoonshineConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let model = try Moonshine(configuration, from: &reader)
    let report = try description.report(
      of: reader, names, leavingOut: ["decoder", "proj_out", "rotary_emb"], notes: [])
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters, report: report)
  }

  func untrained(seed: UInt64) throws -> Moonshine {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Moonshine(configuration, from: &reader)
  }

  init(_ c: MoonshineConfiguration, from reader: inout ParameterReader) throws {
    let (width, drawn) = (c.width, Initialisation.normal(deviation: c.initialDeviation))
    configuration = c
    let layers: [(inputs: Int, outputs: Int, kernel: Int, stride: Int)] = [
      (1, width, 127, 64), (width, 2 * width, 7, 3), (2 * width, width, 3, 2),
    ]
    convolutions = try layers.enumerated().map { index, layer in
      let name = "conv\(index + 1)"
      return Convolution(
        weight: try reader.taps("\(name).weight", [layer.outputs, layer.inputs, layer.kernel], drawn),
        bias: index == 0
          ? Tensor(shape: [layer.outputs]) : try reader.tensor("\(name).bias", [layer.outputs], .zeros),
        norm: .none, activation: index == 0 ? .tanh : .gelu, inputs: layer.inputs, kernel: layer.kernel,
        stride: layer.stride)
    }
    groupNorm = GroupNormOperation(
      groups: 1, weight: try reader.tensor("groupnorm.weight", [width], .ones),
      bias: try reader.tensor("groupnorm.bias", [width], .zeros), epsilon: 1e-5)
    blocks = try (0..<c.layers).map { layer in
      let name = "layers.\(layer)"
      return TransformerBlock(
        attention: try reader.attention(
          "\(name).self_attn", inputs: width, headSize: width / c.heads, heads: c.heads,
          keyHeads: c.keyHeads, biases: c.attentionBias ? [.query, .key, .value] : [], weight: drawn),
        attentionNorm: try reader.scaleNorm("\(name).input_layernorm", width, epsilon: 1e-5),
        feedForward: FeedForward(
          up: try reader.linear("\(name).mlp.fc1", width, c.innerWidth, weight: drawn),
          down: try reader.linear("\(name).mlp.fc2", c.innerWidth, width, weight: drawn),
          activation: c.activation),
        outputNorm: try reader.scaleNorm("\(name).post_attention_layernorm", width, epsilon: 1e-5),
        normalisesFirst: true)
    }
    norm = try reader.scaleNorm("layer_norm", width, epsilon: 1e-5)
    parameters = reader.count
  }
}
