import Audio
import Checkpoints
import Tensors

/// Whisper (Radford 2022): a log-mel front end, an encoder that always reads a whole window (30 s as published), and
/// a decoder.
///
/// The sound is filled up with silence inside; frames without sound are dropped before anything is given out. Longer
/// sounds are read in consecutive windows whose frames stand one after the other: frame *i* is at 20·i ms.
struct Whisper: WindowedArchitecture, DecodingArchitecture, TrainableArchitecture {
  static let modelTypes = ["whisper"] + towerTypes

  /// Samples from one frame to the next of the mel spectrogram, and of the encoder.
  private static let (melHop, hop) = (160, 320)
  private static let samplingRate = 16_000

  var configuration: WhisperConfiguration
  /// Whether the sound is brought to zero mean and unit variance before its spectrogram, as some fine-tuned
  /// models have it.
  var normalisesInput: Bool
  var frontEnd: LogMel
  var encoder: WhisperEncoder
  var decoder: WhisperDecoder?
  var parameters: Int
  /// Whether frames without sound are given out too: heads of transformers take the mean over the whole window.
  var keepsSilence = false

  var window: InputWindow {
    var length = configuration.positions * Self.hop
    if case .qwenOmni(let frames) = configuration.tower { length = frames * Self.melHop }
    return InputWindow(length: length, step: length, minimum: 1)
  }

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let sound = normalised(samples.prefix(validSamples))
    guard case .qwenOmni = configuration.tower else {
      return try forward(windowsOf: sound, wanted: wanted, on: run, visit: visit)
    }
    // One spectrogram of the whole sound, followed by silence, is cut: its loudest value counts for all windows.
    let frames = (sound.count + Self.melHop - 1) / Self.melHop
    let mel = try frontEnd.features(
      of: Waveform(samples: sound, samplingRate: Self.samplingRate), padded: (frames + 4) * Self.melHop)
    try forward(windowsOf: sound, wanted: wanted, on: run, visit: visit) { samples, visit in
      let first = samples.lowerBound / Self.melHop
      let end = min(frames, first + window.length / Self.melHop)
      let own = mel.rows(first..<end)
      run.recorder?.declare(own, as: .input("mel"))
      try encoder.forward(own, wanted: wanted, on: run, visit: visit)
    }
  }

  func forward(
    window samples: ArraySlice<Float>, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    // As transformers counts the frames that are sound, a last one that lies half in it among them.
    let valid =
      configuration.tower == .audioFlamingo
      ? ((samples.count + Self.melHop - 1) / Self.melHop - 1) / 2 + 1 : nil
    try encoder.forward(features(of: samples, run), validFrames: valid, wanted: wanted, on: run) {
      name, values in
      try visit(name, inSound(values, of: name, samples.count))
    }
  }

  func forward(
    _ samples: [Float], tokens: [Int], wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let sound = normalised(samples[...])
    var states: Tensor?
    try encoder.forward(features(of: sound[...], run), wanted: wanted, on: run) { name, values in
      guard try visit(name, inSound(values, of: name, sound.count)) else { return false }
      if name == "final_norm" { states = values }
      return true
    }
    guard let states, let decoder else { return }
    try decoder.forward(tokens, over: states, wanted: wanted, on: run) { name, values in
      guard case .tower(_, .crossAttention) = TapKind(name) else { return try visit(name, values) }
      return try visit(name, inSound(values, of: name, sound.count))
    }
  }

  private func normalised(_ samples: ArraySlice<Float>) -> [Float] {
    let sound = Waveform(samples: Array(samples), samplingRate: Self.samplingRate)
    return normalisesInput ? sound.normalised().samples : sound.samples
  }

  /// `[2 · positions × bands]` of a window.
  private func features(of samples: ArraySlice<Float>, _ run: Evaluation) throws -> Tensor {
    let sound = Waveform(samples: Array(samples), samplingRate: Self.samplingRate)
    let mel = try frontEnd.features(of: sound, padded: window.length)
    run.recorder?.declare(mel, as: .input("mel"))
    return mel
  }

  /// A tap's values without those of frames behind the sound.
  private func inSound(_ values: Tensor, of name: String, _ samples: Int) -> Tensor {
    if keepsSilence { return values }
    let isPaired = configuration.tower.averagesPairs && (name == "final_norm" || name == "output")
    let hop = name == "conv.1" ? Self.melHop : Self.hop
    let frames = isPaired ? max(1, (samples + hop - 1) / hop / 2) : (samples + hop - 1) / hop
    guard values.shape.count == 3 else { return values.rows(0..<min(frames, values.rows)) }
    let isCross = name.hasPrefix("decoder.")
    return values.leading(queries: isCross ? values.shape[1] : frames, keys: frames)
  }

  /// Those of a frame, or of a pair.
  func minimumSamples(samplingRate: Int) -> Int { configuration.tower.averagesPairs ? Self.hop + 1 : 1 }
}

