import Audio
import Checkpoints
import Tensors

/// The encoder of Granite Speech (Saon 2025): a conformer whose attention stays in blocks of time, with what its own CTC
/// makes of the middle fed back.
///
/// ```
/// log-mel, 2 frames side by side → layer    → N blocks              half-way: + layer(softmax(CTC))
///                                  hidden.0   hidden.1 … hidden.N
/// ```
/// Frame *i* has its centre at 5 + 20·i ms. The state half-way, `hidden.⌊N/2⌋`, has the CTC's feedback in it, as the next
/// block reads it.
struct GraniteSpeech: SpeechArchitecture {
  static let modelTypes = ["granite_speech_encoder", "granite_speech_plus_encoder"]

  var configuration: GraniteSpeechConfiguration
  var entry: Linear  // [inputs → width]
  var blocks: [ConformerBlock]
  var classifier: Linear  // [width → symbols]
  var feedback: Linear  // [symbols → width]
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let bands = configuration.inputs / 2
    let mel = try MelSpectrogram.granite(bands: bands).features(
      of: Waveform(
        samples: Array(samples.prefix(validSamples)), samplingRate: MelSpectrogram.samplingRate))
    let pairs = mel.rows / 2
    let stacked = mel.rows(0..<(2 * pairs)).reshaped([pairs, 2 * bands])
    run.recorder?.declare(stacked, as: .input("log-mel"))
    var hidden = entry(stacked, run)
    guard try visit("hidden.0", hidden) else { return }
    for (number, block) in zip(1..., blocks) {
      var weights = wanted.contains("attention.\(number)") ? Tensor(repeating: 0, shape: [0]) : nil
      hidden = block(hidden, signal: nil, validFrames: hidden.rows, weights: &weights, run)
      if let weights, try !visit("attention.\(number)", weights) { return }
      if number == blocks.count / 2 {
        hidden = feedback(run.softmax(classifier(hidden, run)), run, adding: hidden)
      }
      guard try visit("hidden.\(number)", hidden) else { return }
    }
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    var timing = TimingBuilder(stride: MelSpectrogram.hop, field: MelSpectrogram.window)
    timing.add(span: 2, stride: 2, left: 0)
    let whole = timing.timing(samplingRate: samplingRate)
    return (0...blocks.count).map {
      TapPoint(name: "hidden.\($0)", width: configuration.width, timing: whole)
    }
  }

  /// What the sound is mirrored by at its ends, and one more.
  func minimumSamples(samplingRate: Int) -> Int { 257 }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

/// The settings of Granite Speech's encoder, under the names that its `config.json` has for them: `encoder_config`'s where
/// there is one.
struct GraniteSpeechConfiguration: Sendable, Equatable {
  /// Two frames of log-mel.
  var inputs = 160
  var width = 1024
  var innerFactor = 4
  var layers = 10
  var heads = 8
  var headSize = 128
  var symbols = 42
  /// Frames that attend to each other.
  var blockFrames = 200
  /// The farthest distance that has a key of its own.
  var farthest = 512
  var kernel = 15
  var convolutionFactor = 2

  init(_ reader: ConfigurationReader) throws {
    let extent = 1...65_536
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    inputs = try reader.integer("input_dim", 2...2048, default: inputs)
    width = try reader.integer("hidden_dim", extent, default: width)
    innerFactor = try reader.integer("feedforward_mult", 1...64, default: innerFactor)
    layers = try reader.integer("num_layers", 1...512, default: layers)
    heads = try reader.integer("num_heads", 1...1024, default: heads)
    headSize = try reader.integer("dim_head", extent, default: max(1, width / heads))
    symbols = try reader.integer("output_dim", 1...262_144, default: symbols)
    blockFrames = try reader.integer("context_size", 1...65_536, default: blockFrames)
    farthest = try reader.integer("max_pos_emb", 1...65_536, default: farthest)
    kernel = try reader.integer("conv_kernel_size", 1...1023, default: kernel)
    convolutionFactor = try reader.integer("conv_expansion_factor", 1...64, default: convolutionFactor)
    guard inputs % 2 == 0 else { throw refuse("input_dim", "\(inputs)", "two frames of as many bands") }
    guard blockFrames <= farthest else {
      throw refuse("context_size", "\(blockFrames)", "no more than max_pos_emb, \(farthest)")
    }
  }
}

// MARK: - Building

