import Checkpoints
import Tensors

extension Parakeet {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    // The first convolution under transformers' name, or under NeMo's.
    let found =
      try TensorNames(checkpoint, anchor: "subsampling.layers.0.weight", path: path)
      ?? TensorNames(checkpoint, anchor: "pre_encode.conv.0.weight", path: path)?.renamed(fromNeMo)
      ?? TensorNames(checkpoint, anchor: "subsampling.conv_in.weight", path: path)?.renamed(fromStreaming)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "whether its input is scaled (scale_input; NeMo's xscaling), and its heads",
        option: "a config.json with --config")
    }
    if let rate = description.samplingRate, rate != 16_000 {
      throw ModelError.configuration(
        path: path, key: "sampling_rate", found: "\(rate)", expected: "16000 Hz, as its bands are for")
    }
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try ParakeetConfiguration(
      path: description.configurationPath, values: tree,
      isStreaming: tree["model_type"]?.string?.hasPrefix("nemotron") == true
        || description.modelType?.hasPrefix("nemotron") == true)
    let symbols = reader.shape(of: "ctc_head.weight").flatMap { shape in
      shape.count == 3 && (1...262_144).contains(shape[0]) ? shape[0] : nil
    }
    let model = try Parakeet(configuration, symbols: symbols, from: &reader)
    let notes = configuration.streaming.map { streaming in
      [
        "frames look ahead to the end of their chunk of \(streaming.chunk), and back over \(streaming.before)"
      ]
    }
    let report = try description.report(
      of: reader, names, leavingOut: leftovers(configuration), notes: notes ?? [])
    return BuiltModel(
      architecture: model, family: "parakeet", parameters: model.parameters, report: report,
      input: .features(
        "NeMo's log-mel of \(configuration.bands) bands, "
          + (configuration.streaming == nil ? "zero mean and unit variance over the sound" : "as it is"),
        samplingRate: 16_000))
  }

  /// What NeMo calls otherwise than transformers.
  private static func fromNeMo(_ name: String) -> String {
    let table = [
      ("pre_encode.conv.", "subsampling.layers."), ("pre_encode.out.", "subsampling.linear."),
      ("conv.batch_norm.", "conv.norm."), ("self_attn.linear_q.", "self_attn.q_proj."),
      ("self_attn.linear_k.", "self_attn.k_proj."), ("self_attn.linear_v.", "self_attn.v_proj."),
      ("self_attn.linear_out.", "self_attn.o_proj."),
      ("self_attn.linear_pos.", "self_attn.relative_k_proj."),
      ("self_attn.pos_bias_", "self_attn.bias_"), ("decoder.decoder_layers.0.", "ctc_head."),
    ]
    return table.reduce(name) { $0.replacing($1.0, with: $1.1) }
  }

  /// The subsampling of Nemotron's streaming models by the numbers of Parakeet's sequence.
  private static func fromStreaming(_ name: String) -> String {
    let entry = "subsampling.conv_in."
    if name.hasPrefix(entry) { return "subsampling.layers.0." + name.dropFirst(entry.count) }
    let parts = name.split(separator: ".")
    guard parts.count > 4, parts[0] == "subsampling", parts[1] == "layers", let step = Int(parts[2]),
      (0..<64).contains(step), let module = ["depthwise_conv": 2, "pointwise_conv": 3][parts[3]]
    else { return name }
    return "subsampling.layers.\(3 * step + module)." + parts[4...].joined(separator: ".")
  }

  /// What has no part in a pass of the encoder.
  private static func leftovers(_ c: ParakeetConfiguration) -> [String] {
    ["decoder", "joint", "encoder_projector", "preprocessor", "pos_enc", "encode_positions"]
      + (0..<c.layers).map { "layers.\($0).conv.norm.num_batches_tracked" }
  }

  func untrained(seed: UInt64) throws -> Parakeet {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Parakeet(configuration, symbols: head?.outputs, from: &reader)
  }
}

// MARK: - Parameters

