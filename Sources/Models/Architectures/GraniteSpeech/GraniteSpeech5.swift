import Audio
import Checkpoints
import Tensors

/// The encoder of Granite Speech 5 (IBM 2026): Granite Speech's conformer with the log-mel's changes beside it, of whose
/// blocks some halve the number of frames.
///
/// ```
/// log-mel, deltas, 2 frames side by side → layer    → N blocks              half-way: + layer(softmax(CTC))   → CTC
///                                          hidden.0   hidden.1 … hidden.N                                       logits
/// ```
/// A block that halves has every second frame of its convolution and the mean of each two of what goes past it; a last
/// frame without a second is left out. `hidden.⌊N/2⌋` is what leaves its block, without the CTC's feedback.
struct GraniteSpeech5: SpeechArchitecture {
  static let modelTypes = ["granite_speech5_encoder", "granite_speech5_ctc"]

  var configuration: GraniteSpeech5Configuration
  var entry: Linear  // [4 · bands → width]
  var blocks: [ConformerBlock]
  var classifier: Linear  // [width → symbols]
  var feedback: Linear  // [symbols → width]
  /// For CTC, where it is not the classifier in the middle.
  var head: Linear?
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let features = try features(of: Array(samples.prefix(validSamples)))
    run.recorder?.declare(features, as: .input("log-mel with deltas"))
    var hidden = entry(features, run)
    guard try visit("hidden.0", hidden) else { return }
    for (number, block) in zip(1..., blocks) {
      var weights = wanted.contains("attention.\(number)") ? Tensor(repeating: 0, shape: [0]) : nil
      hidden =
        configuration.halving.contains(number - 1)
        ? block.halving(hidden, weights: &weights, run)
        : block(hidden, signal: nil, validFrames: hidden.rows, weights: &weights, run)
      if let weights, try !visit("attention.\(number)", weights) { return }
      guard try visit("hidden.\(number)", hidden) else { return }
      if number == blocks.count / 2 {
        hidden = feedback(run.softmax(classifier(hidden, run)), run, adding: hidden)
      }
    }
    if configuration.hasHead { _ = try visit("logits", (head ?? classifier)(hidden, run)) }
  }

  /// `[frames × 4 · bands]`: two frames of log-mel, each with how it changes around it.
  private func features(of sound: [Float]) throws -> Tensor {
    let bands = configuration.bands
    let whole = sound.count / MelSpectrogram.hop
    // The last pair is filled up, if need be with the frame whose centre is the sound's end.
    let isOdd = whole % 2 == 1
    let filled = isOdd && sound.count == whole * MelSpectrogram.hop ? sound + [0] : sound
    let mel = try MelSpectrogram.granite(bands: bands, keepsLast: isOdd).features(
      of: Waveform(samples: filled, samplingRate: MelSpectrogram.samplingRate))
    let values = mel.values
    return Tensor(shape: [mel.rows / 2, 4 * bands]) { target in
      for frame in 0..<(mel.rows / 2 * 2) {
        let (before, after) = (max(0, frame - 1), min(mel.rows - 1, frame + 1))
        for band in 0..<bands {
          target[2 * frame * bands + band] = values[frame * bands + band]
          target[(2 * frame + 1) * bands + band] =
            (values[after * bands + band] - values[before * bands + band]) / 2
        }
      }
    }
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let timings = timings(samplingRate: samplingRate)
    return timings.enumerated().map {
      TapPoint(name: "hidden.\($0)", width: configuration.width, timing: $1)
    }
      + (configuration.hasHead
        ? [TapPoint(name: "logits", width: (head ?? classifier).outputs, timing: timings.last)] : [])
  }

  /// Of what enters the first block and of what leaves each.
  private func timings(samplingRate: Int) -> [FrameTiming] {
    var timing = TimingBuilder(stride: MelSpectrogram.hop, field: MelSpectrogram.window)
    timing.add(span: 3, stride: 1, left: 1)
    timing.add(span: 2, stride: 2, left: 0)
    var timings = [timing.timing(samplingRate: samplingRate)]
    for block in blocks.indices {
      if configuration.halving.contains(block) { timing.add(span: 2, stride: 2, left: 0) }
      timings.append(timing.timing(samplingRate: samplingRate))
    }
    return timings
  }

  /// Of each block's attention, which comes before it halves.
  func attentionTaps(samplingRate: Int) -> [TapPoint] {
    zip(zip(1..., attentionHeads), timings(samplingRate: samplingRate)).map { block, timing in
      TapPoint(name: "attention.\(block.0)", width: block.1, timing: timing)
    }
  }

  /// One frame of the last layer; and what the sound is mirrored by at its ends, and one more.
  func minimumSamples(samplingRate: Int) -> Int {
    let pairs = 1 << configuration.halving.count
    return max(257, (2 * pairs - 1) * MelSpectrogram.hop)
  }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}

