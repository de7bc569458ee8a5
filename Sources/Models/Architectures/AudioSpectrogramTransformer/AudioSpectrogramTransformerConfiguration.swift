import Checkpoints

/// The settings of an Audio Spectrogram Transformer, under the names that its `config.json` has for them.
struct AudioSpectrogramTransformerConfiguration: Sendable, Equatable {
  // Input
  var bands = 128
  /// Mel frames of a window, 10 ms each.
  var melFrames = 1024
  var patch = 16
  var timeStride = 10
  var frequencyStride = 10
  // Transformer
  var width = 768
  var innerWidth = 3072
  var layers = 12
  var heads = 12
  var activation = Activation.gelu
  /// Whether queries, keys and values have biases.
  var attentionBias = true
  var epsilon = 1e-12
  /// Outputs of the classification head, where there is one; the checkpoint's tensors say so.
  var classes: Int?
  /// The deviation of freshly drawn weights.
  var initialDeviation = 0.02

  /// Patches along time and along frequency.
  var columns: Int { (melFrames - patch) / timeStride + 1 }
  var rows: Int { (bands - patch) / frequencyStride + 1 }
}

extension AudioSpectrogramTransformerConfiguration {
  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader) throws {
    let extent = 1...65_536
    bands = try reader.integer("num_mel_bins", 1...1024, default: bands)
    melFrames = try reader.integer("max_length", 1...60_000, default: melFrames)
    patch = try reader.integer("patch_size", 1...256, default: patch)
    timeStride = try reader.integer("time_stride", 1...1024, default: timeStride)
    frequencyStride = try reader.integer("frequency_stride", 1...1024, default: frequencyStride)
    width = try reader.integer("hidden_size", extent, default: width)
    innerWidth = try reader.integer("intermediate_size", 1...262_144, default: innerWidth)
    layers = try reader.integer("num_hidden_layers", 1...512, default: layers)
    heads = try reader.integer("num_attention_heads", 1...1024, default: heads)
    activation = try reader.choice(
      "hidden_act", default: "gelu", Activation.knownNames, Activation.init(named:))
    attentionBias = try reader.bool("qkv_bias", default: attentionBias)
    epsilon = try reader.number("layer_norm_eps", 0...1, default: epsilon)
    initialDeviation = try reader.number("initializer_range", 0...10, default: initialDeviation)
    try check(path: reader.path)
  }

  /// What the tensors' shapes show; the rest is as in every published model, with a note that says so.
  init(
    shapesIn reader: ParameterReader, _ description: ModelDescription, _ notes: inout [String]
  ) throws {
    let path = description.path
    let projection = try reader.knownShape(
      of: "embeddings.patch_embeddings.projection.weight", rank: 4)
    (width, patch) = (projection[0], projection[2])
    layers = max(
      1, (0..<512).prefix { reader.has("encoder.layer.\($0).intermediate.dense.weight") }.count)
    innerWidth = try reader.knownShape(of: "encoder.layer.0.intermediate.dense.weight", rank: 2)[0]
    attentionBias = reader.has("encoder.layer.0.attention.attention.query.bias")
    let patches = try reader.knownShape(of: "embeddings.position_embeddings", rank: 3)[1] - 2
    guard patch <= bands, patches > 0, patches % rows == 0 else {
      throw ModelError.unstated(
        path: path, what: "how its \(patches) patches of \(patch) lie in time and frequency",
        option: "a config.json with --config")
    }
    melFrames = (patches / rows - 1) * timeStride + patch
    notes.append("\(bands) bands and patches 10 apart, as in every published model of this family")
    heads = try description.heads(ofWidth: width, &notes)
    notes.append("no configuration came with \(path): it was read off the tensors")
    try check(path: path)
  }

  /// What must hold between settings.
  private func check(path: String) throws {
    func refuse(_ key: String, _ found: Int, _ expected: String) -> ModelError {
      .configuration(path: path, key: key, found: "\(found)", expected: expected)
    }
    guard heads > 0, width % heads == 0 else {
      throw refuse("num_attention_heads", heads, "a divisor of hidden_size, \(width)")
    }
    guard patch <= min(bands, melFrames) else {
      throw refuse("patch_size", patch, "no more than num_mel_bins, \(bands), and max_length, \(melFrames)")
    }
    guard columns * rows <= 20_000 else {
      throw refuse("max_length", melFrames, "no more than 20000 patches (they would be \(columns * rows))")
    }
  }
}
