import Attribution
import Audio
import Checkpoints
import Corpora
import Files
import Foundation
import Foundations
import Models
import Reports
import Results
import Tensors

/// Explains what a model makes of one recording: maps of one target by several methods, over its spectrogram and its
/// labels.
///
/// ```swift
/// let explanation = try AttributionRun(model, audio: "speech.flac")
/// let target = try AttributionTarget.headClass(3, of: model, span: 0.3..<0.4)
/// let result = try await explanation.run(target, methods: [.gradCAM, .integratedGradients])
/// try explanation.write(result, to: "explained")
/// ```
public struct AttributionRun: Sendable {
  /// The model that is explained.
  public let model: SpeechModel
  /// The name of the recording's file, without its folder.
  public let audio: String
  /// The recording at the model's rate, as it sounds.
  public internal(set) var sound: Waveform
  /// The recording with its labels, where it has some.
  public internal(set) var utterance: Utterance?
  /// The stretch of the recording that is explained, in seconds, from whose start all times count; nil for all of it.
  public internal(set) var stretch: Range<Double>?
  /// What the methods may choose: rules, baselines, steps, the seed.
  public var settings = AttributionSettings()
  /// How many threads work at once; the result does not depend on it.
  public var threads = 1
  /// How many channels of Grad-CAM get a map of their own.
  public var channels = 0
  /// Where layer methods are taken; nil for each target's default.
  public var layer: String?
  /// What the model's decoder is given: the text that the sound should have, behind what stands before every text.
  public var tokens: [Int]?
  /// Those tokens in words, for figures.
  public var tokenNames: [String] = []
  /// The probe that the target is a class of.
  public var probe: LinearReadout?
  /// Told each method that begins, with how many there are.
  public var onProgress: @Sendable (_ method: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  /// Asked now and then from any thread; true ends the work with an error that says it was interrupted.
  public var isCancelled: @Sendable () -> Bool = { false }
  var samples: [Float]

  /// Reads a recording, with the labels that lie beside it or that `corpus` has of it.
  /// - Throws: `AudioError` where it cannot be read, and `CorpusError` where labels beside it are broken.
  public init(_ model: SpeechModel, audio: String, corpus: Corpus? = nil) throws {
    try self.init(model, audio: audio, utterance: Self.utterance(of: audio, in: corpus))
  }

  /// Reads the recording of an utterance.
  init(_ model: SpeechModel, _ utterance: Utterance) throws {
    try self.init(model, audio: utterance.audioPath, utterance: utterance)
  }

  private init(_ model: SpeechModel, audio: String, utterance: Utterance?) throws {
    self.model = model
    self.audio = URL(filePath: audio).lastPathComponent
    let read = try Waveform.read(audio, channel: utterance?.channel)
    samples = try model.inputValues(of: read)
    sound = try read.resampled(to: model.samplingRate)
    self.utterance = utterance
  }

  /// The XXH3-128 hash of a recording's file, as `xxhsum -H2` prints it.
  /// - Throws: `CheckpointError` where it cannot be read.
  public static func fingerprint(ofRecording path: String) throws -> String {
    try Checkpoint.fingerprint(ofFiles: [path])
  }

  private static func utterance(of audio: String, in corpus: Corpus?) throws -> Utterance? {
    func path(_ file: String) -> String { URL(filePath: file).standardizedFileURL.path }
    func found(_ corpus: Corpus) -> Utterance? {
      corpus.utterances.first { path($0.audioPath) == path(audio) }
    }
    if let known = corpus.flatMap(found) { return known }
    do {
      return found(try Corpus.load(URL(filePath: audio).deletingLastPathComponent().path))
    } catch CorpusError.noUtterances {
      return nil
    }
  }

  /// The labelled span of `label`, the `number`-th of them from 1, at any level from phones up.
  ///
  /// Throws `AttributionError.noLabel` where there is none.
  public func span(of label: String, number: Int = 1) throws -> Range<Double> {
    for level in Level.allCases {
      let spans = (utterance?.spans(at: level) ?? []).filter { $0.label == label }
      if spans.indices.contains(number - 1) { return spans[number - 1].start..<spans[number - 1].end }
    }
    let known = Level.allCases.flatMap { level in
      Set((utterance?.spans(at: level) ?? []).map(\.label)).sorted()
    }
    throw AttributionError.noLabel(
      label: label + (number > 1 ? ":\(number)" : ""), audio: audio, known: known)
  }

  /// One target of this recording, to be explained by any method.
  /// - Throws: `AttributionError` where the target does not fit the model or the recording.
  public func attribution(of target: AttributionTarget) throws -> Attribution {
    var attribution = try Attribution(
      model, samples: samples, tokens: tokens, target: target, settings: settings, threads: threads)
    attribution.isCancelled = isCancelled
    return attribution
  }

  /// Every method's map, made away from the caller's thread; cancelling the task stops it. With `checks` each is tried
  /// (`FaithfulnessChecks`), which takes some dozens of passes a map.
  ///
  /// Throws `AttributionError.interrupted` when cancelled.
  public func run(
    _ target: AttributionTarget, methods: [AttributionMethod], checks: Bool = false,
    depth: FaithfulnessChecks.Depth = .full
  ) async throws -> AttributionResult {
    try await runBlocking(asking: isCancelled) { isCancelled in
      var own = self
      own.isCancelled = isCancelled
      return try requiring(own.model.requireUnchanged) {
        try own.result(target, methods: methods, checks: checks, depth: depth)
      }
    }
  }

  /// The same on this thread.
  func result(
    _ target: AttributionTarget, methods: [AttributionMethod], checks: Bool = false,
    depth: FaithfulnessChecks.Depth = .full
  ) throws -> AttributionResult {
    let attribution = try attribution(of: target)
    let total = methods.count * (checks ? 2 : 1)
    var maps: [AttributionMap] = []
    for (number, method) in methods.enumerated() {
      onProgress(method.title, number, total)
      maps.append(try attribution.map(by: method, layer: layer))
    }
    let perMethod = maps
    if channels > 0 { maps += try attribution.topChannels(channels, at: layer) }
    let trust =
      checks
      ? try attribution.trust(
        Array(zip(methods, perMethod).map { (method: $0, map: $1) }), depth: depth
      ) { done, _ in
        onProgress("checking", methods.count + done, total)
      } : []
    onProgress("done", total, total)
    let score = try maps.first?.score ?? attribution.score()
    let span = target.span.map { [$0.lowerBound, min($0.upperBound, sound.seconds)] } ?? []
    var result = AttributionResult(
      model: model.name, fingerprint: model.fingerprint, family: model.family, audio: audio,
      seconds: sound.seconds, target: target.name, targetLayer: target.tap, span: span, score: score,
      probe: probe?.remark, tiers: tiers,
      maps: maps.map { $0.summary(nyquist: Double(model.samplingRate) / 2) },
      warnings: warnings(of: maps),
      spectrogram: .init(spectrogramOf: sound), bandLimit: Double(model.samplingRate) / 2)
    (result.version, result.seed) = (Release.version, settings.seed)
    if let stretch {
      result.stretch = [stretch.lowerBound, stretch.upperBound]
      result.warnings.insert(remark(on: stretch), at: 0)
    }
    result.trust = trust.map(\.summary)
    if methods.contains(where: \.readsAttention) {
      let heads = try attribution.heads(labelledBy: utterance)
      result.heads = heads.map(\.profile.summary)
      result.attention = heads.map { $0.weights(seconds: sound.seconds) }
      result.listening = try listening(attribution, target)
    }
    result.warnings += trust.flatMap { entry in
      entry.doubts.map { "\(entry.method) should not be trusted here: \($0)." }
    }
    return result
  }

  /// What the text's tokens listen to, where the target is behind the sound in a decoder.
  private func listening(
    _ attribution: Attribution, _ target: AttributionTarget
  ) throws -> AttributionResult.CrossAttentionAlignment? {
    guard let tokens, model.decoderTaps.contains(where: { $0.name == target.tap }) else { return nil }
    return AttributionResult.CrossAttentionAlignment(
      tokens: tokens.indices.map { tokenNames.indices.contains($0) ? tokenNames[$0] : "\(tokens[$0])" },
      target: target.row.map { $0 + 1 },
      blocks: try attribution.crossAttention().map { block in
        (
          block.layer,
          .init(
            frames: block.weights.rows, bands: block.weights.width, start: block.start, step: block.step,
            values: block.weights.values)
        )
      })
  }

  private func warnings(of maps: [AttributionMap]) -> [String] {
    maps.flatMap { map in
      map.checks.filter { !$0.isPassed }.map {
        "\(map.method): \($0.name) is \(Self.spelt($0.value)), above \(Self.spelt($0.limit ?? 0)); do not trust this map."
      }
    }
  }

  private static func spelt(_ value: Double) -> String { String(format: "%.3g", value) }

  /// Labels of the levels that a figure has room for.
  private var tiers: [AttributionResult.Row] {
    [Level.phoneme, .syllable, .word].compactMap { level in
      guard let tier = utterance?.tiers[level], tier.kind == .intervals else { return nil }
      let labelling = utterance?.labelling
      let shown = tier.intervals.filter { labelling?.isSilence($0.label) != true }
      return shown.isEmpty ? nil : AttributionResult.Row(level: level, intervals: shown)
    }
  }
}
