import Results

/// Right and wrong, with speakers and types as crossed random effects.
extension StudySummary {
  /// Of the spans that the layer's probe answered; nil of a regression, and where speakers and types cannot be told apart.
  func crossed(_ layer: Layer, _ guesses: [Prediction?]) throws -> CrossedAccuracy? {
    let tested = guesses.indices.filter { guesses[$0] != nil }
    let items = study.examples.items
    let found = try CrossedEffects(
      tested.map { guesses[$0]?.label == design.labels[$0] ? 1 : 0 },
      first: tested.map { items[$0].speaker }, second: tested.map { items[$0].type })
    return found.map { found in
      let whole = found.variances.first + found.variances.second + found.variances.rest
      let estimate = found.estimate
      return CrossedAccuracy(
        layer: layer,
        accuracy: Estimate(
          value: estimate.value, low: max(0, estimate.low), high: min(1, estimate.high)),
        speakers: found.levels.first, types: found.levels.second,
        ofSpeakers: found.variances.first / whole, ofTypes: found.variances.second / whole)
    }
  }
}
