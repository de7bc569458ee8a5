import Results

extension LevelEvidence {
  /// As reports have it.
  public var summary: EvidenceResult.Row {
    EvidenceResult.Row(
      layer: layer, level: level, spans: spans, utterances: utterances,
      inside: Estimate(value: inside.mean, low: inside.low, high: inside.high),
      insideByChance: insideByChance, pointed: pointed, before: before, after: after, probe: probe)
  }
}

extension HeadProfile {
  /// As reports have it.
  public var summary: EvidenceResult.Head {
    EvidenceResult.Head(
      layer: layer, head: head, name: name, entropy: entropy, mostEntropy: mostEntropy, distance: distance,
      shares: shares.map {
        .init(kind: $0.place.rawValue, share: $0.share, chance: $0.chance, score: $0.score)
      })
  }
}
