import Checkpoints

/// The settings of a Whisper model, from transformers' `config.json` or from openai-whisper's `dims`.
struct WhisperConfiguration: Sendable, Equatable {
  var width = 384
  /// Mel bands of the input.
  var bands = 80
  /// Encoder frames of a window; the input has twice as many mel frames.
  var positions = 1500
  var layers = 4
  var heads = 6
  var innerWidth = 1536
  var activation = Activation.gelu
  /// The deviation of freshly drawn weights.
  var initialDeviation = 0.02
  /// nil where a checkpoint has the encoder alone, whatever its configuration says.
  var decoder: Decoder?
  /// How it differs where it is the encoder of another model.
  var tower = Tower.whisper
  /// Heads of keys and values, where they serve more heads of queries.
  var keyHeads: Int?
  /// The width that its output is projected to.
  var outputWidth: Int?

  /// Encoders that are Whisper's but for what each says.
  enum Tower: Sendable, Equatable {
    case whisper
    /// Each two frames are made one before the norm.
    case qwenAudio
    /// The same, and silence behind the sound gets no attention.
    case audioFlamingo
    /// Rotary positions.
    case glmASR(RotaryPositions)
    /// Windows of so many mel frames by themselves, then as `qwenAudio`, then a projection.
    case qwenOmni(window: Int)

    /// The mel frames of a window, where the sound's are cut into windows.
    var cut: Int? {
      if case .qwenOmni(let window) = self { window } else { nil }
    }

    var isCut: Bool { cut != nil }

    var averagesPairs: Bool {
      switch self {
      case .qwenAudio, .audioFlamingo, .qwenOmni: true
      case .whisper, .glmASR: false
      }
    }
  }

  struct Decoder: Sendable, Equatable {
    var layers = 4
    var heads = 6
    var innerWidth = 1536
    /// The most tokens of a text.
    var positions = 448
    var vocabulary = 51_865
    /// Whether logits come from the embeddings.
    var isTied = true
    /// The token whose embedding starts at zero.
    var padding: Int?
  }

  /// Mel frames of a window, 10 ms each.
  var melFrames: Int { 2 * positions }
}

