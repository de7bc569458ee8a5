import Audio
import Checkpoints
import Tensors

extension ClapAudio {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let found = try TensorNames(
      description.checkpoint, anchor: "audio_encoder.patch_embed.proj.weight", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    let names = found ?? TensorNames(description.checkpoint)
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    var notes: [String] = []
    var configuration = try configuration(description, reader, &notes)
    if let shape = reader.shape(of: "audio_projection.linear1.weight"), shape.count == 2,
      (1...65_536).contains(shape[0])
    {
      configuration.sharedWidth = shape[0]
    }
    let frontEnd = try frontEnd(description, configuration, &notes)
    notes.append("a frame is the mean over the frequencies of the patches at one time")
    if configuration.isFused {
      notes.append(
        "windows of 10 s are not fused: its fusion layers, for longer sounds, are left out (transformers' extractor "
          + "marks one sound of every batch of short ones as longer, and fuses that)")
    }
    notes.append("sounds are read in windows of 10 s, a shorter one repeated to fill it")
    let model = ClapAudio(
      configuration: configuration, frontEnd: frontEnd.mel,
      network: try SwinTransformer(configuration, from: &reader),
      shared: try SharedProjection(configuration, from: &reader), parameters: reader.count)
    let report = try description.report(
      of: reader, names, leavingOut: leftovers(configuration), notes: notes)
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters, report: report,
      input: .features(
        "CLAP's log-mel of \(configuration.bands) bands from \(frontEnd.range) Hz, in windows of 10 s",
        samplingRate: samplingRate))
  }

  private static func configuration(
    _ description: ModelDescription, _ reader: ParameterReader, _ notes: inout [String]
  ) throws -> ClapAudioConfiguration {
    guard let tree = description.configuration else {
      return try ClapAudioConfiguration(shapesIn: reader, path: description.path, &notes)
    }
    return try ClapAudioConfiguration(
      ConfigurationReader(path: description.configurationPath, values: tree))
  }

  /// The feature extractor's settings, of which only the bands' range differs between published models.
  private static func frontEnd(
    _ description: ModelDescription, _ c: ClapAudioConfiguration, _ notes: inout [String]
  ) throws -> (mel: LogMel, range: String) {
    if let rate = description.samplingRate, rate != samplingRate {
      throw ModelError.configuration(
        path: description.path, key: "sampling_rate", found: "\(rate)",
        expected: "48000 Hz, as CLAP's bands are for")
    }
    let settings = description.preprocessing ?? .dictionary([:])
    let reader = ConfigurationReader(
      path: description.folder + "/preprocessor_config.json", values: settings)
    for (key, only) in [("fft_window_size", 1024), ("hop_length", 480), ("max_length_s", 10)] {
      _ = try reader.integer(key, only...only, default: only)
    }
    if description.preprocessing == nil {
      notes.append("mel bands from 0 to 14000 Hz, as transformers has them")
    }
    let low = try reader.number("frequency_min", 0...23_000, default: 0)
    let high = try reader.number("frequency_max", (low + 1)...24_000, default: 14_000)
    // The extractor has HTK's bands for fusion and Slaney's for the other ways of shortening.
    let isHTK = settings["truncation"]?.string.map { $0 == "fusion" } ?? c.isFused
    return (
      LogMel.clap(bands: c.bands, from: low, to: high, isFused: isHTK), "\(Int(low)) to \(Int(high))"
    )
  }

  /// What only training needs, and tables that follow from the settings. The text tower stands outside.
  private static func leftovers(_ c: ClapAudioConfiguration) -> [String] {
    [
      "audio_encoder.batch_norm.num_batches_tracked", "audio_encoder.patch_embed.fusion_model",
      "audio_encoder.patch_embed.mel_conv2d",
    ]
      + zip(0..., c.depths).flatMap { stage, depth in
        (0..<depth).map {
          "audio_encoder.layers.\(stage).blocks.\($0).attention.self.relative_position_index"
        }
      }
  }

  func untrained(seed: UInt64) throws -> ClapAudio {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    var twin = self
    twin.network = try SwinTransformer(configuration, from: &reader)
    twin.shared = try SharedProjection(configuration, from: &reader)
    return twin
  }
}

// MARK: - Parameters

extension ClapAudio.SharedProjection {
  init?(_ c: ClapAudioConfiguration, from reader: inout ParameterReader) throws {
    guard let width = c.sharedWidth else { return nil }
    let drawn = Initialisation.normal(deviation: c.sharedDeviation)
    activation = c.sharedActivation
    first = try reader.linear("audio_projection.linear1", c.outputWidth, width, weight: drawn)
    second = try reader.linear("audio_projection.linear2", width, width, weight: drawn)
  }
}

