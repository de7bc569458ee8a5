import Attribution
import Audio
import Checkpoints
import Corpora
import Files
import Foundation
import Models
import Reports
import Results
import Tensors

/// Explains what a model makes of one recording: maps of one target by several methods, over its spectrogram and its
/// labels.
///
/// ```swift
/// let explanation = try Explanation(model, audio: "speech.flac")
/// let target = try AttributionTarget.headClass(3, of: model, span: 0.3..<0.4)
/// let result = try explanation.run(target, methods: [.gradCAM, .integratedGradients])
/// try explanation.write(result, to: "explained")
/// ```
public struct AttributionRun: Sendable {
  public let model: SpeechModel
  public let audio: String
  /// The recording at the model's rate, as it sounds.
  public internal(set) var sound: Waveform
  /// The recording with its labels, where it has some.
  public internal(set) var utterance: Utterance?
  /// The stretch of the recording that is explained, in seconds, from whose start all times count; nil for all of it.
  public internal(set) var stretch: Range<Double>?
  public var settings = AttributionSettings()
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
  public var isCancelled: @Sendable () -> Bool = { false }
  var samples: [Float]

  /// Reads a recording, with the labels that lie beside it or that `corpus` has of it.
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
  public func attribution(of target: AttributionTarget) throws -> Attribution {
    var attribution = try Attribution(
      model, samples: samples, tokens: tokens, target: target, settings: settings, threads: threads)
    attribution.isCancelled = isCancelled
    return attribution
  }

  /// Every method's map, each tried with `checks` (`FaithfulnessChecks`), which takes some dozens of passes a map.
  /// Throws `AttributionError.interrupted` when cancelled.
  public func run(
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
    try model.requireUnchanged()
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

extension AttributionRun {
  /// Longer recordings are not put into the page.
  private static let longestSound = 120.0

  /// Writes `report.html`, `attribution.json`, `maps.npz`, `masks.csv`, `figures/` and, where the target is of a probe,
  /// `probe.safetensors`; all or none.
  public func write(
    _ result: AttributionResult, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID().uuidString)")
    try ResultFolder.makeFolder(scratch.path)
    defer { try? FileManager.default.removeItem(at: scratch) }
    let arrays = scratch.appending(path: "maps.npz")
    try NumpyWriter.writeArchive(Self.arrays(of: result), to: arrays.path)
    var extra = [
      ("maps.npz", try Data(contentsOf: arrays)), ("masks.csv", Data(Self.masks(of: result).utf8)),
    ]
    if let probe {
      let file = scratch.appending(path: "probe.safetensors")
      try probe.write(to: file.path)
      extra.append(("probe.safetensors", try Data(contentsOf: file)))
    }
    let isShort = sound.seconds <= Self.longestSound
    let others: [(figure: any Figure, text: String)?] = [
      try CrossAttentionFigure(result).map {
        (
          $0,
          "The decoder's cross-attention, block by block: the sound that the token before listens to as it foretells each "
            + "token. Where a text is read in order, dark places go down and to the right with the labels."
        )
      },
      try AttentionFigure(result).map {
        (
          $0,
          "What each attention head looks at: from each moment (down) at each other (across). Beneath, what it follows "
            + "with the share of its attention there, and by chance, with labels moved along the recording; its "
            + "entropy; and how far away it looks on average."
        )
      },
      FaithfulnessFigure(result).map {
        (
          $0,
          "A map that is true of the model makes the target fall fast when what it marks is hidden, "
            + "changes when weights are drawn at random, and stays in mild noise (Petsiuk 2018; Adebayo 2018)."
        )
      },
    ]
    try AttributionWriter.write(
      result, others: others.compactMap { $0 }, sound: isShort ? Data(sound.wav()) : nil, extra: extra,
      version: Release.version, to: folder, pictures: pictures, records: records)
  }

  /// What each map leans on most, as stretches of time and frequency: what an augmentation may mask.
  private static func masks(of result: AttributionResult) -> String {
    let rows = result.maps.flatMap { map in
      map.regions.map { region in
        "\(map.method),\"\(map.layer)\","
          + [region.start, region.end, region.low, region.high, region.share]
          .map { String(format: "%.6g", $0) }.joined(separator: ",")
      }
    }
    return (["method,layer,start_s,end_s,low_hz,high_hz,share"] + rows).joined(separator: "\n") + "\n"
  }

  /// METHOD/profile, METHOD/seconds and, where bands are told apart, METHOD/grid `[frames × bands]` and
  /// METHOD/hertz; of a decoder's text `decoder.cross_attention.k`, `[tokens × frames]`; `spectrogram` with
  /// `spectrogram/seconds`.
  private static func arrays(of result: AttributionResult) -> [(name: String, tensor: Tensor)] {
    func row(_ values: [Double]) -> Tensor { Tensor(values.map { Float($0) }, shape: [values.count]) }
    func times(_ count: Int, _ start: Double, _ step: Double) -> Tensor {
      row((0..<count).map { start + Double($0) * step })
    }
    let sound = result.spectrogram
    var arrays = [
      ("spectrogram", Tensor(sound.values, shape: [sound.frames, sound.bands])),
      ("spectrogram/seconds", times(sound.frames, sound.start, sound.step)),
    ]
    for (number, map) in result.maps.enumerated() {
      let isRepeated = result.maps.prefix(number).contains { $0.method == map.method }
      let name =
        map.method.lowercased().replacingOccurrences(of: " ", with: "-")
        + (isRepeated ? "-\(number + 1)" : "")
      arrays.append(("\(name)/profile", row(map.profile)))
      arrays.append(("\(name)/seconds", times(map.profile.count, map.start, map.step)))
      if let grid = map.grid {
        arrays.append(("\(name)/grid", Tensor(grid.values, shape: [grid.frames, grid.bands])))
      }
      if !map.bands.isEmpty {
        arrays.append(("\(name)/hertz", row(map.bands)))
        arrays.append(("\(name)/bands", row(map.bandProfile)))
      }
    }
    for block in result.listening?.blocks ?? [] {
      let weights = block.weights
      arrays.append((block.layer, Tensor(weights.values, shape: [weights.frames, weights.bands])))
    }
    return arrays
  }
}
