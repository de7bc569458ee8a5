import Attribution
import Audio
import Corpora
import Files
import Foundation
import Foundations
import Models
import Reports
import Results

/// Where a model's evidence for each level lies over a corpus, and what its attention heads follow.
///
/// ```swift
/// let explanation = CorpusAttribution(model: model, corpus: corpus)
/// let result = try await explanation.run(threads: 2)
/// try explanation.write(result, to: "evidence")
/// ```
public struct CorpusAttribution: Sendable {
  /// Which layers, levels and spans are explained, and by what rules.
  public var evidence: LocalisationStudy
  /// Which attention heads are described, and over how many recordings.
  public var heads: HeadStudy

  private var model: SpeechModel { evidence.model }
  private var corpus: Corpus { evidence.corpus }

  /// A study of all recordings that the model reads at once; `evidence` and `heads` have settings of their own.
  public init(model: SpeechModel, corpus: Corpus, seed: UInt64 = 0) {
    evidence = LocalisationStudy(model: model, corpus: corpus)
    heads = HeadStudy(model: model, corpus: corpus)
    (evidence.seed, heads.seed) = (seed, seed)
  }

  /// Who is told of each stage, and asked whether to go on.
  public mutating func observe(
    _ onProgress: @escaping @Sendable (_ stage: String, _ done: Int, _ total: Int) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    (evidence.onProgress, heads.onProgress) = (onProgress, onProgress)
    (evidence.isCancelled, heads.isCancelled) = (isCancelled, isCancelled)
  }

  /// Runs away from the caller's thread; cancelling the task stops it.
  ///
  /// Throws `AttributionError.interrupted` when cancelled, and what passes and fitting throw.
  public func run(threads: Int = 1) async throws -> RelevanceLocalisation {
    try await runBlocking(asking: evidence.isCancelled) { isCancelled in
      var own = self
      (own.evidence.isCancelled, own.heads.isCancelled) = (isCancelled, isCancelled)
      return try own.localisation(threads: threads)
    }
  }

  private func localisation(threads: Int) throws -> RelevanceLocalisation {
    let (rows, profiles) = try requiring(model.requireUnchanged) {
      try FileFingerprints().requiringUnchanged(corpus.recordings) {
        (try evidence.run(threads: threads), try heads.run(threads: threads))
      }
    }
    let missing = evidence.levels.filter { level in !rows.contains { $0.level == level } }
    let long = corpus.utterances.count { !model.readsAtOnce($0.seconds) }
    var result = RelevanceLocalisation(
      model: model.name, fingerprint: model.fingerprint, corpus: corpus.name,
      method: evidence.rules.conservesRelevance
        ? "layer-wise relevance propagation" : "gradient × input",
      rows: rows.map(\.summary), heads: profiles.map(\.summary),
      warnings: missing.map {
        "\($0.rawValue) has too few labelled spans for a probe, or none held out; it was left out."
      }
        + (long == 0
          ? []
          : ["\(long) recordings are longer than \(model.family) reads at once and were not explained."]))
    (result.version, result.seed, result.corpusFingerprint) = (
      Release.version, evidence.seed, corpus.fingerprint
    )
    return result
  }

  /// Writes `report.html`, `evidence.json` and `figures/`; all or none.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public func write(
    _ result: RelevanceLocalisation, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws {
    let evidence = LocalisationFigure(result, layers: model.taps.map(\.name))
    let figures: [(figure: any Figure, text: String)?] = [
      evidence.map {
        (
          $0,
          "Of each layer and level a linear probe is fitted, and its answers on held-out spans are followed back to "
            + "the sound. How much of what speaks for the label lies inside its span, how often the largest value does, "
            + "and how far from the span the rest lies. Shaded: 95 % over recordings."
        )
      },
      HeadFigure(result).map {
        (
          $0,
          "How much of a head's attention falls on each kind of place, against labels moved along the recording, which "
            + "keeps how near it looks. A head is named by what stands out most, at 4 standard deviations or more."
        )
      },
    ]
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    var page = FiguresPage(
      title: "Where \(result.model) finds its evidence", lead: evidence?.summary ?? "",
      figures: figures.compactMap { $0 })
    page.warnings = result.warnings
    try page.write(
      extra: [("evidence.json", try encoder.encode(result))], version: Release.version, to: folder,
      pictures: pictures, records: records)
  }
}

// MARK: - One unit

extension CorpusAttribution {
  /// Seconds of a clip on each side of a maximum.
  private static let margin = 0.4

  /// Where over the corpus a unit is most active, the largest value first. Cancelling the task stops the search.
  /// - Throws: `AttributionError.interrupted` when cancelled, and what passes throw.
  public func maxima(
    ofUnit unit: Int, of point: TapPoint, count: Int = 10, threads: Int = 1
  ) async throws -> [TopActivation] {
    try await runBlocking(asking: evidence.isCancelled) { isCancelled in
      try requiring(model.requireUnchanged) {
        try FileFingerprints().requiringUnchanged(corpus.recordings) {
          try TopActivation.find(
            unit: unit, of: point, in: corpus, by: model, count: count, threads: threads,
            progress: { [onProgress = evidence.onProgress] in onProgress("Listening", $0, $1) },
            isCancelled: isCancelled)
        }
      }
    }
  }

  /// Writes `report.html`, where each maximum can be listened to, `unit.csv` and `unit.json`; all or none.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public func write(
    _ maxima: [TopActivation], ofUnit unit: Int, of point: TapPoint, to folder: String,
    records: [StudyWriter.Record] = []
  ) throws {
    let title = "What unit \(unit) of \(point.name) responds to"
    let figure = UnitFigure(
      maxima.map {
        .init(
          utterance: $0.utterance, seconds: $0.time, value: Double($0.value),
          phone: $0.labels[.phoneme] ?? "", word: $0.labels[.word] ?? "")
      }, title: title)
    var page = FiguresPage(
      title: title,
      lead:
        "\(model.name): the \(maxima.count) largest values over \(corpus.name), each with \(Self.margin) s on both "
        + "sides.",
      figures: [(figure, "The largest values, at most one in 200 ms of a recording.")])
    page.clips = try maxima.enumerated().map { number, maximum in
      let sound = try Waveform.read(maximum.audioPath, channel: maximum.channel)
      let rate = Double(sound.samplingRate)
      let start = max(0, Int((maximum.time - Self.margin) * rate))
      let end = min(sound.samples.count, Int((maximum.time + Self.margin) * rate))
      let clip = Waveform(
        samples: Array(sound.samples[min(start, end)..<end]), samplingRate: sound.samplingRate)
      let place = String(format: "%.2f", maximum.time)
      let words = [maximum.labels[.phoneme], maximum.labels[.word]].compactMap { $0 }.joined(
        separator: " in ")
      return .init(
        caption: "\(number + 1). \(maximum.utterance) at \(place) s\(words.isEmpty ? "" : ": \(words)")",
        sound: Data(clip.wav()))
    }
    let result = UnitResult(
      model: model.name, fingerprint: model.fingerprint, corpus: corpus.name,
      corpusFingerprint: corpus.fingerprint, layer: point.name, unit: unit,
      maxima: maxima.map {
        .init(
          utterance: $0.utterance, seconds: $0.time, value: Double($0.value),
          phone: $0.labels[.phoneme] ?? "", word: $0.labels[.word] ?? "")
      })
    try page.write(
      extra: [
        ("unit.csv", Data(figure.data.csv.utf8)), ("unit.json", Data(try ResultJSON.text(of: result).utf8)),
      ], version: Release.version, to: folder, records: records)
  }
}
