import Activations
import Foundation
import Probing

extension LayerStudy {
  /// One pass of a study over its corpus: of the model or of one of its random twins, with spans pooled one way.
  struct Pass: Sendable {
    let pool: FramePooling.Mode
    /// Its place among `twinSeeds`; nil for the model.
    var twin: Int?
    /// Whether all spans are summed, and not only sampled.
    var keepsMoments = false

    /// "model-mean", "twin-1-mean": for the name of a file.
    var name: String { (twin.map { "twin-\($0 + 1)" } ?? "model") + "-\(pool.rawValue)" }
  }

  /// Every pass that the study makes, in their order.
  func passes() throws -> [Pass] {
    pools(of: try probesOfLevels()).enumerated().flatMap { place, pool in
      [Pass(pool: pool, keepsMoments: place == 0)] + twinSeeds.indices.map { Pass(pool: pool, twin: $0) }
    }
  }

  /// The ways of pooling that the probes ask for, each once, in their order: one pass serves all probes that pool
  /// spans alike, which mostly are all.
  func pools(of probes: [ProbeSpec]) -> [FramePooling.Mode] {
    probes.reduce(into: []) { pools, probe in
      if !pools.contains(probe.pool) { pools.append(probe.pool) }
    }
  }

  /// What a pass runs; nil for a twin where there can be none.
  func source(of pass: Pass) throws -> (any ActivationSource)? {
    try pass.twin.map { try model.randomTwin(ofSeed: twinSeeds[$0]) } ?? model
  }

  func extractionPass(_ pass: Pass, of source: any ActivationSource) -> ExtractionPass {
    // Mel is pooled for the twins too: the sample's bounds depend on the layers, and a twin must have the same.
    var settings = ExtractionSettings(
      levels: levels, layers: layers ?? layersByDefault, pooling: FramePooling(pass.pool), seed: seed)
    if !pass.keepsMoments { settings.momentsBudget = 0 }
    return ExtractionPass(of: source, over: corpus.utterances, settings: settings, workFolder: workFolder)
  }

  /// What a pass gives: run, or found in shards. Nil for a twin where there can be none.
  func extraction(of pass: Pass) throws -> Extraction? {
    if let shards {
      return try shards.files(of: pass).map { try extractionPass(pass, of: model).joining($0) }
    }
    guard let source = try source(of: pass) else { return nil }
    return try extractionPass(pass, of: source).run(
      threads: threads, progress: reporting(pass), isCancelled: isCancelled)
  }

  /// Says how far a pass is.
  func reporting(_ pass: Pass) -> @Sendable (ExtractionProgress) -> Void {
    let started = Date()
    let name = pass.twin.map { "random twin \($0 + 1)" } ?? model.name
    return { [onProgress] progress in
      let rate = progress.seconds / max(Date().timeIntervalSince(started), 1e-3)
      onProgress(
        StudyProgress(
          stage: "Extracting \(name)", done: progress.done, total: progress.total,
          detail: "\(Int(rate)) × real time"))
    }
  }
}