extension GraniteSpeech {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "layers.0.attn.rel_pos_emb.weight", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its heads and the blocks of its attention", option: "a config.json with --config"
      )
    }
    try description.expectSamplingRate(MelSpectrogram.samplingRate)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try GraniteSpeechConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let model = try GraniteSpeech(configuration, from: &reader)
    let counters = (0..<configuration.layers).map { "layers.\($0).conv.batch_norm.num_batches_tracked" }
    let report = try description.report(of: reader, names, leavingOut: counters, notes: [])
    return BuiltModel(
      architecture: model, family: "granite_speech", parameters: model.parameters, report: report,
      input: .features(
        "Granite Speech's log-mel of \(configuration.inputs / 2) bands, 2 frames side by side",
        samplingRate: MelSpectrogram.samplingRate))
  }

  func untrained(seed: UInt64) throws -> GraniteSpeech {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try GraniteSpeech(configuration, from: &reader)
  }

  init(_ c: GraniteSpeechConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    let drawn = Initialisation.normal(deviation: 0.02)
    entry = try reader.linear("input_linear", c.inputs, c.width, weight: drawn)
    blocks = try (0..<c.layers).map { try reader.graniteBlock("layers.\($0)", c, drawn) }
    classifier = try reader.linear("out", c.width, c.symbols, weight: drawn)
    feedback = try reader.linear("out_mid", c.symbols, c.width, weight: drawn)
    parameters = reader.count
  }
}

extension ParameterReader {
  fileprivate mutating func graniteBlock(
    _ name: String, _ c: GraniteSpeechConfiguration, _ drawn: Initialisation
  ) throws -> ConformerBlock {
    let (width, attended, convolved) = (c.width, c.heads * c.headSize, c.width * c.convolutionFactor)
    func norm(_ part: String) throws -> LayerNorm {
      try layerNorm("\(name).\(part)", width, epsilon: 1e-5)
    }
    func feedForward(_ part: String) throws -> FeedForward {
      FeedForward(
        up: try linear("\(name).\(part).up_proj", width, c.innerFactor * width, weight: drawn),
        down: try linear("\(name).\(part).down_proj", c.innerFactor * width, width, weight: drawn),
        activation: .silu)
    }
    // Keys and values are one matrix.
    let joint = try linear("\(name).attn.to_kv", width, 2 * attended, weight: drawn, bias: nil)
    func half(_ rows: Range<Int>) -> Linear {
      joint.weight.count == 0
        ? joint : Linear(weight: joint.weight.rows(rows), bias: Tensor(shape: [attended]))
    }
    let table = try tensor(
      "\(name).attn.rel_pos_emb.weight", [2 * c.farthest + 1, c.headSize], .normal(deviation: 0.02))
    let keys = RelativeKeys.granite(table, farthest: c.farthest, blockFrames: c.blockFrames)
    let depthwise = DepthwiseConvolution(
      weight: try tensor("\(name).conv.depth_conv.conv.weight", [convolved, 1, c.kernel], drawn), bias: nil,
      batchNorm: try batchNorm("\(name).conv.batch_norm", convolved), norm: nil, padding: c.kernel / 2,
      activation: .silu)
    return ConformerBlock(
      firstNorm: try norm("ff1.pre_norm"), first: try feedForward("ff1"),
      attentionNorm: try norm("attn.pre_norm"),
      attention: ConformerAttention(
        query: try linear("\(name).attn.to_q", width, attended, weight: drawn, bias: nil),
        key: half(0..<attended), value: half(attended..<(2 * attended)),
        output: try linear("\(name).attn.to_out", attended, width, weight: drawn), heads: c.heads,
        positions: .keys(keys),
        reach: .blocks(size: c.blockFrames)),
      convolution: ConvolutionModule(
        norm: try norm("conv.norm"),
        gate: try pointwise(
          "\(name).conv.up_conv", width, 2 * convolved, weight: drawn, bias: .zeros),
        depthwise: depthwise,
        output: try pointwise("\(name).conv.down_conv", convolved, width, weight: drawn, bias: .zeros)),
      secondNorm: try norm("ff2.pre_norm"), second: try feedForward("ff2"), norm: try norm("post_norm"))
  }
}

extension RelativeKeys {
  /// The keys of the distances that occur in a block, out of a table that counts query less key, from −`farthest` on.
  static func granite(_ table: Tensor, farthest: Int, blockFrames: Int) -> RelativeKeys {
    let distances = (1 - blockFrames)...(blockFrames - 1)
    return RelativeKeys(
      table: table.count == 0 ? table : table.selectingRows(distances.map { farthest - $0 }),
      first: distances.lowerBound)
  }
}
