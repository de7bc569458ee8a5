import Checkpoints

/// The settings of CLAP's audio tower, under the names that its `config.json` has for them.
struct ClapAudioConfiguration: Sendable, Equatable {
  // Input
  var bands = 64
  /// The side of the picture that the spectrogram is laid out as.
  var pictureSide = 256
  var patch = 4
  // Transformer
  /// Of the patches; each stage doubles it.
  var width = 96
  var depths = [2, 2, 6, 2]
  var heads = [4, 8, 16, 32]
  var windowSide = 8
  var innerRatio = 4.0
  /// Whether it can fuse views of a long sound, which windows of 10 s never ask for.
  var isFused = false
  var hasPatchNorm = true
  var attentionBias = true
  var activation = Activation.gelu
  var epsilon = 1e-5
  // Into the space shared with texts
  var sharedActivation = Activation.relu
  /// Its width, where the checkpoint has that projection; the tensors say so.
  var sharedWidth: Int?
  /// The deviation of freshly drawn weights of the tower, and of the projection.
  var initialDeviation = 1 / (768.0 * 8).squareRoot()
  var sharedDeviation = 1 / (768.0 * 8).squareRoot()

  var strips: Int { pictureSide / bands }
  /// Patches along each side of the picture.
  var grid: Int { pictureSide / patch }
  func width(ofStage stage: Int) -> Int { width << stage }
  var outputWidth: Int { width(ofStage: depths.count - 1) }
}

extension ClapAudioConfiguration {
  /// Reads a `config.json`'s tree, of the whole model or of the tower alone; what it leaves out has the value that
  /// transformers gives it.
  init(_ whole: ConfigurationReader) throws {
    let tower = whole.values["audio_config"] ?? whole.values
    let reader = ConfigurationReader(path: whole.path, values: tower)
    bands = try reader.integer("num_mel_bins", 1...1024, default: bands)
    pictureSide = try reader.integer("spec_size", 1...2048, default: pictureSide)
    patch = try reader.integer("patch_size", 1...256, default: patch)
    let strides = try reader.integers("patch_stride", 1...256, count: 2...2, default: [patch, patch])
    width = try reader.integer("patch_embeds_hidden_size", 1...8192, default: width)
    depths = try reader.integers("depths", 1...128, count: 1...8, default: depths)
    heads = try reader.integers("num_attention_heads", 1...1024, count: 1...8, default: heads)
    windowSide = try reader.integer("window_size", 1...64, default: windowSide)
    innerRatio = try reader.number("mlp_ratio", 0.01...64, default: innerRatio)
    hasPatchNorm = try reader.bool("enable_patch_layer_norm", default: hasPatchNorm)
    attentionBias = try reader.bool("qkv_bias", default: attentionBias)
    activation = try reader.choice(
      "hidden_act", default: "gelu", Activation.knownNames, Activation.init(named:))
    sharedActivation = try reader.choice(
      "projection_hidden_act", default: "relu", Activation.knownNames, Activation.init(named:))
    epsilon = try reader.number("layer_norm_eps", 0...1, default: epsilon)
    initialDeviation = try Self.deviation(reader, width: 768, layers: depths.count)
    sharedDeviation = try Self.deviation(whole, width: 768, layers: depths.count)
    guard strides == [patch, patch] else {
      throw Self.refuse(reader.path, "patch_stride", "\(strides)", "patch_size, \(patch), both ways")
    }
    isFused = try reader.bool("enable_fusion", default: false)
    // With channel_map every window has four channels.
    if isFused, let kind = reader.values["fusion_type"]?.string,
      !["aff_2d", "daf_2d", "iaff_2d"].contains(kind)
    {
      throw Self.refuse(reader.path, "fusion_type", kind, "aff_2d, daf_2d or iaff_2d")
    }
    try check(path: reader.path)
  }

  private static func deviation(_ reader: ConfigurationReader, width: Int, layers: Int) throws -> Double {
    let width = try reader.integer("hidden_size", 1...1_048_576, default: width)
    let layers = try reader.integer("num_hidden_layers", 1...4096, default: layers)
    return try reader.number("initializer_factor", 0...10, default: 1)
      / (Double(width) * 2 * Double(layers)).squareRoot()
  }

  /// What the tensors' shapes show; the rest is as in every published model.
  init(shapesIn reader: ParameterReader, path: String, _ notes: inout [String]) throws {
    let projection = try reader.knownShape(of: "audio_encoder.patch_embed.proj.weight", rank: 4)
    (width, patch) = (projection[0], projection[2])
    bands = try reader.knownShape(of: "audio_encoder.batch_norm.weight", rank: 1)[0]
    func block(_ stage: Int, _ block: Int) -> String { "audio_encoder.layers.\(stage).blocks.\(block)" }
    let table = "attention.self.relative_position_bias_table"
    let count = (0..<8).prefix { reader.has("\(block($0, 0)).\(table)") }.count
    depths = (0..<count).map { stage in
      (0..<128).prefix { reader.has("\(block(stage, $0)).\(table)") }.count
    }
    heads = []
    for stage in 0..<count {
      let shape = try reader.knownShape(of: "\(block(stage, 0)).\(table)", rank: 2)
      heads.append(shape[1])
      windowSide = (Int(Double(shape[0]).squareRoot()) + 1) / 2
    }
    let inner = try reader.knownShape(of: "\(block(0, 0)).intermediate.dense.weight", rank: 2)
    innerRatio = Double(inner[0]) / Double(width)
    hasPatchNorm = reader.has("audio_encoder.patch_embed.norm.weight")
    attentionBias = reader.has("\(block(0, 0)).attention.self.query.bias")
    isFused = reader.has("audio_encoder.patch_embed.mel_conv2d.weight")
    notes.append("no configuration came with \(path): it was read off the tensors")
    try check(path: path)
  }

  private static func refuse(
    _ path: String, _ key: String, _ found: String, _ expected: String
  ) -> ModelError { .configuration(path: path, key: key, found: found, expected: expected) }

  /// What must hold between settings.
  private func check(path: String) throws {
    guard heads.count == depths.count,
      heads.indices.allSatisfy({ width(ofStage: $0) % heads[$0] == 0 })
    else {
      throw Self.refuse(
        path, "num_attention_heads", "\(heads)",
        "one for each of the \(depths.count) stages, a divisor of its width (\(width), doubled each time)")
    }
    guard pictureSide % bands == 0, bands % patch == 0 else {
      throw Self.refuse(
        path, "spec_size", "\(pictureSide)",
        "a multiple of num_mel_bins, \(bands), itself one of patch_size")
    }
    // Each stage's grid is cut into whole windows, and each strip into whole rows of it.
    let deepest = 1 << (depths.count - 1)
    guard grid % (deepest * windowSide) == 0, bands / patch % deepest == 0,
      ClapAudio.windowSamples % (grid * strips) == 0
    else {
      throw Self.refuse(
        path, "spec_size", "\(pictureSide)",
        "a picture that \(depths.count) stages halve into whole windows of \(windowSide) tokens")
    }
  }
}
