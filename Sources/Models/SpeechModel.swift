import Audio
import Checkpoints
import Tensors

/// A trained speech model, ready to be run and looked into.
///
/// ```swift
/// let model = try SpeechModel.load("model.ckpt")
/// try model.forward(Waveform.read("speech.flac"), taps: ["hidden.6", "attention.2"]) { name, values in
///   print(name, values.shape)
/// }
/// ```
/// A value: copies share weights and the memory that passes use. Any number of threads may run it at once.
public struct SpeechModel: Sendable {
  /// What it is called after: its folder or file.
  public let name: String
  /// wav2vec2, hubert, wavlm, data2vec-audio, whisper.
  public let family: String
  /// The XXH3-128 hash of the weights' files; an untrained twin's says of which model and with which seed.
  public let fingerprint: String
  /// A hash of what its values hang on beside the weights: configuration, input, what the caller has said.
  public let settings: String
  /// The number of values of all parameters that are used.
  public let parameters: Int
  /// Samples a second of its input.
  public let samplingRate: Int
  /// Whether its input is brought to zero mean and unit variance.
  public let normalisesInput: Bool
  /// What is then added to the variance.
  public let normalisationEpsilon: Double
  /// What is done to the sound before the first layer, in words.
  public let inputNormalisation: String
  /// The places whose values can be had, in the order of the data.
  public let taps: [TapPoint]
  /// What became of the checkpoint's tensors, and what was assumed.
  public let tensorReport: TensorReport
  /// What cuts a text into the tokens of its decoder; nil where it has none or no tokeniser lies with it.
  public let tokenizer: (any Tokenizer)?

  /// What its weights were read from, and may still be; nil of a twin.
  var files: OpenedFiles?
  /// Where its parameters can be read as they are stored; nil of a twin.
  var origin: ParameterOrigin?
  /// The seconds of sound that frames may attend to: a longer recording is read in windows of this length, which overlap.
  /// Nil where all is read at once. Models with windows of their own (Whisper, CLAP, AST) keep those.
  public let window: Double?

  let architecture: any SpeechArchitecture
  private let input: ModelInput
  private let pool = MemoryPool()

  init(
    _ built: BuiltModel, name: String, fingerprint: String, settings: String = "", samplingRate: Int,
    normalisesInput: Bool, normalisationEpsilon: Double = 1e-7, tokenizer: (any Tokenizer)? = nil,
    window: Double? = SpeechModel.usualWindow
  ) {
    self.name = name
    self.fingerprint = fingerprint
    self.settings = settings
    self.window = window
    self.samplingRate = samplingRate
    self.normalisesInput = normalisesInput
    self.normalisationEpsilon = normalisationEpsilon
    self.tokenizer = tokenizer
    family = built.family
    parameters = built.parameters
    tensorReport = built.report
    architecture = built.architecture
    inputNormalisation =
      switch built.input {
      case .features(let description, _): description
      case .waveform: normalisesInput ? "zero mean, unit variance" : "as recorded"
      }
    input = built.input
    taps = built.architecture.taps(samplingRate: samplingRate)
  }

  /// `other` with another architecture of its kind.
  init(_ other: SpeechModel, with architecture: any SpeechArchitecture) {
    self.init(
      BuiltModel(
        architecture: architecture, family: other.family, parameters: other.parameters,
        report: other.tensorReport, input: other.input),
      name: other.name, fingerprint: other.fingerprint, settings: other.settings,
      samplingRate: other.samplingRate, normalisesInput: other.normalisesInput,
      normalisationEpsilon: other.normalisationEpsilon, tokenizer: other.tokenizer, window: other.window)
    origin = other.origin
  }

  /// Throws `FileError.changed` where a file that weights are read from was written over or cut short since it was opened.
  public func requireUnchanged() throws { try files?.requireUnchanged() }

  /// The fewest samples, at the model's rate, that give a frame of its deepest layer.
  public var minimumSamples: Int { architecture.minimumSamples(samplingRate: samplingRate) }

  /// The most bytes that its passes have had at one time.
  package var passMemory: Int { pool.peakBytes }

  /// The same architecture with parameters drawn as its authors draw them before training: what a layer knows
  /// without having learned anything.
  public func randomTwin(seed: UInt64) throws -> SpeechModel {
    let twin = try architecture.untrained(seed: seed)
    return SpeechModel(
      BuiltModel(
        architecture: twin, family: family, parameters: parameters,
        report: TensorReport(
          used: tensorReport.used, leftOut: [], ignored: [], notes: ["parameters drawn with seed \(seed)"],
          parameters: tensorReport.parameters),
        input: input),
      name: "\(name) (untrained, seed \(seed))", fingerprint: "\(fingerprint)-untrained-\(seed)",
      settings: settings, samplingRate: samplingRate, normalisesInput: normalisesInput,
      normalisationEpsilon: normalisationEpsilon, tokenizer: tokenizer, window: window)
  }
}

