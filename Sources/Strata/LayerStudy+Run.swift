import Activations
import Audio
import Foundation
import Models
import Probing
import Results
import Similarity
import SpeechHierarchy
import Synchronization

extension LayerStudy {
  /// Runs the whole study away from the caller's thread; cancelling the task stops it.
  ///
  /// Throws `StudyError`, or the error of whatever input was at fault.
  public func run() async throws -> StudyResult {
    let cancelled = Flag()
    var study = self
    let asked = isCancelled
    study.isCancelled = { cancelled.isSet || asked() }
    return try await withTaskCancellationHandler { [study] in
      try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global(qos: .userInitiated).async {
          continuation.resume(with: Result { try study.result() })
        }
      }
    } onCancel: {
      cancelled.set()
    }
  }

  private func result() throws -> StudyResult {
    let probes = try probesOfLevels()
    let splits = try SplitPlan.make(for: corpus, seed: seed)
    var levels: [LevelResult] = []
    var warnings = Warnings(corpus: corpus, splits: splits)
    var similarity: [SimilarityMatrix] = []
    // One pass serves all probes that pool spans alike, which mostly are all.
    for (place, pool) in pools(of: probes).enumerated() {
      let trained = try extract(model, named: model.name, pool: pool, keepsMoments: place == 0)
      let twins = try twinSeeds.enumerated().compactMap { index, seed in
        guard let twin = try model.randomTwin(ofSeed: seed) else { return Extraction?.none }
        return try extract(twin, named: "random twin \(index + 1)", pool: pool, keepsMoments: false)
      }
      warnings.add(issues: trained.issues)
      if !twinSeeds.isEmpty, twins.isEmpty { warnings.add(noTwinOf: model.name) }
      if place == 0 { similarity = try self.similarity(trained) }
      for probe in probes where probe.pool == pool {
        guard let outcome = try run(probe, trained: trained, twins: twins, splits: splits) else { continue }
        levels.append(outcome.result)
        warnings.add(outcome.warnings, of: probe)
      }
    }
    guard levels.contains(where: { $0.peak != nil }) else {
      throw StudyError.nothingToProbe(reasons: warnings.sentences)
    }
    return StudyResult(
      model: modelSummary, corpus: corpusSummary, settings: settings, levels: levels.sorted(by: isBelow),
      similarity: similarity, warnings: warnings.sentences)
  }

  private func run(
    _ probe: ProbeSpec, trained: Extraction, twins: [Extraction], splits: SplitPlan
  ) throws -> ProbeStudy.Outcome? {
    guard let examples = trained.levels[probe.level]?.examples else { return nil }
    let study = ProbeStudy(
      spec: probe, examples: examples, twins: twins.compactMap { $0.levels[probe.level]?.examples },
      splits: splits, tapPoints: layersOfModel, seed: seed, resamples: bootstrapResamples)
    return try study.run(
      threads: threads,
      progress: { [onProgress] done, total in
        onProgress(StudyProgress(stage: "Probing \(probe.name)", done: done, total: total, detail: nil))
      }, isCancelled: isCancelled)
  }

  /// The ways of pooling that the probes ask for, each once, in their order.
  private func pools(of probes: [ProbeSpec]) -> [FramePooling.Mode] {
    probes.reduce(into: []) { pools, probe in
      if !pools.contains(probe.pool) { pools.append(probe.pool) }
    }
  }

  private func isBelow(_ a: LevelResult, _ b: LevelResult) -> Bool {
    (a.level, a.probe) < (b.level, b.probe)
  }

  /// The definitions for the levels asked for, in the order of the hierarchy; throws where a level has none
  /// or where no level has labels.
  private func probesOfLevels() throws -> [ProbeSpec] {
    let probes = self.probes.filter { levels.contains($0.level) }.sorted { $0.level < $1.level }
    guard !probes.isEmpty else { throw StudyError.noProbe(levels: levels) }
    let available = Level.allCases.filter { level in
      corpus.utterances.contains { !$0.spans(at: level).isEmpty }
    }
    let labelled = probes.filter { available.contains($0.level) }
    guard !labelled.isEmpty else {
      throw StudyError.noLabels(corpus: corpus.name, levels: levels, available: available)
    }
    return labelled
  }

  private func extract(
    _ source: some ActivationSource, named name: String, pool: FramePooling.Mode, keepsMoments: Bool
  ) throws -> Extraction {
    // Mel is pooled for the twins too: the sample's bounds depend on the layers, and a twin must have the same.
    var settings = ExtractionSettings(
      levels: levels, layers: layers ?? layersByDefault, pooling: FramePooling(pool), seed: seed)
    if !keepsMoments { settings.momentsBudget = 0 }
    let pass = ExtractionPass(
      of: source, over: corpus.utterances, settings: settings, workFolder: workFolder)
    let started = Date()
    return try pass.run(
      threads: threads,
      progress: { [onProgress] progress in
        let rate = progress.seconds / max(Date().timeIntervalSince(started), 1e-3)
        onProgress(
          StudyProgress(
            stage: "Extracting \(name)", done: progress.done, total: progress.total,
            detail: "\(Int(rate)) × real time"))
      }, isCancelled: isCancelled)
  }

  /// Debiased and biased linear CKA and SVCCA between all layers, over one level's pooled spans: over all of them
  /// by their moments where these hold every pair of layers, else over the sample.
  private func similarity(_ extraction: Extraction) throws -> [SimilarityMatrix] {
    guard
      let (level, activations) = extraction.levels.first(where: { $0.key == similarityLevel })
        ?? extraction.levels.min(by: { $0.key < $1.key })
    else { return [] }
    let examples = activations.examples
    let layers = examples.layers.filter { $0 != LogMel.layer }
    let isSampled = activations.spans > examples.items.count
    func matrix(_ measure: some MomentMeasure) throws -> SimilarityMatrix {
      guard !isCancelled() else { throw StudyError.interrupted }
      if isSampled, let moments = activations.moments, moments.extent == .pairs {
        return try LayerSimilarity.matrix(
          moments, unit: "\(level.rawValue) spans", layers: layers, measure: measure, threads: threads)
      }
      return try LayerSimilarity.matrix(examples, layers: layers, measure: measure, threads: threads)
    }
    return [
      try matrix(LinearCKA()), try matrix(LinearCKA(debiased: false)), try matrix(SVCCA()),
    ]
  }
}

/// Set once, seen by all threads.
private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)
  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
