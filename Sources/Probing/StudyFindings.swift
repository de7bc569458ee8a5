import Activations
import Results

/// What a reader must know of one level's study.
struct StudyFindings {
  let study: ProbeStudy
  let design: StudyDesign
  let clusters: ResamplingUnits
  let measured: StudyRunner.FitResults
  let result: LevelResult
  let duration: MetricDraws?

  var all: [StudyFinding.Kind] {
    [rareClasses, untrained, fewClusters, unconverged, edgeOfPenalties, durations, outliers]
      .compactMap(\.self)
      + measured.refused.sorted { $0.key < $1.key }.map { .refusedLayer(layer: $0, reason: $1) }
  }

  private var rareClasses: StudyFinding.Kind? {
    guard !design.isRegression else { return nil }
    let rare = zip(design.classes, design.testCounts).filter { (1..<5).contains($1) }.map(\.0)
    return rare.isEmpty ? nil : .rareClasses(names: rare)
  }

  private var untrained: StudyFinding.Kind? {
    design.untrained > 0 ? .untrainedClasses(examples: design.untrained) : nil
  }

  private var fewClusters: StudyFinding.Kind? {
    clusters.count < SimultaneousInference.leastClusters
      ? .fewUnits(count: clusters.count, unit: clusters.unit) : nil
  }

  private var unconverged: StudyFinding.Kind? {
    let all =
      Array(measured.layers.values) + measured.twins.flatMap(\.values) + [measured.mel].compactMap(\.self)
    let count = all.reduce(0) { $0 + $1.unconverged }
    return count > 0 ? .unconverged(fits: count, of: all.count * design.folds.count) : nil
  }

  /// Better fits may lie beyond the weakest penalty.
  private var edgeOfPenalties: StudyFinding.Kind? {
    guard let peak = result.peak, let weakest = study.spec.penalties.min(), study.spec.penalties.count > 1,
      let penalties = measured.layers[peak.layer.name]?.penalties
    else { return nil }
    let count = penalties.count { $0 == weakest }
    guard count * 2 > penalties.count else { return nil }
    return .weakestPenalty(layer: peak.layer.name, penalty: weakest, folds: count, of: penalties.count)
  }

  /// Labels that go with the length of their spans can be guessed without hearing anything.
  private var durations: StudyFinding.Kind? {
    guard !design.isRegression, let duration, let peak = result.peak,
      let best = result.layers.first(where: { $0.layer == peak.layer })?.metrics?.accuracy.value
    else { return nil }
    let (alone, chance) = (duration[.accuracy].estimate(), result.majority.accuracy.value)
    guard alone.low > chance, alone.value - chance > 0.25 * (best - chance) else { return nil }
    return .durationTells(accuracy: alone, majority: chance)
  }

  /// A few rows decide what the layer's probe learns.
  private var outliers: StudyFinding.Kind? {
    let found = result.layers.filter { $0.outliers != nil }
    guard let first = found.first, let row = first.outliers?.rows.first else { return nil }
    return .outliers(
      layers: found.count, first: first.layer.name, utterance: row.utterance, start: row.start)
  }
}