// MARK: - Running

extension SpeechModel {
  /// One pass over an utterance. `visit` gets each tap that was asked for as soon as it is made, in the order of the
  /// data, `[frames × width]`; attention weights, `attention.k`, are `[heads × frames × frames]`. Nothing is
  /// computed beyond the deepest of them.
  ///
  /// The waveform is resampled and normalised as the model needs it; one longer than `window` is read in windows, whose
  /// frames are joined. The result is the same to the last bit for any
  /// number of `threads`; many utterances are best run one thread each.
  ///
  /// Throws `ModelError` for a name that is no tap, for input that is too short or not finite, and where a layer
  /// gives a value that is not finite; and what `visit` throws.
  public func forward(
    _ waveform: Waveform, taps: Set<String>, threads: Int = 1, visit: (String, Tensor) throws -> Void
  ) throws {
    var parts: [String: [Tensor]] = [:]
    try forwardInPieces(waveform, taps: taps, threads: threads) { name, piece in
      if piece.first == 0 && piece.isLast { return try visit(name, piece.frames) }
      parts[name, default: []].append(piece.frames)
      guard piece.isLast, let frames = parts.removeValue(forKey: name) else { return }
      try visit(name, Evaluation(threads: threads, pool: pool).joined(frames))
    }
  }

  /// The samples that the model is given for `waveform`: at its rate, normalised where it wants that.
  /// - Throws: `AudioError` where the sound cannot be brought to the model's rate.
  public func inputValues(of waveform: Waveform) throws -> [Float] {
    if let sample = waveform.samples.firstIndex(where: { !$0.isFinite }) {
      throw ModelError.nonFiniteInput(sample: sample)
    }
    let resampled = try waveform.resampled(to: samplingRate)
    return normalisesInput ? resampled.normalised(epsilon: normalisationEpsilon).samples : resampled.samples
  }

  /// The same for input that has been prepared.
  ///
  /// Samples from `validSamples` on are padding, as in a batch: frames made of them are computed but mean nothing,
  /// and change no other frame.
  public func forward(
    inputValues: [Float], validSamples: Int? = nil, taps wanted: Set<String>, threads: Int = 1,
    visit: (String, Tensor) throws -> Void
  ) throws {
    try forward(
      inputValues: inputValues, validSamples: validSamples, taps: wanted, threads: threads,
      recorder: nil, visit: visit)
  }

  /// The same with a recorder of its operations, and with the noise of training.
  package func forward(
    inputValues: [Float], validSamples: Int? = nil, taps wanted: Set<String>, threads: Int = 1,
    recorder: (any OperationRecorder)?, noise: PassNoise? = nil, visit: (String, Tensor) throws -> Void
  ) throws {
    for name in wanted.sorted() { try checkTap(name) }
    if let sample = inputValues.firstIndex(where: { !$0.isFinite }) {
      throw ModelError.nonFiniteInput(sample: sample)
    }
    let valid = min(validSamples ?? inputValues.count, inputValues.count)
    try pass(
      inputValues, validSamples: valid, text: nil, taps: wanted,
      on: Evaluation(threads: threads, pool: pool, recorder: recorder, noise: noise), visit: visit)
  }

  /// The same for a model that also reads `tokens`, with everything checked.
  func forward(
    inputValues: [Float], tokens: [Int], decoder: any DecodingArchitecture, taps wanted: Set<String>,
    threads: Int, recorder: (any OperationRecorder)?, visit: (String, Tensor) throws -> Void
  ) throws {
    try pass(
      inputValues, validSamples: inputValues.count, text: (tokens, decoder), taps: wanted,
      on: Evaluation(threads: threads, pool: pool, recorder: recorder), visit: visit)
  }

  /// A pass that ends with the deepest of the taps that are wanted; each value on the way must be finite.
  private func pass(
    _ samples: [Float], validSamples: Int, text: (tokens: [Int], decoder: any DecodingArchitecture)?,
    taps wanted: Set<String>, on run: Evaluation, visit: (String, Tensor) throws -> Void
  ) throws {
    guard validSamples >= minimumSamples else {
      throw ModelError.tooShort(samples: validSamples, minimum: minimumSamples, samplingRate: samplingRate)
    }
    var remaining = wanted
    guard !remaining.isEmpty else { return }
    func offer(_ name: String, _ values: Tensor) throws -> Bool {
      if let index = values.firstNonFinite() {
        // Weights that were written over meanwhile give anything.
        try requireUnchanged()
        throw ModelError.nonFiniteValue(layer: name, frame: index / max(1, values.width))
      }
      if remaining.remove(name) != nil { try visit(name, values) }
      return !remaining.isEmpty
    }
    if let text {
      try text.decoder.forward(samples, tokens: text.tokens, wanted: wanted, on: run, visit: offer)
    } else {
      try architecture.forward(samples, validSamples: validSamples, wanted: wanted, on: run, visit: offer)
    }
  }
}