extension ConformerBlock {
  /// `[frames × width]` to half as many frames: every second one of the convolution, and the mean of each two of the rest.
  fileprivate func halving(_ x: Tensor, weights: inout Tensor?, _ run: Evaluation) -> Tensor {
    let fed = run.halfStep(from: x, by: first(firstNorm(x, run), run))
    let attended = attention(
      attentionNorm(fed, run), adding: fed, signal: nil, validFrames: x.rows, weights: &weights, run)
    let gated = run.gated(convolution.gate(convolution.norm(attended, run), run))
    let convolved = convolution.depthwise(gated, validFrames: x.rows, run)
    let means = run.pooled(attended, .pairs(width: attended.width))
    let steps = run.pooled(
      convolved.rows(0..<(2 * means.rows)), .rows(1, every: 2, width: convolved.width))
    let mixed = convolution.output(steps, run, adding: means)
    return norm(run.halfStep(from: mixed, by: second(secondNorm(mixed, run), run)), run)
  }
}

/// The settings of Granite Speech 5's encoder, under the names that its `config.json` has for them: `encoder_config`'s where
/// there is one.
struct GraniteSpeech5Configuration: Sendable, Equatable {
  var bands = 80
  var width = 1024
  var innerWidth = 4096
  var layers = 16
  var heads = 8
  var headSize = 128
  var symbols = 16_384
  var activation = Activation.silu
  /// Whether feed-forward layers have biases.
  var hasBiases = true
  /// Frames that attend to each other.
  var blockFrames = 128
  /// The farthest distance that has a key of its own.
  var farthest = 512
  var kernel = 7
  var convolutionFactor = 2
  /// The blocks that halve the number of frames, the first one 0.
  var halving: Set<Int> = [0, 1]
  /// Whether the whole model has a CTC head.
  var hasHead = false
  var initialDeviation = 0.02

  init(_ whole: ConfigurationReader) throws {
    let reader = ConfigurationReader(
      path: whole.path, values: whole.values["encoder_config"] ?? whole.values)
    let extent = 1...65_536
    func refuse(_ key: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: found, expected: expected)
    }
    bands = try reader.integer("num_mel_bins", 1...1024, default: bands)
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    headSize = try reader.integer("head_dim", extent, default: max(1, width / heads))
    symbols = try reader.integer("vocab_size", 1...1_048_576, default: symbols)
    activation = try reader.choice(
      "hidden_act", default: "silu", Activation.knownNames, Activation.init(named:))
    hasBiases = try reader.bool("attention_bias", default: true)
    blockFrames = try reader.integer("context_size", 1...65_536, default: blockFrames)
    farthest = try reader.integer("max_position_embeddings", 1...65_536, default: farthest)
    kernel = try reader.integer("conv_kernel_size", 1...1023, default: kernel)
    convolutionFactor = try reader.integer("conv_expansion_factor", 1...64, default: convolutionFactor)
    halving = Set(
      try reader.integers("subsample_layers", 0...max(0, layers - 1), count: 0...16, default: [0, 1]))
    hasHead = whole.values["encoder_config"] != nil
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    guard kernel % 2 == 1 else { throw refuse("conv_kernel_size", "\(kernel)", "an odd number") }
    guard blockFrames <= farthest else {
      throw refuse("context_size", "\(blockFrames)", "no more than max_position_embeddings, \(farthest)")
    }
  }
}

// MARK: - Building

