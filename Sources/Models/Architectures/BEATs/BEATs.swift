import Audio
import Checkpoints
import Tensors

/// BEATs (Chen 2022b): WavLM's transformer over patches of a spectrogram.
///
/// ```
/// filter banks → squares of 16 by 16, norm, projection → + positional convolution → N transformer blocks
///                projection                              hidden.0                  hidden.1 … hidden.N
/// ```
/// The patches stand in the order of time, those of one time by frequency, and attention and positions go along that
/// order. A frame is the mean over the frequencies at one time, 160 ms from the next.
struct BEATs: SpeechArchitecture {
  static let modelTypes = ["beats"]

  var configuration: BEATsConfiguration
  var patches: GridConvolution
  var patchNorm: LayerNorm
  var projection: Linear?  // [patch width → width]
  var positions: PositionalConvolution
  /// On what enters the first block, or on what leaves the last where blocks normalise first.
  var norm: LayerNorm
  var blocks: [TransformerBlock]
  var distances: Tensor?  // [buckets × heads]
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let sound = Waveform(
      samples: Array(samples.prefix(validSamples)), samplingRate: KaldiFilterBank.samplingRate)
    let banks = try KaldiFilterBank.beats(of: sound)
    run.recorder?.declare(banks, as: .input("filter banks"))
    let grid = run.convolution(banks, patches, frequencies: KaldiFilterBank.beatsBands)
    let tokens = grid.reshaped([grid.rows * configuration.rows, patches.outputs])
    let normed = patchNorm(tokens, run)
    let projected = projection?(normed, run) ?? normed
    func give(_ name: String, _ values: Tensor) throws -> Bool {
      guard TapKind(name).isHidden || [.projection, .finalNorm].contains(TapKind(name)) else {
        return try visit(name, values)
      }
      return try visit(name, run.frames(ofTokens: values, layout(columns: grid.rows)))
    }
    guard try give("projection", projected) else { return }
    let located = run.sum(projected, positions(projected, validFrames: projected.rows, run))
    let hidden = configuration.normalisesFirst ? located : norm(located, run)
    guard try give("hidden.0", hidden) else { return }
    let bias = distances.map {
      PositionBias(embedding: $0, frames: hidden.rows, maximumDistance: configuration.maximumDistance)
    }
    guard
      let last = try blocks.forward(
        hidden, validFrames: hidden.rows, bias: bias, wanted: wanted, on: run, visit: give),
      configuration.normalisesFirst
    else { return }
    _ = try give("final_norm", norm(last, run))
  }

  /// How tokens make frames: each column by itself.
  private func layout(columns: Int) -> FrameOperation {
    FrameOperation(leading: 0, rows: configuration.rows, columns: 1, frames: columns, strips: columns)
  }

  private func timing(samplingRate: Int) -> FrameTiming {
    FrameTiming(
      samplingRate: samplingRate, kernels: [KaldiFilterBank.window, configuration.patch],
      strides: [KaldiFilterBank.hop, configuration.patch])
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let names =
      ["projection"] + (0...blocks.count).map { "hidden.\($0)" }
      + (configuration.normalisesFirst ? ["final_norm"] : [])
    return names.map {
      TapPoint(name: $0, width: configuration.width, timing: timing(samplingRate: samplingRate))
    }
  }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }

  func attentionTaps(samplingRate: Int) -> [TapPoint] {
    zip(1..., attentionHeads).map { TapPoint(name: "attention.\($0)", width: $1, timing: nil) }
  }

  func attentionPatches(ofSamples count: Int) -> FrameOperation? {
    layout(columns: timing(samplingRate: KaldiFilterBank.samplingRate).frames(forSamples: count))
  }
}