extension Tensor {
  /// The first queries and keys of attention weights, `[heads × all queries × all keys]`.
  fileprivate func leading(queries: Int, keys: Int) -> Tensor {
    let (heads, allQueries, allKeys) = (shape[0], shape[1], shape[2])
    guard queries < allQueries || keys < allKeys else { return self }
    return withUnsafeBuffer { source in
      Tensor(shape: [heads, queries, keys]) { target in
        for row in 0..<(heads * queries) {
          let from = (row / queries * allQueries + row % queries) * allKeys
          for key in 0..<keys { target[row * keys + key] = source[from + key] }
        }
      }
    }
  }
}

// MARK: - Tap points

extension Whisper {
  func taps(samplingRate: Int) -> [TapPoint] {
    // Each convolution sees three frames of what is before it; its zeros at the ends keep frame 0 at time 0.
    func timing(stride: Int, field: Int) -> FrameTiming {
      FrameTiming(
        samplingRate: samplingRate, strideSamples: stride, receptiveFieldSamples: field,
        firstCentreSample: 0)
    }
    let first = timing(stride: Self.melHop, field: 400 + 2 * Self.melHop)
    let whole = timing(stride: Self.hop, field: 400 + 4 * Self.melHop)
    // A pair's centre is between those of its two frames.
    let pair = FrameTiming(
      samplingRate: samplingRate, strideSamples: 2 * Self.hop,
      receptiveFieldSamples: whole.receptiveFieldSamples + Self.hop, firstCentreSample: Double(Self.hop) / 2
    )
    let last = configuration.tower.averagesPairs ? pair : whole
    let names = ["conv.2"] + (0...configuration.layers).map { "hidden.\($0)" }
    return [TapPoint(name: "conv.1", width: configuration.width, timing: first)]
      + names.map { TapPoint(name: $0, width: configuration.width, timing: whole) }
      + [TapPoint(name: "final_norm", width: configuration.width, timing: last)]
      + (configuration.outputWidth.map { [TapPoint(name: "output", width: $0, timing: last)] } ?? [])
  }

  var attentionHeads: [Int] { encoder.blocks.map(\.attention.heads) }

  var decoding: Decoding? {
    guard let settings = configuration.decoder, let decoder else { return nil }
    func tap(_ name: String, _ width: Int) -> TapPoint { TapPoint(name: name, width: width, timing: nil) }
    let states = (0...settings.layers).map { "decoder.hidden.\($0)" } + ["decoder.final_norm"]
    return Decoding(
      vocabulary: settings.vocabulary, longestText: settings.positions, longestSound: window.length,
      taps: states.map { tap($0, configuration.width) } + [tap("logits", settings.vocabulary)],
      attentionTaps: zip(1..., decoder.blocks).flatMap { number, block in
        [block.attentionName(number), block.crossAttentionName(number)].map { tap($0, settings.heads) }
      })
  }
}

// MARK: - Building