extension SwinTransformer {
  init(_ c: ClapAudioConfiguration, from reader: inout ParameterReader) throws {
    let drawn = Initialisation.normal(deviation: c.initialDeviation)
    let scale = try reader.batchNorm("audio_encoder.batch_norm", c.bands)
    bandScale = ChannelScaleOperation(factor: scale.factor, summand: scale.summand)
    picture = PictureOperation(columns: c.pictureSide, strips: c.strips)
    patches = PatchOperation(
      patch: c.patch, rows: c.grid, columns: c.grid, timeStride: c.patch, frequencyStride: c.patch)
    let name = "audio_encoder.patch_embed"
    let kernel = try reader.tensor("\(name).proj.weight", [c.width, 1, c.patch, c.patch], drawn)
    projection = Linear(
      weight: kernel.count == 0 ? kernel : kernel.reshaped([c.width, c.patch * c.patch]),
      bias: try reader.tensor("\(name).proj.bias", [c.width], .zeros))
    patchNorm = c.hasPatchNorm ? try reader.layerNorm("\(name).norm", c.width, epsilon: 1e-5) : nil
    stages = try c.depths.indices.map { try Stage(c, $0, from: &reader, drawn) }
    norm = try reader.layerNorm("audio_encoder.norm", c.outputWidth, epsilon: 1e-5)
  }
}

extension SwinTransformer.Stage {
  fileprivate init(
    _ c: ClapAudioConfiguration, _ stage: Int, from reader: inout ParameterReader, _ drawn: Initialisation
  ) throws {
    let (name, tokens) = ("audio_encoder.layers.\(stage)", c.width(ofStage: stage))
    (height, width) = (c.grid >> stage, c.grid >> stage)
    var made: [SwinTransformer.Block] = []
    for index in 0..<c.depths[stage] {
      // A grid of one window has nothing to shift.
      let isShifted = index % 2 == 1 && c.grid >> stage > c.windowSide
      let windows = TokenWindows(
        height: c.grid >> stage, width: c.grid >> stage, side: c.windowSide,
        shift: isShifted ? c.windowSide / 2 : 0)
      made.append(
        try SwinTransformer.Block(
          c, "\(name).blocks.\(index)", tokens, heads: c.heads[stage], windows, from: &reader, drawn))
    }
    blocks = made
    guard stage + 1 < c.depths.count else { return }
    merging = SwinTransformer.Merging(
      neighbours: NeighbourOperation(height: c.grid >> stage, width: c.grid >> stage),
      norm: try reader.layerNorm("\(name).downsample.norm", 4 * tokens, epsilon: 1e-5),
      reduction: try reader.linear(
        "\(name).downsample.reduction", 4 * tokens, 2 * tokens, weight: drawn, bias: nil))
  }
}

extension SwinTransformer.Block {
  fileprivate init(
    _ c: ClapAudioConfiguration, _ name: String, _ width: Int, heads: Int, _ windows: TokenWindows,
    from reader: inout ParameterReader, _ drawn: Initialisation
  ) throws {
    let epsilon = Float(c.epsilon)
    let bias: Initialisation? = c.attentionBias ? .zeros : nil
    func projection(_ part: String, _ reader: inout ParameterReader) throws -> Linear {
      try reader.linear("\(name).attention.self.\(part)", width, width, weight: drawn, bias: bias)
    }
    query = try projection("query", &reader)
    key = try projection("key", &reader)
    value = try projection("value", &reader)
    output = try reader.linear("\(name).attention.output.dense", width, width, weight: drawn)
    let offsets = 2 * windows.side - 1
    let table = try reader.tensor(
      "\(name).attention.self.relative_position_bias_table", [offsets * offsets, heads], .zeros)
    attention = WindowAttentionOperation(
      windows: windows, bias: table.count == 0 ? table : windows.pairs(of: table))
    attentionNorm = try reader.layerNorm("\(name).layernorm_before", width, epsilon: epsilon)
    outputNorm = try reader.layerNorm("\(name).layernorm_after", width, epsilon: epsilon)
    let inner = max(1, Int(c.innerRatio * Double(width)))
    feedForward = FeedForward(
      up: try reader.linear("\(name).intermediate.dense", width, inner, weight: drawn),
      down: try reader.linear("\(name).output.dense", inner, width, weight: drawn), activation: c.activation
    )
  }
}