extension GraniteSpeech5 {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "layers.0.self_attn.rel_pos_emb.weight", path: path)
    let isTold = description.modelType.map(modelTypes.contains)
    guard isTold ?? (found?.stored["out_mid.weight"] != nil) else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its heads and the blocks of its attention", option: "a config.json with --config"
      )
    }
    try description.expectSamplingRate(MelSpectrogram.samplingRate)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try GraniteSpeech5Configuration(
      ConfigurationReader(path: description.configurationPath, values: tree))
    let model = try GraniteSpeech5(configuration, from: &reader)
    let counters = (0..<configuration.layers).map { "layers.\($0).conv.norm.num_batches_tracked" }
    let report = try description.report(of: reader, names, leavingOut: counters, notes: [])
    return BuiltModel(
      architecture: model, family: "granite_speech5", parameters: model.parameters, report: report,
      input: .features(
        "Granite Speech's log-mel of \(configuration.bands) bands with deltas, 2 frames side by side",
        samplingRate: MelSpectrogram.samplingRate))
  }

  func untrained(seed: UInt64) throws -> GraniteSpeech5 {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try GraniteSpeech5(configuration, from: &reader)
  }

  init(_ c: GraniteSpeech5Configuration, from reader: inout ParameterReader) throws {
    configuration = c
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    entry = try reader.linear("input_linear", 4 * c.bands, c.width, weight: drawn)
    blocks = try (0..<c.layers).map { try reader.granite5Block("layers.\($0)", c, drawn) }
    classifier = try reader.linear("out", c.width, c.symbols, weight: drawn)
    feedback = try reader.linear("out_mid", c.symbols, c.width, weight: drawn)
    head =
      c.hasHead && reader.has("ctc_head.weight")
      ? try reader.linear("ctc_head", c.width, c.symbols, weight: drawn) : nil
    parameters = reader.count
  }
}

extension ParameterReader {
  fileprivate mutating func granite5Block(
    _ name: String, _ c: GraniteSpeech5Configuration, _ drawn: Initialisation
  ) throws -> ConformerBlock {
    let (width, attended, convolved) = (c.width, c.heads * c.headSize, c.width * c.convolutionFactor)
    func norm(_ part: String) throws -> LayerNorm {
      try layerNorm("\(name).norm_\(part)", width, epsilon: 1e-5)
    }
    func feedForward(_ part: String) throws -> FeedForward {
      let bias: Initialisation? = c.hasBiases ? .zeros : nil
      return FeedForward(
        up: try linear("\(name).\(part).linear1", width, c.innerWidth, weight: drawn, bias: bias),
        down: try linear("\(name).\(part).linear2", c.innerWidth, width, weight: drawn, bias: bias),
        activation: c.activation)
    }
    func projection(_ part: String) throws -> Linear {
      try linear("\(name).self_attn.\(part)_proj", width, attended, weight: drawn, bias: nil)
    }
    let table = try tensor(
      "\(name).self_attn.rel_pos_emb.weight", [2 * c.farthest + 1, c.headSize], drawn)
    return ConformerBlock(
      firstNorm: try norm("feed_forward1"), first: try feedForward("feed_forward1"),
      attentionNorm: try norm("self_att"),
      attention: ConformerAttention(
        query: try projection("q"), key: try projection("k"), value: try projection("v"),
        output: try linear("\(name).self_attn.o_proj", attended, width, weight: drawn), heads: c.heads,
        positions: .keys(.granite(table, farthest: c.farthest, blockFrames: c.blockFrames)),
        reach: .blocks(size: c.blockFrames)),
      convolution: ConvolutionModule(
        norm: try norm("conv"),
        gate: try linear("\(name).conv.pointwise_lin1", width, 2 * convolved, weight: drawn),
        depthwise: DepthwiseConvolution(
          weight: try tensor("\(name).conv.depthwise_conv.weight", [convolved, 1, c.kernel], drawn),
          bias: nil, batchNorm: try batchNorm("\(name).conv.norm", convolved), norm: nil,
          padding: c.kernel / 2, activation: .silu),
        output: try linear("\(name).conv.pointwise_lin2", convolved, width, weight: drawn)),
      secondNorm: try norm("feed_forward2"), second: try feedForward("feed_forward2"),
      norm: try norm("out"))
  }
}
