import Activations
import Corpora
import Probing
import Results

/// What layers tell of a level beside a linear probe: distances, clusters, correlations, codelengths, a probe with a
/// hidden layer, what is beyond mel, and where a reader of all layers looks.
///
/// ```swift
/// let measures = try await LayerMeasures(of: study, level: .phoneme).run()
/// measures.filter { $0.name == .abxAcross }.min { $0.estimate.value < $1.estimate.value }?.layer
/// ```
/// The model, corpus, layers, seed and threads are the study's; its probes are not looked at.
public struct LayerMeasures: Sendable {
  let study: LayerStudy
  let level: Level
  /// Clusters of k-means, at most: of n spans no more than n/20.
  public var clusters = 50
  /// Of the sample, at most this many spans are read by what is dear: codes, hidden layers, mixtures.
  public var spans = 3000
  /// Whether ABX compares phones in one context only.
  public var sameContext = true
  /// What ABX compares, of a ZeroSpeech item file; nil for the corpus's phones.
  public var items: [ABXItemLine]?

  /// The measures of one level, with the settings of `study`.
  public init(of study: LayerStudy, level: Level) {
    self.study = study
    self.level = level
  }

  /// Runs away from the caller's thread; cancelling the task stops it.
  ///
  /// Throws `StudyError.otherInput` for a model of speech and texts or the reverse, `.noLabels` where the level has no
  /// labels, and what the study would throw.
  public func run() async throws -> [LayerMeasure] {
    try await study.runBlocking { study in
      var own = LayerMeasures(of: study, level: level)
      (own.clusters, own.spans, own.sameContext, own.items) = (clusters, spans, sameContext, items)
      return try own.study.requiringUnchanged { try own.measures() }
    }
  }

  private func measures() throws -> [LayerMeasure] {
    try study.corpus.requireReadable(by: study.model)
    guard study.corpus.utterances.contains(where: { !$0.spans(at: level).isEmpty }) else {
      let available = Level.allCases.filter { level in
        study.corpus.utterances.contains { !$0.spans(at: level).isEmpty }
      }
      throw StudyError.noLabels(corpus: study.corpus.name, levels: [level], available: available)
    }
    let pass = LayerStudy.Pass(pool: .mean, probes: [ProbeSpec(name: level.rawValue, level: level)])
    guard let examples = try study.extraction(of: pass)?.levels[level]?.examples else { return [] }
    let read = try SpanMeasures(self, examples)
    let layers = study.layersOfModel.filter { examples.layers.contains($0.name) }
    var measures: [LayerMeasure] = []
    for (done, layer) in layers.enumerated() {
      guard !study.isCancelled() else { throw StudyError.interrupted }
      measures += try read.measures(of: layer)
      study.onProgress(StudyProgress(stage: "Measuring", done: done + 1, total: layers.count, detail: nil))
    }
    measures += try read.mixture(of: layers)
    if level == .phoneme { measures += try PhoneABX(self).measures(of: layers) }
    return measures.sorted { ($0.layer, place($0.name)) < ($1.layer, place($1.name)) }
  }

  private func place(_ name: LayerMeasure.Name) -> Int {
    LayerMeasure.Name.allCases.firstIndex(of: name) ?? 0
  }
}
