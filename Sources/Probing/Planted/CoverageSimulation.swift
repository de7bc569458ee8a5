import Results

/// Studies of planted examples, many of which show what intervals and verdicts are worth.
///
/// The spans of an utterance share a shift, so that only intervals drawn from whole utterances can be right.
public enum CoverageSimulation {
  /// One study of so many speakers who read so many sentences each, with an LDA probe; `seed` draws examples and
  /// resamples.
  ///
  /// What another training part would have taught is next to nothing for the 1,440 spans of twelve speakers with ten
  /// sentences, and shows with the 576 of four.
  /// - Throws: `ProbeError` for rows and labels that do not fit together, and for values that are not finite.
  public static func study(
    signals: [(layer: String, signal: Float)], seed: UInt64, resamples: Int = 400, speakers: Int = 12,
    sentences: Int = 4
  ) throws -> LevelResult {
    var planted = PlantedSpans()
    (planted.speakers, planted.sentences, planted.spans) = (speakers, sentences, 12)
    (planted.classes, planted.width, planted.utteranceShift) = (3, 4, 0.5)
    var spec = ProbeSpec(name: "phoneme", level: planted.level)
    (spec.kind, spec.penalties) = (.lda, [10])
    return try ProbeStudy(
      spec: spec, examples: planted.examples(signals: signals, seed: seed),
      splits: planted.splits(seed: seed), seed: seed, resamples: resamples
    ).run().result
  }
}
