import Activations
import Corpora
import Foundations
import Probing
import Reports
import Results
import Tensors

/// The accuracy of a probe that learns from more and more of the training part, and what it rises to.
struct CurvesOverExamples {
  private let settings: CurvesStudy
  private let study: LayerStudy

  init(_ settings: CurvesStudy) { (self.settings, study) = (settings, settings.study) }

  func result() throws -> CurvesResult {
    var study = study
    study.twinSeeds = []
    let pass = LayerStudy.Pass(pool: .mean, probes: [settings.spec])
    guard let found = try study.extraction(of: pass)?.levels[settings.level] else {
      throw StudyError.noLabels(corpus: study.corpus.name, levels: [settings.level], available: [])
    }
    let plan = try SplitPlan.make(for: study.corpus, seed: study.seed)
    let plans = settings.shares.map { share in
      share < 1
        ? (0..<max(1, settings.draws)).map {
          plan.learning(from: share, draw: $0, seed: study.seed)
        } : [plan]
    }
    let (examples, kept) = try known(found.examples, plans.joined().flatMap(\.folds))
    let layers = study.layersOfModel.filter { examples.layers.contains($0.name) }
    let input = examples.baseline.map { Layer(name: $0, depth: -1) }
    let tapPoints = [input].compactMap(\.self) + layers
    let total = plans.reduce(0) { $0 + $1.count }
    var scores: [[String: Draws]] = []
    var (last, done) = (ProbeStudy.Outcome?.none, 0)
    for own in plans {
      let outcomes = try own.map { plan in
        study.onProgress(
          StudyProgress(stage: "Probing parts", done: done, total: total, detail: nil))
        done += 1
        return try settings.probeStudy(examples, plan, tapPoints: tapPoints).run(
          threads: study.threads, isCancelled: study.isCancelled)
      }
      var mean: [String: Draws] = [:]
      for layer in tapPoints {
        mean[layer.name] = Draws.mean(outcomes.compactMap { $0.draws[layer.name] })
      }
      scores.append(mean)
      last = outcomes.last
    }
    guard let last, last.result.peak != nil else {
      throw StudyError.nothingToProbe(
        reasons: (last?.findings ?? []).map { $0.words(study.corpus.terms) })
    }
    let places = plans.map { examples.spansLearned(in: $0) }
    let curves = tapPoints.map { layer -> CurvesResult.Curve in
      let own = scores.compactMap { $0[layer.name] }
      guard own.count == places.count else {
        let reason = last.result.layers.first { $0.layer == layer }?.reason
        return CurvesResult.Curve(
          layer: layer.name, accuracies: places.map { _ in .missing },
          reason: reason ?? "it cannot be probed")
      }
      return CurvesResult.Curve(
        layer: layer.name, accuracies: own.map { $0.estimate(within: 0...1) },
        limit: SampleSizeCurve.limit(of: own, at: places))
    }
    return settings.result(
      of: last.result, places: places.map { $0.rounded() }, curves: curves, plan: plan,
      clusters: last.draws.values.first?.clusters ?? 0, ofSpans: found.spans,
      ofClasses: found.examples.classes.count,
      warnings: kept < found.examples.classes.count
        ? [
          "\(kept) of \(found.examples.classes.count) classes are in the smallest part of every fold, and are all that is probed"
        ] : [])
  }

  /// The examples of classes that every part of every fold can learn, so that the same spans are tested at all sizes.
  private func known(_ examples: PooledSpans, _ folds: [Fold]) throws -> (PooledSpans, Int) {
    var known = Set(examples.classes.indices)
    for fold in folds {
      let learned = Set(fold.outer)
      known.formIntersection(
        examples.items.filter { learned.contains($0.utterance) && $0.label >= 0 }.map(\.label))
    }
    guard known.count > 1 else {
      throw StudyError.nothingToProbe(reasons: [
        "no two classes are in the smallest part of every fold; give more recordings, or larger shares"
      ])
    }
    let labels = examples.items.map { known.contains($0.label) ? $0.label : -1 }
    return (examples.relabelled(classes: examples.classes, labels: labels), known.count)
  }
}

extension PooledSpans {
  /// The mean number of labelled spans in the training parts of all folds of the plans.
  fileprivate func spansLearned(in plans: [SplitPlan]) -> Double {
    var ofUtterance = [Int](repeating: 0, count: utterances.count)
    for item in items where item.label >= 0 { ofUtterance[item.utterance] += 1 }
    let counts = plans.flatMap(\.folds).map { $0.outer.reduce(0) { $0 + ofUtterance[$1] } }
    return Double(counts.reduce(0, +)) / Double(max(1, counts.count))
  }
}
