import Activations
import Audio
import Corpora
import Foundations
import Probing
import Results
import Similarity
import Tensors

/// How the states of each layer move in time, how their variance is spread, and how far they move in noise, at another
/// tempo and at another pitch, with the untrained model and the log-mel spectrum beside.
///
/// ```swift
/// var geometry = GeometryStudy(of: LayerStudy(model: model, corpus: corpus))
/// let result = try await geometry.run()
/// result.layers.min { $0.changes[0].value < $1.changes[0].value }?.layer     // steadiest in noise
/// ```
/// The model, corpus, layers, seed and threads are the study's.
public struct GeometryStudy: Sendable {
  /// The study whose model, corpus, layers, seed and threads are taken.
  public var study: LayerStudy
  /// Whose spans are compared before and after.
  public var level: Level = .phoneme
  /// What is done to the sound: noise in decibels below the recording, tempo as a factor, pitch in semitones.
  public var conditions: [GeometryResult.Condition] =
    [20, 10, 0].map { .init(.noise, $0) } + [0.8, 1.25].map { .init(.tempo, $0) }
    + [-3, 3].map { .init(.pitch, $0) }
  /// At most this many recordings are run, drawn from the seed.
  public var recordings = 40
  /// Whether the untrained model is measured too.
  public var comparesUntrained = true

  /// A measurement with the settings of `study`.
  public init(of study: LayerStudy) { self.study = study }

  /// Runs away from the caller's thread; cancelling the task stops it.
  ///
  /// Throws `StudyError.noLabels` where the level has no labels, `.otherInput` of texts, and what passes throw.
  public func run() async throws -> GeometryResult {
    try await study.runBlocking { study in
      var own = self
      own.study = study
      return try own.study.requiringUnchanged(own.chosenUtterances) { try own.result() }
    }
  }

  private func result() throws -> GeometryResult {
    let corpus = study.corpus
    guard !corpus.isText else {
      throw StudyError.otherInput(
        model: study.model.name, reads: "speech", corpus: corpus.name, holds: "texts")
    }
    try corpus.requireReadable(by: study.model)
    let chosen = chosenUtterances
    guard !chosen.isEmpty else {
      let available = Level.allCases.filter { level in
        corpus.utterances.contains { !$0.spans(at: level).isEmpty }
      }
      throw StudyError.noLabels(corpus: corpus.name, levels: [level], available: available)
    }
    // What was made elsewhere hears nothing.
    let hears = study.model.input == .sound
    let conditions = hears ? conditions : []
    let bySpeaker = Set(chosen.map(\.speaker)).count >= 10
    let units = bySpeaker ? chosen.map(\.speaker) : chosen.map(\.id)
    let work = GeometryWork(
      study: study, level: level, utterances: chosen, conditions: conditions, units: units)
    let measured = try work.measure(study.model, "Measuring", withInput: true)
    var untrained: [GeometryResult.LayerGeometry] = []
    if comparesUntrained, let twin = try study.model.randomTwin(ofSeed: 1) {
      untrained = try work.measure(twin, "Measuring the untrained model", withInput: false).layers
    }
    let clusters = Set(units).count
    return GeometryResult(
      version: Release.version, seed: study.seed, model: study.modelSummary, corpus: study.corpusSummary,
      level: level, recordings: chosen.count, ofRecordings: corpus.utterances.count,
      spans: measured.spans, clusters: clusters, clusterUnit: bySpeaker ? "speakers" : "utterances",
      conditions: conditions, input: measured.input ?? work.nothing(Layer(name: LogMel.layer, depth: -1)),
      layers: measured.layers, untrained: untrained,
      warnings: warnings(hears: hears, clusters: clusters, bySpeaker: bySpeaker))
  }

  private var chosenUtterances: [Utterance] {
    var numbers = RandomNumbers(seed: study.seed, stream: "geometry")
    let all = study.corpus.utterances
    let labelled = numbers.permutation(all.count).filter { !all[$0].spans(at: level).isEmpty }
    return labelled.prefix(recordings).sorted().map { all[$0] }
  }

  private func warnings(hears: Bool, clusters: Int, bySpeaker: Bool) -> [String] {
    var warnings: [String] = []
    if !hears, !self.conditions.isEmpty {
      warnings.append(
        "\(study.model.name) holds activations that were made elsewhere: what noise, tempo and pitch would do to them cannot "
          + "be told")
    }
    if clusters < 10 {
      warnings.append(
        "only \(clusters) \(bySpeaker ? "speakers" : "utterances") were run: intervals of so few are hardly worth the name"
      )
    }
    return warnings
  }
}
