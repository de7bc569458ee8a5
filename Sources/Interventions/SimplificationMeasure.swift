import Checkpoints
import Probing
import Results

/// What a smaller model loses of levels and of its head's output, with intervals over utterances.
struct SimplificationMeasure: Sendable {
  private typealias Simplification = InterventionResult.Simplification

  private let setting: InterventionSetting
  private let whole: ReducedOutcome
  private let statistics: [EffectStatistics]
  private let best: [String?]

  init(_ whole: WholeModel, _ study: InterventionStudy) {
    (setting, self.whole) = (whole.setting, whole.outcome)
    statistics = whole.setting.plans.map {
      EffectStatistics($0, draws: 0, resamples: study.resamples, seed: study.seed)
    }
    best = whole.setting.bestLayers
  }

  private var plans: [ConceptPlan] { setting.plans }

  func row(_ model: ReducedOutcome, part: String, change: String) -> InterventionResult.Simplification.Row {
    InterventionResult.Simplification.Row(
      part: part, change: change, bytes: 0, saved: 0, head: headEffects(model),
      readers: plans.indices.flatMap { level in
        Set([best[level], setting.read.last?.name].compactMap(\.self)).sorted().compactMap {
          reader(model, level, at: $0)
        }
      })
  }

  private func reader(_ model: ReducedOutcome, _ level: Int, at layer: String) -> InterventionResult.Reader?
  {
    guard let cost = lost(level, at: layer, in: model), let right = whole.right(level, at: layer) else {
      return nil
    }
    let spans = plans[level].tested.reduce(0) { $0 + plans[level].testedSpans($1).count }
    return InterventionResult.Reader(
      layer: layer, level: plans[level].name,
      effect: InterventionResult.Effect(
        quantity: .accuracy, intact: right.reduce(0, +) / Double(max(1, spans)), cost: cost.estimate()))
  }

  private func lost(_ level: Int, at layer: String, in model: ReducedOutcome) -> Draws? {
    guard let before = whole.right(level, at: layer), let after = model.right(level, at: layer) else {
      return nil
    }
    let plan = plans[level]
    return statistics[level].cost(
      plan.tested.map { utterance in
        (
          utterance,
          .init(
            intact: -before[utterance], changed: -after[utterance],
            weight: Double(plan.testedSpans(utterance).count))
        )
      })
  }

  private func headEffects(_ model: ReducedOutcome) -> [InterventionResult.Effect] {
    let tallies = setting.utterances.compactMap { utterance in
      whole.heads[utterance].flatMap { before in
        model.heads[utterance].map { (utterance: utterance, intact: before, changed: $0) }
      }
    }
    guard let statistics = statistics.first, let head = setting.head, !tallies.isEmpty else { return [] }
    return head.quantities(setting.study.effect).compactMap { quantity in
      let parts = tallies.compactMap { tally in
        quantity.part(tally.intact, tally.changed).map { (utterance: tally.utterance, part: $0) }
      }
      let weight = parts.reduce(0) { $0 + $1.part.weight }
      guard weight > 0 else { return nil }
      return InterventionResult.Effect(
        quantity: quantity, intact: parts.reduce(0) { $0 + $1.part.intact } / weight,
        cost: statistics.cost(parts).estimate())
    }
  }

  // MARK: - What is kept

  private func place(_ level: String) -> (level: Int, layer: String)? {
    plans.firstIndex { $0.name == level }.flatMap { index in best[index].map { (index, $0) } }
  }

  /// Of all tested spans at the level's best layer.
  func accuracyLost(of level: String, in model: ReducedOutcome) -> Double {
    place(level).flatMap { lost($0.level, at: $0.layer, in: model)?.values.first } ?? 0
  }

  private func accuracy(_ level: Int, at layer: String, in model: ReducedOutcome) -> Draws? {
    let plan = plans[level]
    return model.right(level, at: layer).map { right in
      statistics[level].cost(
        plan.tested.map {
          ($0, .init(intact: 0, changed: right[$0], weight: Double(plan.testedSpans($0).count)))
        })
    }
  }

  /// Whether the level's accuracy at its best layer is no lower than the whole model's interval.
  func keeps(_ level: String, in model: ReducedOutcome) -> Bool {
    guard let place = place(level), let before = accuracy(place.level, at: place.layer, in: whole),
      let after = accuracy(place.level, at: place.layer, in: model)?.values.first
    else { return false }
    return after >= before.estimate(within: 0...1).low
  }

  func smallest(
    _ model: ReducedOutcome, level: String, bytes: Int,
    changes: [InterventionResult.Simplification.Change], plan: [String: WeightReduction]
  ) -> InterventionResult.Simplification.Smallest {
    let found = place(level)
    func estimate(_ model: ReducedOutcome) -> Estimate {
      found.flatMap { accuracy($0.level, at: $0.layer, in: model)?.estimate(within: 0...1) } ?? .missing
    }
    return InterventionResult.Simplification.Smallest(
      level: level, layer: found?.layer ?? "", whole: estimate(whole), accuracy: estimate(model),
      bytes: bytes, head: plan.isEmpty ? [] : headEffects(model), changes: changes)
  }
}
