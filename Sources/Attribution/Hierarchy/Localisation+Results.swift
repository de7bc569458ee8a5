import Results

extension LevelLocalisation {
  /// As reports have it.
  public var summary: RelevanceLocalisation.Row {
    RelevanceLocalisation.Row(
      layer: layer, level: level, spans: spans, utterances: utterances,
      inside: Estimate(value: inside.mean, low: inside.low, high: inside.high),
      insideByChance: insideByChance, pointed: pointed, before: before, after: after, probe: probe)
  }
}

extension HeadProfile {
  /// As reports have it.
  public var summary: RelevanceLocalisation.Head {
    RelevanceLocalisation.Head(
      layer: layer, head: head, name: name, entropy: entropy, mostEntropy: mostEntropy, distance: distance,
      shares: shares.map {
        .init(kind: $0.place.rawValue, share: $0.share, chance: $0.chance, score: $0.score)
      })
  }
}

extension HeadMap {
  /// The weights as reports have them, over a recording of `seconds`.
  public func weights(seconds: Double) -> AttributionResult.Picture {
    let step = seconds / Double(max(1, picture.rows))
    return .init(
      frames: picture.rows, bands: picture.width, start: step / 2, step: step, values: picture.values)
  }
}