/// The settings of a BEATs, under the names of `cfg` in its checkpoint.
struct BEATsConfiguration: Sendable, Equatable {
  /// Frames and bands of a patch.
  var patch = 16
  var patchWidth = 512
  var patchBias = false
  var width = 768
  var innerWidth = 3072
  var layers = 12
  var heads = 12
  var activation = Activation.gelu
  var normalisesFirst = false
  /// Whether what goes past a sublayer is multiplied by ⁴√(2 · layers) (DeepNorm, Wang 2022).
  var isDeep = true
  var positionalKernel = 128
  var positionalGroups = 16
  /// nil where attention has no bias for distances.
  var buckets: Int? = 320
  var maximumDistance = 800
  var isGated = true

  /// Patches at one time.
  var rows: Int { KaldiFilterBank.beatsBands / patch }

  init(_ reader: ConfigurationReader) throws {
    let extent = 1...65_536
    func refuse(_ key: String, _ found: Int, _ expected: String) -> ModelError {
      .configuration(path: reader.path, key: key, found: "\(found)", expected: expected)
    }
    patch = try reader.integer("input_patch_size", 1...KaldiFilterBank.beatsBands, default: patch)
    patchWidth = try reader.integer("embed_dim", extent, default: patchWidth)
    patchBias = try reader.bool("conv_bias", default: patchBias)
    width = try reader.integer("encoder_embed_dim", extent, default: width)
    innerWidth = try reader.integer("encoder_ffn_embed_dim", 1...262_144, default: innerWidth)
    layers = try reader.integer("encoder_layers", 1...512, default: layers)
    heads = try reader.integer("encoder_attention_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "activation_fn", default: "gelu", Activation.knownNames, Activation.init(named:))
    normalisesFirst = try reader.bool("layer_norm_first", default: normalisesFirst)
    isDeep = try reader.bool("deep_norm", default: false)
    positionalKernel = try reader.integer("conv_pos", 1...1023, default: positionalKernel)
    positionalGroups = try reader.integer("conv_pos_groups", extent, default: positionalGroups)
    let hasDistances = try reader.bool("relative_position_embedding", default: false)
    buckets = hasDistances ? try reader.integer("num_buckets", 4...65_536, default: 320) : nil
    maximumDistance = try reader.integer("max_distance", 2...1_000_000, default: 1280)
    isGated = try hasDistances && reader.bool("gru_rel_pos", default: false)
    guard width % heads == 0 else {
      throw refuse("encoder_attention_heads", heads, "a divisor of encoder_embed_dim, \(width)")
    }
    guard width % positionalGroups == 0 else {
      throw refuse("conv_pos_groups", positionalGroups, "a divisor of encoder_embed_dim, \(width)")
    }
    if let buckets, maximumDistance <= buckets / 4 {
      throw refuse("max_distance", maximumDistance, "more than a quarter of num_buckets, \(buckets)")
    }
    guard !(isDeep && normalisesFirst) else {
      throw ModelError.configuration(
        path: reader.path, key: "deep_norm", found: "true", expected: "false where layer_norm_first is true"
      )
    }
  }
}

// MARK: - Building

extension BEATs {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    let found = try TensorNames(checkpoint, anchor: "patch_embedding.weight", path: path)
    let isOurs = found?.stored["encoder.layers.0.self_attn.q_proj.weight"] != nil
    guard description.modelType.map(modelTypes.contains) ?? isOurs else { return nil }
    let told = [checkpoint.metadata["cfg"], description.configuration].compactMap { $0 }
    guard let tree = told.first(where: { $0["encoder_layers"] != nil }) else {
      throw ModelError.unstated(
        path: path, what: "its heads and whether it was trained with DeepNorm (cfg)",
        option: "the cfg of its authors' checkpoint, as JSON, with --config")
    }
    try description.expectSamplingRate(KaldiFilterBank.samplingRate)
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try BEATsConfiguration(ConfigurationReader(path: path, values: tree))
    let model = try BEATs(configuration, from: &reader)
    // All blocks share the first one's distances, and each has a copy.
    let copies = (1..<max(2, configuration.layers)).map {
      "encoder.layers.\($0).self_attn.relative_attention_bias"
    }
    let report = try description.report(
      of: reader, names, leavingOut: ["predictor", "mask_emb", "quantize", "decoder"] + copies,
      notes: ["a frame is the mean over the frequencies of the patches at one time"])
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters, report: report,
      input: .features(
        "Kaldi's filter banks, \(KaldiFilterBank.beatsBands) bands, (x − 15.41663) / 13.11164",
        samplingRate: KaldiFilterBank.samplingRate))
  }

  func untrained(seed: UInt64) throws -> BEATs {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try BEATs(configuration, from: &reader)
  }

  init(_ c: BEATsConfiguration, from reader: inout ParameterReader) throws {
    let drawn = Initialisation.normal(deviation: 0.02)
    configuration = c
    patches = GridConvolution(
      weight: try reader.tensor(
        "patch_embedding.weight", [c.patchWidth, 1, c.patch, c.patch],
        .kaiming(inputs: c.patch * c.patch)
      ).placeByPlace(),
      bias: c.patchBias
        ? try reader.tensor("patch_embedding.bias", [c.patchWidth], .zeros)
        : Tensor(shape: [c.patchWidth]),
      groups: 1,
      walk: GridWalk(
        time: .init(kernel: c.patch, stride: c.patch), frequency: .init(kernel: c.patch, stride: c.patch)))
    patchNorm = try reader.layerNorm("layer_norm", c.patchWidth, epsilon: 1e-5)
    projection =
      c.patchWidth == c.width
      ? nil : try reader.linear("post_extract_proj", c.patchWidth, c.width, weight: drawn)
    let position = "encoder.pos_conv.0"
    positions = PositionalConvolution(
      weight: try reader.weightNormed(
        position, [c.width, c.width / c.positionalGroups, c.positionalKernel],
        .normal(deviation: 2 / Double(c.positionalKernel * c.width).squareRoot())),
      bias: try reader.tensor("\(position).bias", [c.width], .zeros), groups: c.positionalGroups,
      inputScale: nil, norm: nil, activation: .gelu)
    norm = try reader.layerNorm("encoder.layer_norm", c.width, epsilon: 1e-5)
    blocks = try (0..<c.layers).map { try reader.beatsBlock("encoder.layers.\($0)", c, drawn) }
    distances = try c.buckets.map {
      try reader.tensor(
        "encoder.layers.0.self_attn.relative_attention_bias.weight", [$0, c.heads],
        .normal(deviation: 0.02))
    }
    parameters = reader.count
  }
}

