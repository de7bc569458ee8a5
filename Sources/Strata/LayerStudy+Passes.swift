import Activations
import Corpora
import Files
import Foundation
import Probing

extension LayerStudy {
  /// One pass of a study over its corpus: of the model or of one of its untrained counterparts, with spans pooled one way.
  struct Pass: Sendable {
    let pool: FramePooling.Mode
    /// Single frames take the place of labelled spans.
    var readsFrames = false
    /// What is read of it.
    var probes: [ProbeSpec]
    /// Its place among `twinSeeds`; nil for the model.
    var twin: Int?
    /// Whether all spans are summed, and not only sampled.
    var keepsMoments = false

    var levels: [Level] { Set(probes.map(\.level)).sorted() }

    /// "model-mean", "twin-1-mean", "model-center-frames": for the name of a file.
    var name: String {
      (twin.map { "twin-\($0 + 1)" } ?? "model") + "-\(pool.rawValue)" + (readsFrames ? "-frames" : "")
    }

    func twin(_ place: Int) -> Pass {
      var pass = self
      (pass.twin, pass.keepsMoments) = (place, false)
      return pass
    }

    func keepingMoments(_ keeps: Bool) -> Pass {
      var pass = self
      pass.keepsMoments = keeps
      return pass
    }
  }

  /// The seeds of `count` untrained models of a study with this seed: those that follow it, 0 after the largest.
  package static func untrainedSeeds(_ count: Int, after seed: UInt64) -> [UInt64] {
    (0..<count).map { seed &+ UInt64($0) &+ 1 }
  }

  /// Every pass that the study makes, in their order.
  func passes() throws -> [Pass] {
    passes(of: try probesOfLevels()).enumerated().flatMap { place, pass in
      [pass.keepingMoments(place == 0)] + twinSeeds.indices.map(pass.twin)
    }
  }

  /// The model's passes: one serves all probes that pool spans alike, which mostly are all. Those that read frames
  /// come last, so that layers are compared over labelled spans.
  func passes(of probes: [ProbeSpec]) -> [Pass] {
    let passes = probes.reduce(into: [Pass]()) { passes, probe in
      let readsFrames = probe.target.isOfFrames
      if let place = passes.firstIndex(where: { $0.pool == probe.pool && $0.readsFrames == readsFrames }) {
        passes[place].probes.append(probe)
      } else {
        passes.append(Pass(pool: probe.pool, readsFrames: readsFrames, probes: [probe]))
      }
    }
    return passes.filter { !$0.readsFrames } + passes.filter(\.readsFrames)
  }

  /// What a pass runs; nil for a twin where there can be none.
  func source(of pass: Pass) throws -> (any ActivationSource)? {
    try pass.twin.map { try model.randomTwin(ofSeed: twinSeeds[$0]) } ?? model
  }

  func extractionPass(_ pass: Pass, of source: any ActivationSource) -> ExtractionPass {
    // Mel is pooled for the twins too: the sample's bounds depend on the layers, and a twin must have the same.
    var settings = ExtractionSettings(
      levels: pass.levels, layers: layers ?? layersByDefault, pooling: FramePooling(pass.pool), seed: seed)
    // Moments serve the similarity of layers alone, which looks at one level.
    let compared = pass.levels.contains(similarityLevel) ? similarityLevel : pass.levels.min()
    settings.momentsLevels = pass.keepsMoments ? [compared].compactMap(\.self) : []
    let utterances = pass.readsFrames ? FrameSpans.framed(corpus.utterances, seed: seed) : corpus.utterances
    var run = ExtractionPass(
      of: source, over: utterances, settings: settings, workFolder: workFolder, fingerprints: fingerprints)
    run.onChangedSound = { [onNotice] changed in onNotice(Self.notice(ofChanged: changed.map(\.audioPath)))
    }
    return run
  }

  /// What a user is told of recordings that are no more what work was made of.
  static func notice(ofChanged paths: [String]) -> String {
    let first = paths.first ?? ""
    return paths.count == 1
      ? "\(first) was changed; what was made of it is made again"
      : "\(first) and \(paths.count - 1) more recordings were changed; what was made of them is made again"
  }

  /// What a pass gives: run, or found in shards. Nil for a twin where there can be none.
  func extraction(of pass: Pass) throws -> Extraction? {
    if let shards {
      return try shards.files(of: pass).map { try extractionPass(pass, of: model).joining($0) }
    }
    guard let source = try source(of: pass) else { return nil }
    return try keeping(source) { source in
      let run = extractionPass(pass, of: source)
      let extraction = try run.run(
        threads: threads, progress: reporting(pass), isCancelled: isCancelled)
      if let workFolder { work.add(try run.keptFolders(), in: workFolder) }
      return extraction
    }
  }

  /// Runs `body` on the source, or on what the store has of it; what was made is kept also where `body` throws.
  func keeping<T>(_ source: any ActivationSource, _ body: (any ActivationSource) throws -> T) throws -> T {
    guard let storeFolder else { return try body(source) }
    let kept = try StoredSource(source, in: storeFolder, utterances: corpus.utterances)
    let result = Result { try body(kept) }
    let flushed = Result { try kept.flush() }
    onStore(kept)
    let value = try result.get()
    try flushed.get()
    return value
  }

  /// Says how far a pass is.
  func reporting(_ pass: Pass) -> @Sendable (ExtractionProgress) -> Void {
    let started = Date()
    let name = pass.twin.map { "untrained model \($0 + 1)" } ?? model.name
    return { [onProgress, isText = corpus.isText] progress in
      let rate = progress.seconds / max(Date().timeIntervalSince(started), 1e-3)
      onProgress(
        StudyProgress(
          stage: "Extracting \(name)", done: progress.done, total: progress.total,
          detail: isText ? "\(Int(rate)) characters a second" : "\(Int(rate)) × real time"))
    }
  }
}
