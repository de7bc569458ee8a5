import Activations
import Corpora
import Files
import Foundation
import Probing

/// A study of some of the utterances and two of the layers, to see what it takes.
struct StudyPilot {
  /// What a probe took.
  struct Probe {
    let name: String
    /// Spans that were probed, and the most that ever are.
    let spans, limit: Int
    let folds: Int
    /// Seconds of one thread on each of the probed layers, in the order of `layers`.
    let layerSeconds: [Double]
    /// Seconds of one thread for all other fits: baselines, the joint baseline, shuffled labels.
    let otherSeconds: Double
    /// What was no fit: resampling and tests.
    let restSeconds: Double
    /// What keeping the fits takes.
    let bytes: Int
  }

  let utterances: Int
  /// Of audio; of a text, characters.
  let length: Double
  let passes: Int
  /// Of all passes.
  let extractionSeconds: Double
  let similaritySeconds: Double
  let probes: [Probe]
  /// The layers that were probed, the narrowest first.
  let layers: [(name: String, width: Int)]
  /// Values of all pooled spans, of the model and its untrained copies.
  let pooled: Double
  let peakBytes: Int?
  let workBytes: Int
  let seconds: Double

  /// Measures `study` on `count` utterances that lie evenly in the corpus. Nil where too few spans are in them.
  init?(_ study: LayerStudy, utterances count: Int) throws {
    var part = study
    let all = study.corpus.utterances
    let chosen = (0..<count).map { all[$0 * all.count / count] }
    part.corpus = study.corpus.with(chosen)
    (part.maps, part.onProgress, part.storeFolder) = (0, { _ in }, nil)
    let folder = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID().uuidString)").path
    part.workFolder = folder
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let layers = Self.probedLayers(of: study)
    let splits = try SplitPlan.make(for: part.corpus, seed: part.seed)
    let started = ContinuousClock.now
    let countsPeak = ProcessMemory.forgetPeak()
    var (passes, extraction, similarity, pooled) = (0, 0.0, 0.0, 0.0)
    var probes: [Probe] = []
    func timed<T>(_ sum: inout Double, _ body: () throws -> T) rethrows -> T {
      let start = ContinuousClock.now
      defer { sum += start.duration(to: .now).inSeconds }
      return try body()
    }
    for (place, pass) in part.passes(of: try part.probesOfLevels()).enumerated() {
      let found = try timed(&extraction) {
        (
          try part.extraction(of: pass.keepingMoments(place == 0)),
          try part.twinSeeds.indices.compactMap { try part.extraction(of: pass.twin($0)) }
        )
      }
      guard let trained = found.0 else { continue }
      passes += 1 + found.1.count
      if place == 0, let compared = part.comparedLevel(of: trained) {
        try timed(&similarity) {
          _ = try part.similarity(compared.activations, of: compared.level)
          _ = try part.spectra(compared.activations)
        }
      }
      for level in pass.levels {
        let spans = Double(trained.levels[level]?.examples.items.count ?? 0)
        pooled += spans * Double(Self.width(of: study) * (1 + found.1.count))
      }
      for spec in pass.probes {
        guard
          var (probing, _) = try part.probeStudy(
            of: spec, trained: trained, twins: found.1, splits: splits)
        else { continue }
        let timer = FitTimer()
        probing.fits = timer
        probing.tapPoints = probing.tapPoints.filter { point in layers.contains { $0.name == point.name } }
        var wall = 0.0
        let outcome = try timed(&wall) {
          try probing.run(threads: part.threads, isCancelled: part.isCancelled)
        }
        guard outcome.result.peak != nil else { continue }
        let own = layers.map { timer.seconds(of: $0.name) }
        let concurrent = Double(part.threads)
        probes.append(
          Probe(
            name: spec.name, spans: probing.examples.items.count,
            limit: Self.spanLimit(of: study),
            folds: Self.folds(of: spec, part, splits), layerSeconds: own,
            otherSeconds: timer.seconds - own.reduce(0, +),
            restSeconds: max(0, wall - timer.seconds / concurrent), bytes: timer.bytes))
      }
    }
    guard !probes.isEmpty else { return nil }
    (self.utterances, self.passes, self.layers, self.probes) = (count, passes, layers, probes)
    length = chosen.reduce(0) { $0 + $1.seconds }
    (extractionSeconds, similaritySeconds, self.pooled) = (extraction, similarity, pooled)
    peakBytes = countsPeak ? ProcessMemory.peak : nil
    workBytes = Self.size(of: folder)
    seconds = started.duration(to: .now).inSeconds
  }

  /// How many spans of a level are kept at most.
  private static func spanLimit(of study: LayerStudy) -> Int {
    let limits = SampleLimits()
    return min(limits.total, limits.bytes / max(1, 4 * width(of: study)))
  }

  static func folds(of spec: ProbeSpec, _ study: LayerStudy, _ splits: SplitPlan) -> Int {
    guard spec.division != .auto else { return splits.folds.count }
    let clues = study.corpus.utterances.map { ($0.speaker, $0.sentence, $0.seconds) }
    return (try? SplitPlan.make(for: clues, by: spec.division, seed: study.seed))?.folds.count
      ?? splits.folds.count
  }

  /// The widths of all layers of the study, together.
  static func width(of study: LayerStudy) -> Int { widths(of: study).reduce(0) { $0 + $1.width } }

  static func widths(of study: LayerStudy) -> [(name: String, width: Int)] {
    let names = Set(study.layers ?? study.layersByDefault)
    return study.model.taps.filter { names.contains($0.name) }.map { ($0.name, $0.width) }
  }

  /// The narrowest layer and the widest; one where they are alike.
  private static func probedLayers(of study: LayerStudy) -> [(name: String, width: Int)] {
    let sorted = widths(of: study).sorted { $0.width < $1.width }
    guard let narrow = sorted.first, let wide = sorted.last, narrow.width < wide.width else {
      return Array(sorted.suffix(1))
    }
    return [narrow, wide]
  }

  private static func size(of folder: String) -> Int {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
    return names.reduce(0) { sum, name in
      let facts = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
      return sum + (facts?[.type] as? FileAttributeType == .typeRegular ? facts?[.size] as? Int ?? 0 : 0)
    }
  }
}
