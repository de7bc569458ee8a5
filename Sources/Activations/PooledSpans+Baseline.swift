import Audio

extension PooledSpans {
  /// The name of the layer that is the baseline: `mel`, or `n-grams` of a text; nil where there is none.
  public var baseline: String? { [LogMel.layer, CharacterNGrams.layer].first(where: layers.contains) }

  /// That name where the spans are of a text, whose baseline is not mel.
  public var baselineOfText: String? { baseline == CharacterNGrams.layer ? baseline : nil }
}