extension Parakeet {
  init(_ c: ParakeetConfiguration, symbols: Int?, from reader: inout ParameterReader) throws {
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    configuration = c
    func plane(_ index: Int, inputs: Int, _ activation: Activation?) throws -> PlaneConvolution {
      let (name, kernel) = ("subsampling.layers.\(index)", c.subsamplingKernel)
      return PlaneConvolution(
        weight: try reader.tensor("\(name).weight", [c.channels, 1, kernel, kernel], drawn),
        bias: try reader.tensor("\(name).bias", [c.channels], .zeros), inputs: inputs,
        stride: c.subsamplingStride, padding: c.subsamplingPadding.front,
        behind: c.subsamplingPadding.behind, activation: activation)
    }
    first = try plane(0, inputs: 1, .relu)
    steps = try (1..<max(1, c.subsamplingSteps)).map { step in
      // Each step is three modules of a sequence: depthwise, over channels, rectifier.
      let index = 3 * step - 1
      return Step(
        depthwise: try plane(index, inputs: c.channels, nil),
        pointwise: try reader.pointwise(
          "subsampling.layers.\(index + 1)", c.channels, c.channels, dimensions: 2, weight: drawn,
          bias: .zeros))
    }
    let last = try reader.linear("subsampling.linear", c.channels * c.bandsLeft, c.width, weight: drawn)
    projection = last.readingBands(c.bandsLeft, scaled: c.scalesInput ? Float(c.width).squareRoot() : 1)
    blocks = try (0..<c.layers).map { try Self.block("layers.\($0)", c, drawn, &reader) }
    head = try symbols.map { try reader.pointwise("ctc_head", c.width, $0, weight: drawn, bias: .zeros) }
    parameters = reader.count
  }

  private static func block(
    _ name: String, _ c: ParakeetConfiguration, _ drawn: Initialisation, _ reader: inout ParameterReader
  ) throws -> ConformerBlock {
    let width = c.width
    func norm(_ part: String) throws -> LayerNorm {
      try reader.layerNorm("\(name).norm_\(part)", width, epsilon: 1e-5)
    }
    let bias: Initialisation? = c.attentionBias ? .zeros : nil
    func feedForward(_ part: String) throws -> FeedForward {
      FeedForward(
        up: try reader.linear("\(name).\(part).linear1", width, c.innerWidth, weight: drawn, bias: bias),
        down: try reader.linear("\(name).\(part).linear2", c.innerWidth, width, weight: drawn, bias: bias),
        activation: c.activation)
    }
    func projection(_ part: String) throws -> Linear {
      try reader.linear("\(name).self_attn.\(part)_proj", width, width, weight: drawn, bias: bias)
    }
    let vector = [c.heads, width / c.heads]
    let convolutionBias: Initialisation? = c.convolutionBias ? .zeros : nil
    var attention = ConformerAttention(
      query: try projection("q"), key: try projection("k"), value: try projection("v"),
      output: try projection("o"), heads: c.heads,
      positions: .sinusoids(
        projection: try reader.linear(
          "\(name).self_attn.relative_k_proj", width, width, weight: drawn, bias: nil),
        content: try reader.tensor("\(name).self_attn.bias_u", vector, drawn),
        distance: try reader.tensor("\(name).self_attn.bias_v", vector, drawn)))
    if let streaming = c.streaming {
      attention.reach = .blocks(size: streaming.chunk, before: streaming.before)
    }
    let depthwise = DepthwiseConvolution(
      weight: try reader.tensor("\(name).conv.depthwise_conv.weight", [width, 1, c.kernel], drawn),
      bias: try convolutionBias.map {
        try reader.tensor("\(name).conv.depthwise_conv.bias", [width], $0)
      },
      batchNorm: c.streaming == nil ? try reader.batchNorm("\(name).conv.norm", width) : nil,
      norm: c.streaming == nil
        ? nil : try reader.layerNorm("\(name).conv.norm", width, epsilon: 1e-5),
      padding: c.streaming == nil ? c.kernel / 2 : c.kernel - 1, activation: c.activation)
    return ConformerBlock(
      firstNorm: try norm("feed_forward1"), first: try feedForward("feed_forward1"),
      attentionNorm: try norm("self_att"), attention: attention,
      convolution: ConvolutionModule(
        norm: try norm("conv"),
        gate: try reader.pointwise(
          "\(name).conv.pointwise_conv1", width, 2 * width, weight: drawn, bias: convolutionBias),
        depthwise: depthwise,
        output: try reader.pointwise(
          "\(name).conv.pointwise_conv2", width, width, weight: drawn, bias: convolutionBias)),
      secondNorm: try norm("feed_forward2"), second: try feedForward("feed_forward2"), norm: try norm("out")
    )
  }
}

extension Linear {
  /// The same for inputs that stand band by band where they stood channel by channel, its output `scaled`.
  func readingBands(_ bands: Int, scaled factor: Float = 1) -> Linear {
    guard weight.count > 0, bias.count > 0 else { return self }
    let (inputs, values) = (inputs, weight.values)
    let channels = inputs / bands
    let reordered = Tensor(shape: weight.shape) { target in
      for index in values.indices {
        let (output, input) = (index / inputs, index % inputs)
        let (channel, band) = (input / bands, input % bands)
        target[output * inputs + band * channels + channel] = values[index] * factor
      }
    }
    return Linear(weight: reordered, bias: Tensor(bias.values.map { $0 * factor }, shape: bias.shape))
  }
}
