import Activations
import Results
import Tensors

/// What a layer adds to everything simpler, and to the best part of it.
extension StudySummary {
  /// What is simpler than a layer, and how well it is read by itself.
  struct SimplerPart {
    let name: String
    let states: Tensor
    let draws: MetricDraws
  }

  /// The layer beside the joint baseline, and beside the best of its parts where that is read better alone.
  func joint(
    _ joint: JointBaseline, _ layer: Layer, _ runner: StudyRunner, parts: [SimplerPart]
  ) throws -> JointBaselineResult {
    let found = try runner.jointPredictions(of: layer.name, beside: joint.states, name: "joint")
    let (baseline, both) = (draws(of: found.baseline), draws(of: found.withLayer))
    func value(_ draws: MetricDraws) -> Double { direction * (draws[metric].values.first ?? -.infinity) }
    let better = parts.filter { joint.features.contains($0.name) && value($0.draws) > value(baseline) }
      .max { value($0.draws) < value($1.draws) }
    var result = JointBaselineResult(
      features: joint.features, width: joint.states.width, baseline: baseline.table, layer: layer,
      withLayer: both.table, gain: gain(both[metric], over: baseline[metric]).estimate(),
      gainInBits: design.isRegression ? nil : (both[.bits] - baseline[.bits]).estimate())
    result.betterPart = try better.map { part in
      runner.counter.expect(2 * design.folds.count)
      let found = try runner.jointPredictions(
        of: layer.name, beside: part.states, name: "better part \(part.name)")
      let (alone, both) = (draws(of: found.baseline), draws(of: found.withLayer))
      return JointBaselineResult.Part(
        name: part.name, value: alone[metric].estimate(within: metric.range),
        gain: gain(both[metric], over: alone[metric]).estimate())
    }
    return result
  }
}
