import Activations
import Foundations
import Results
import Tensors

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
    try planted(signals, seed: seed, resamples: resamples, speakers: speakers, sentences: sentences).run()
      .result
  }

  /// At how many layers a second model, whose states are its own, is said to have gained or lost, as `compare` says it:
  /// paired over the same spans and resamples, all layers together.
  /// - Throws: as `study` does.
  public static func changes(
    from first: [(layer: String, signal: Float)], to second: [(layer: String, signal: Float)], seed: UInt64,
    resamples: Int = 400, speakers: Int = 12, sentences: Int = 4
  ) throws -> Int {
    func draws(_ signals: [(layer: String, signal: Float)], _ model: String) throws -> [String: Draws] {
      var study = try planted(
        signals, model: model, seed: seed, resamples: resamples, speakers: speakers, sentences: sentences)
      study.hasJointBaseline = false
      return try study.run().draws
    }
    let (before, after) = (try draws(first, ""), try draws(second, "second model"))
    let differences = first.compactMap { signal in
      after[signal.layer].flatMap { own in before[signal.layer].map { own - $0 } }
    }
    return SimultaneousInference.changes(differences).count { $0 }
  }

  private static func planted(
    _ signals: [(layer: String, signal: Float)], model: String = "", seed: UInt64, resamples: Int,
    speakers: Int,
    sentences: Int
  ) throws -> ProbeStudy {
    var planted = PlantedSpans()
    (planted.speakers, planted.sentences, planted.spans) = (speakers, sentences, 12)
    (planted.classes, planted.width, planted.utteranceShift) = (3, 4, 0.5)
    var spec = ProbeSpec(name: "phoneme", level: planted.level)
    (spec.kind, spec.penalties) = (.lda, [10])
    return try ProbeStudy(
      spec: spec, examples: planted.examples(signals: signals, seed: seed, stream: model),
      splits: planted.splits(seed: seed), seed: seed, resamples: resamples)
  }
}

extension CoverageSimulation {
  /// What three blocks of features explain of one layer, by speakers who read sentences of 12 spans each: 0.25, 0.15 and
  /// 0.1 of its variance, and noise of which the spans of an utterance share a part.
  /// - Throws: as `VariancePartition.shares` does.
  public static func variance(
    seed: UInt64, speakers: Int = 12, sentences: Int = 4, hasRefits: Bool = true
  ) throws -> VarianceShares {
    var planted = PlantedSpans()
    (planted.speakers, planted.sentences, planted.spans) = (speakers, sentences, 12)
    let utterances = (0..<speakers * sentences).flatMap { Array(repeating: $0, count: planted.spans) }
    var numbers = RandomNumbers(seed: seed, stream: "planted variance")
    // The same in all studies, so that all have one truth.
    var fixed = RandomNumbers(seed: 0, stream: "planted variance's weights")
    let outputs = 10
    var states = [Float](repeating: 0, count: utterances.count * outputs)
    let blocks = [(8, 0.25), (12, 0.15), (5, 0.1)].enumerated().map { place, block in
      let (width, share) = block
      let weights = (0..<width * outputs).map { _ in
        Float(fixed.normal() * (share / Double(width)).squareRoot())
      }
      let features = (0..<utterances.count * width).map { _ in Float(numbers.normal()) }
      for row in utterances.indices {
        for j in 0..<width {
          for k in 0..<outputs {
            states[row * outputs + k] += features[row * width + j] * weights[j * outputs + k]
          }
        }
      }
      return FeatureBlock("block \(place)", Tensor(features, shape: [utterances.count, width]))
    }
    let shared = (0..<speakers * sentences * outputs).map { _ in Float(0.3 * numbers.normal()) }
    for (row, utterance) in utterances.enumerated() {
      for k in 0..<outputs {
        states[row * outputs + k] += shared[utterance * outputs + k] + Float(0.64 * numbers.normal())
      }
    }
    let folds = try planted.splits(seed: seed).folds.map {
      VariancePartition.Fold($0, utterances: utterances)
    }
    var partition = try VariancePartition(
      blocks: blocks, folds: folds, clusters: utterances.map { speakers < 10 ? $0 : $0 / sentences })
    (partition.seed, partition.hasRefits) = (seed, hasRefits)
    return try partition.shares(of: Tensor(states, shape: [utterances.count, outputs]))
  }
}
