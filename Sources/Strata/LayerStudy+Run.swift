import Activations
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
    let trained = try extract(model, named: model.name)
    let twins = try twinSeeds.enumerated().map { index, seed in
      try extract(try model.randomTwin(seed: seed), named: "random twin \(index + 1)")
    }
    var levels: [LevelResult] = []
    var warnings = Warnings(corpus: corpus, splits: splits, trained: trained)
    for probe in probes {
      guard let examples = trained.levels[probe.level]?.examples else { continue }
      let study = ProbeStudy(
        spec: probe, examples: examples, twins: twins.compactMap { $0.levels[probe.level]?.examples },
        splits: splits, tapPoints: layersOfModel, seed: seed, resamples: bootstrapResamples)
      let outcome = try study.run(
        threads: threads,
        progress: { [onProgress] done, total in
          onProgress(
            StudyProgress(stage: "Probing \(probe.level.rawValue)", done: done, total: total, detail: nil))
        }, isCancelled: isCancelled)
      levels.append(outcome.result)
      warnings.add(outcome.warnings, of: probe)
    }
    guard levels.contains(where: { $0.peak != nil }) else { throw StudyError.nothingToProbe(reasons: warnings.sentences) }
    return StudyResult(
      model: modelSummary(trained), corpus: corpusSummary, settings: settings(trained),
      levels: levels, similarity: try similarity(trained), warnings: warnings.sentences)
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

  private func extract(_ source: some ActivationSource, named name: String) throws -> Extraction {
    // Mel is pooled for the twins too: the sample's bounds depend on the layers, and a twin must have the same.
    let settings = ExtractionSettings(levels: levels, layers: layers ?? layersByDefault, seed: seed)
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

  /// Debiased and biased linear CKA and SVCCA between all layers, over one level's pooled spans.
  private func similarity(_ extraction: Extraction) throws -> [SimilarityMatrix] {
    guard
      let examples = extraction.levels[similarityLevel]?.examples
        ?? extraction.levels.min(by: { $0.key < $1.key })?.value.examples
    else { return [] }
    let layers = examples.layers.filter { $0 != "mel" }
    func matrix(_ measure: some SimilarityMeasure) throws -> SimilarityMatrix {
      guard !isCancelled() else { throw StudyError.interrupted }
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