extension Whisper {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    // The one name that transformers and openai-whisper have in common.
    let found =
      try TensorNames(description.checkpoint, anchor: "encoder.conv1.weight", path: path)?
      .renamed(by: .whisper, withoutPrefix: "model.")
      ?? encoderAlone(description)
    let isWhisper = found?.stored["encoder.embed_positions.weight"] != nil
    guard isWhisper || description.modelType.map(modelTypes.contains) == true else { return nil }
    let names = found ?? TensorNames(description.checkpoint)
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    var notes: [String] = []
    let configuration = try configuration(description, reader, &notes)
    if let rate = description.samplingRate, rate != samplingRate {
      throw ModelError.configuration(
        path: path, key: "sampling_rate", found: "\(rate)", expected: "16000 Hz, as Whisper's bands are for"
      )
    }
    let seconds = configuration.tower.cut.map { Double($0) / 100 } ?? Double(configuration.melFrames) / 100
    notes.append("sounds longer than \(seconds) s are read in consecutive windows of that length")
    let encoder = try WhisperEncoder(configuration, from: &reader)
    let decoder = try configuration.decoder.map {
      try WhisperDecoder($0, configuration, from: &reader)
    }
    let model = Whisper(
      configuration: configuration, normalisesInput: description.normalisesInput ?? false,
      frontEnd: LogMel.whisper(bands: configuration.bands), encoder: encoder, decoder: decoder,
      parameters: reader.count)
    let report = try description.report(of: reader, names, leavingOut: leftovers, notes: notes)
    let span = configuration.tower.isCut ? "" : " in windows of \(seconds) s"
    let features = "Whisper's log-mel of \(configuration.bands) bands" + span
    return BuiltModel(
      architecture: model, family: description.modelType ?? modelTypes[0], parameters: model.parameters,
      report: report,
      input: .features(
        (model.normalisesInput ? "zero mean, unit variance, then " : "") + features,
        samplingRate: samplingRate))
  }

  private static func configuration(
    _ description: ModelDescription, _ reader: ParameterReader, _ notes: inout [String]
  ) throws -> WhisperConfiguration {
    if let tree = description.configuration, let type = description.modelType, towerTypes.contains(type) {
      return try WhisperConfiguration(
        tower: type, ConfigurationReader(path: description.configurationPath, values: tree))
    }
    if let tree = description.configuration {
      return try WhisperConfiguration(
        ConfigurationReader(path: description.configurationPath, values: tree),
        hasDecoder: reader.hasDecoder)
    }
    if let dimensions = description.checkpoint.metadata["dims"] {
      return try WhisperConfiguration(
        dimensions: ConfigurationReader(path: description.path, values: dimensions), reader)
    }
    return try WhisperConfiguration(shapesIn: reader, description, &notes)
  }

  /// An encoder whose tensors stand at the top or behind any prefix, without the part that is called encoder.
  private static func encoderAlone(_ description: ModelDescription) throws -> TensorNames? {
    guard
      let found = try TensorNames(description.checkpoint, anchor: "conv1.weight", path: description.path),
      found.stored["conv2.weight"] != nil, found.stored["layers.0.self_attn.q_proj.weight"] != nil
    else { return nil }
    return found.renamed { "encoder." + $0 }.renamed(by: .glmASR, withoutPrefix: "")
      .renamed { $0.replacing("encoder.ln_post.", with: "encoder.layer_norm.") }
  }

  /// What a checkpoint may hold beside the model: the output layer where it is the embeddings, and heads for other tasks.
  private static let leftovers = [
    "proj_out", "projector", "classifier", "layer_weights", "encoder.audio_bos_eos_token",
    "encoder.positional_embedding",
  ]

  /// Encoders of larger models that are Whisper's but for what `WhisperConfiguration.Tower` says.
  private static let towerTypes = [
    "qwen2_audio_encoder", "audioflamingo3_encoder", "voxtral_encoder", "moss_transcribe_diarize_audio",
    "glmasr_encoder", "qwen2_5_omni_audio_encoder",
  ]

  func isRebuilt(_ parameter: String) -> Bool { parameter.hasPrefix("encoder.") }

  /// Sinusoids, which were never learned.
  func isFixed(_ parameter: String) -> Bool { parameter == "encoder.embed_positions.weight" }

  func rebuilt(from reader: inout ParameterReader) throws -> Whisper {
    var changed = self
    changed.encoder = try WhisperEncoder(configuration, from: &reader)
    (changed.decoder, changed.configuration.decoder, changed.keepsSilence) = (nil, nil, true)
    return changed
  }

  func untrained(seed: UInt64) throws -> Whisper {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    var twin = self
    twin.encoder = try WhisperEncoder(configuration, from: &reader)
    twin.decoder = try configuration.decoder.map { try WhisperDecoder($0, configuration, from: &reader) }
    return twin
  }
}