extension WhisperConfiguration {
  private static let extent = 1...65_536

  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader, hasDecoder: Bool) throws {
    try read(reader)
    guard hasDecoder else { return }
    var decoder = Decoder()
    decoder.layers = try reader.integer("decoder_layers", 1...512, default: decoder.layers)
    decoder.heads = try reader.integer("decoder_attention_heads", 1...1024, default: decoder.heads)
    decoder.innerWidth = try reader.integer("decoder_ffn_dim", 1...262_144, default: decoder.innerWidth)
    decoder.positions = try reader.integer("max_target_positions", 1...65_536, default: decoder.positions)
    decoder.vocabulary = try reader.integer("vocab_size", 1...1_000_000, default: decoder.vocabulary)
    decoder.isTied = try reader.bool("tie_word_embeddings", default: true)
    decoder.padding = try reader.integerIfThere("pad_token_id", 0...1_000_000)
    self.decoder = decoder
    try check(path: reader.path, headsKey: "decoder_attention_heads", heads: decoder.heads)
  }

  private mutating func read(_ reader: ConfigurationReader) throws {
    // Encoders of other models have the general names.
    func key(_ own: String, _ general: String) -> String { reader.has(own) ? own : general }
    width = try reader.integer(key("d_model", "hidden_size"), Self.extent, default: width)
    bands = try reader.integer("num_mel_bins", 1...1024, default: bands)
    positions = try reader.integer(
      key("max_source_positions", "max_position_embeddings"), 1...30_000, default: positions)
    layers = try reader.integer(key("encoder_layers", "num_hidden_layers"), 1...512, default: layers)
    heads = try reader.integer(
      key("encoder_attention_heads", "num_attention_heads"), 1...1024, default: heads)
    innerWidth = try reader.integer(
      key("encoder_ffn_dim", "intermediate_size"), 1...262_144, default: innerWidth)
    activation = try reader.choice(
      key("activation_function", "hidden_act"), default: "gelu", Activation.knownNames,
      Activation.init(named:))
    initialDeviation = try reader.number(
      key("init_std", "initializer_range"), 0...10, default: initialDeviation)
    try check(path: reader.path, headsKey: "encoder_attention_heads")
    try readTower(reader)
  }

  /// The settings of the larger models' encoders, with transformers' defaults.
  init(tower type: String, _ reader: ConfigurationReader) throws {
    (width, layers, heads, innerWidth, bands) = (1280, 32, 20, 5120, 128)
    switch type {
    case "qwen2_audio_encoder": tower = .qwenAudio
    case "audioflamingo3_encoder": tower = .audioFlamingo
    case "glmasr_encoder": tower = .glmASR(RotaryPositions(headSize: 0))
    case "qwen2_5_omni_audio_encoder": tower = .qwenOmni(window: 200)
    case "moss_transcribe_diarize_audio":
      (width, layers, heads, innerWidth, bands) = (1024, 24, 16, 4096, 80)
    default: break
    }
    try read(reader)
  }

  private mutating func readTower(_ reader: ConfigurationReader) throws {
    switch tower {
    case .qwenOmni:
      let half = try reader.integer("n_window", 1...10_000, default: 100)
      guard half % 2 == 0 else {
        throw ModelError.configuration(
          path: reader.path, key: "n_window", found: "\(half)",
          expected: "an even number: frames are paired")
      }
      tower = .qwenOmni(window: 2 * half)
      outputWidth = try reader.integer("output_dim", Self.extent, default: 3584)
    case .glmASR:
      keyHeads = try reader.integer("num_key_value_heads", 1...heads, default: heads)
      let size = try reader.integer("head_dim", 1...width, default: width / heads)
      guard size == width / heads else {
        throw ModelError.configuration(
          path: reader.path, key: "head_dim", found: "\(size)", expected: "\(width / heads), width by heads"
        )
      }
      tower = .glmASR(try reader.rotary(headSize: size, part: 0.5))
    default: break
    }
    guard heads % (keyHeads ?? heads) == 0 else {
      throw ModelError.configuration(
        path: reader.path, key: "num_key_value_heads", found: "\(keyHeads ?? heads)",
        expected: "a divisor of num_attention_heads, \(heads)")
    }
  }

  /// Reads openai-whisper's `dims`, which has no defaults; the inner width is a tensor's.
  init(dimensions reader: ConfigurationReader, _ parameters: ParameterReader) throws {
    func required(_ key: String, _ range: ClosedRange<Int>) throws -> Int {
      guard let value = try reader.integerIfThere(key, range) else {
        throw ModelError.configuration(
          path: reader.path, key: "dims.\(key)", found: "not there", expected: "a whole number")
      }
      return value
    }
    width = try required("n_audio_state", 1...16_384)
    bands = try required("n_mels", 1...1024)
    positions = try required("n_audio_ctx", 1...30_000)
    layers = try required("n_audio_layer", 1...512)
    heads = try required("n_audio_head", 1...1024)
    innerWidth = try parameters.knownShape(of: "encoder.layers.0.fc1.weight", rank: 2)[0]
    try check(path: reader.path, headsKey: "n_audio_head")
    guard parameters.hasDecoder else { return }
    var decoder = Decoder()
    decoder.layers = try required("n_text_layer", 1...512)
    decoder.heads = try required("n_text_head", 1...1024)
    decoder.positions = try required("n_text_ctx", 1...65_536)
    decoder.vocabulary = try required("n_vocab", 1...1_000_000)
    decoder.innerWidth = try parameters.knownShape(of: "decoder.layers.0.fc1.weight", rank: 2)[0]
    self.decoder = decoder
    try check(path: reader.path, headsKey: "n_text_head", heads: decoder.heads)
  }

  /// What the tensors' shapes show; the rest is as in every published Whisper, with a note that says so.
  init(
    shapesIn reader: ParameterReader, _ description: ModelDescription, _ notes: inout [String]
  ) throws {
    let path = description.path
    let convolution = try reader.knownShape(of: "encoder.conv1.weight", rank: 3)
    (width, bands) = (convolution[0], convolution[1])
    positions = try reader.knownShape(of: "encoder.embed_positions.weight", rank: 2)[0]
    layers = max(1, (0..<512).prefix { reader.has("encoder.layers.\($0).fc1.weight") }.count)
    innerWidth = try reader.knownShape(of: "encoder.layers.0.fc1.weight", rank: 2)[0]
    heads = try description.heads(ofWidth: width, &notes)
    if reader.hasDecoder {
      decoder = Decoder(
        layers: max(1, (0..<512).prefix { reader.has("decoder.layers.\($0).fc1.weight") }.count),
        heads: heads, innerWidth: try reader.knownShape(of: "decoder.layers.0.fc1.weight", rank: 2)[0],
        positions: try reader.knownShape(of: "decoder.embed_positions.weight", rank: 2)[0],
        vocabulary: try reader.knownShape(of: "decoder.embed_tokens.weight", rank: 2)[0])
    }
    notes.append("no configuration came with \(path): it was read off the tensors")
    try check(path: path, headsKey: "heads")
  }

  /// What must hold between settings.
  private func check(path: String, headsKey: String, heads: Int? = nil) throws {
    let heads = heads ?? self.heads
    guard heads > 0, width % heads == 0 else {
      throw ModelError.configuration(
        path: path, key: headsKey, found: "\(heads)", expected: "a divisor of the width, \(width)")
    }
    guard width % 2 == 0 else {
      throw ModelError.configuration(
        path: path, key: "d_model", found: "\(width)", expected: "an even number (sines and cosines)")
    }
  }
}

extension ParameterReader {
  /// Whether a checkpoint of Whisper has its decoder too.
  var hasDecoder: Bool { has("decoder.embed_tokens.weight") }
}
