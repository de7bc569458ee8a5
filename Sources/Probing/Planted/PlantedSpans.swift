import Activations
import Corpora
import Foundations
import Tensors

/// Spans and states whose answer is known, since they are drawn: every speaker reads every sentence, each span has a
/// class at random, and a layer's states are standard normal with the feature of the span's class raised.
///
/// ```swift
/// let planted = PlantedSpans()
/// let examples = planted.examples(signals: [("mel", 0), ("hidden.1", 0), ("hidden.2", 3)], seed: 1)
/// ```
/// What a study says of them is what a self-test, a simulation and a test can hold it to.
public struct PlantedSpans: Sendable {
  /// The level that the spans are said to be of.
  public var level = Level.phoneme
  /// Speakers, each of whom reads every sentence.
  public var speakers = 4
  /// Sentences, each of which every speaker reads: there are `speakers · sentences` utterances.
  public var sentences = 6
  /// In each utterance.
  public var spans = 20
  /// Classes, of which each span has one by the same chance.
  public var classes = 5
  /// Types, to which a control task gives random classes.
  public var types = 40
  /// Of every layer; at least `classes`.
  public var width = 8
  /// The standard deviation of a vector that all spans of an utterance share: they are no independent draws.
  public var utteranceShift: Float = 0

  public init() {}

  /// One set of examples; with another `stream` the same spans have other states, as a twin's have.
  public func examples(
    signals: [(layer: String, signal: Float)], seed: UInt64, stream: String = ""
  ) -> PooledSpans {
    precondition(width >= classes, "\(width) features cannot hold \(classes) classes")
    var numbers = RandomNumbers(seed: seed, stream: "planted labels")
    let items = (0..<(speakers * sentences)).flatMap { utterance in
      (0..<spans).map { span in
        PooledSpans.Item(
          label: numbers.index(below: classes), type: numbers.index(below: types), utterance: utterance,
          speaker: utterance / sentences, start: Double(span), end: Double(span) + 0.5)
      }
    }
    let states = signals.map { layer, signal in
      (layer: layer, states: drawn(items, signal, seed: seed, stream: "\(stream) \(layer)"))
    }
    return PooledSpans(
      level: level, isDerived: false, classes: (0..<classes).map { "c\($0)" },
      types: (0..<types).map { "t\($0)" }, speakers: (0..<speakers).map { "s\($0)" },
      utterances: (0..<(speakers * sentences)).map { "u\($0)" }, items: items, states: states)
  }

  /// The folds of these utterances, by speaker and sentence.
  public func splits(seed: UInt64) throws(CorpusError) -> SplitPlan {
    try SplitPlan.make(
      for: (0..<(speakers * sentences)).map {
        (speaker: "s\($0 / sentences)", sentence: "\($0 % sentences)", seconds: Double(spans))
      }, seed: seed)
  }

  private func drawn(_ items: [PooledSpans.Item], _ signal: Float, seed: UInt64, stream: String) -> Tensor {
    var numbers = RandomNumbers(seed: seed, stream: "planted states" + stream)
    let shifts = (0..<(speakers * sentences * width)).map { _ in
      utteranceShift == 0 ? 0 : utteranceShift * Float(numbers.normal())
    }
    return Tensor(shape: [items.count, width]) { values in
      for (row, item) in items.enumerated() {
        for k in 0..<width {
          values[row * width + k] = Float(numbers.normal()) + shifts[item.utterance * width + k]
        }
        values[row * width + item.label] += signal
      }
    }
  }
}