extension ParameterReader {
  fileprivate mutating func beatsBlock(
    _ name: String, _ c: BEATsConfiguration, _ drawn: Initialisation
  ) throws -> TransformerBlock {
    // norm(a·x + y) is norm(x + y/a) with an epsilon that is a² times smaller.
    let depth = c.isDeep ? Double(2 * c.layers).squareRoot().squareRoot() : 1
    let epsilon = Float(1e-5 / (depth * depth))
    func projection(_ part: String) throws -> Linear {
      try linear("\(name).self_attn.\(part)_proj", c.width, c.width, weight: drawn)
    }
    let attention = SelfAttention(
      query: try projection("q"), key: try projection("k"), value: try projection("v"),
      output: try projection("out").scaled(by: Float(1 / depth)), heads: c.heads,
      gate: c.isGated
        ? PositionGate(
          projection: try linear("\(name).self_attn.grep_linear", c.width / c.heads, 8, weight: drawn),
          constant: try tensor("\(name).self_attn.grep_a", [1, c.heads, 1, 1], .ones)) : nil,
      gateReadsQueries: true)
    return TransformerBlock(
      attention: attention,
      attentionNorm: try layerNorm("\(name).self_attn_layer_norm", c.width, epsilon: epsilon),
      feedForward: FeedForward(
        up: try linear("\(name).fc1", c.width, c.innerWidth, weight: drawn),
        down: try linear("\(name).fc2", c.innerWidth, c.width, weight: drawn)
          .scaled(by: Float(1 / depth)), activation: c.activation),
      outputNorm: try layerNorm("\(name).final_layer_norm", c.width, epsilon: epsilon),
      normalisesFirst: c.normalisesFirst)
  }
}
