import Activations
import Corpora
import Foundations
import Tensors

/// How well a linear map of a layer follows the labels, by CCA between states and one-hot labels, fitted and
/// read on different utterances (Pasad et al. 2021, 2023), beside the same with shuffled labels.
public struct LabelCorrelation: Sendable, Equatable {
  /// The layer's name.
  public let layer: String
  /// The mean over folds of the test rows' correlations, weighted from the label side.
  public let value: Double
  /// The same with the labels dealt to other spans: the floor to read the value against.
  public let shuffled: Double
  /// One value a fold.
  public let folds: [Double]
  /// Spans that are in some fold's test part.
  public let testExamples: Int
}

/// CCA of layers with labels.
public struct LabelCCA: Sendable {
  /// How the correlation is fitted and read.
  public let measure: HeldOutCCA
  /// The seed of shuffled labels.
  public let seed: UInt64

  public init(measure: HeldOutCCA = HeldOutCCA(weights: .y), seed: UInt64 = 0) {
    self.measure = measure
    self.seed = seed
  }

  /// One correlation a layer (all that the examples have, or `layers`), over `folds` of utterances.
  ///
  /// Folds whose parts hold fewer than two spans or classes are left out; throws
  /// `SimilarityError.tooFewRows` where none is left.
  public func correlations(
    _ examples: PooledSpans, layers: [String]? = nil, folds: [Fold], threads: Int = 1
  ) throws -> [LabelCorrelation] {
    let parts = folds.map { Parts($0, examples) }.filter(\.isUsable)
    guard !parts.isEmpty else {
      throw SimilarityError.tooFewRows(
        rows: examples.items.count, needed: 2, measure: "CCA with labels in training and test")
    }
    let names = layers ?? examples.layers
    let labels = examples.items.map(\.label)
    var numbers = RandomNumbers(seed: seed, stream: "label CCA null")
    let dealt = numbers.permutation(labels.count).map { labels[$0] }
    return try parallelMap(names.count, threads: threads) { index in
      let states = try examples.states(of: names[index])
      func values(_ labels: [Int]) throws -> [Double] {
        try parts.map { part in
          func moments(_ rows: [Int]) throws -> PairMoments {
            try PairMoments(states.selectingRows(rows), oneHot(labels, rows, examples.classes.count))
          }
          let fitted = try measure.fit(
            train: moments(part.train),
            development: part.development.isEmpty ? nil : moments(part.development))
          return try fitted.score(on: moments(part.test))
        }
      }
      let found = try values(labels)
      let null = try values(dealt)
      return LabelCorrelation(
        layer: names[index], value: found.reduce(0, +) / Double(found.count),
        shuffled: null.reduce(0, +) / Double(null.count), folds: found,
        testExamples: Set(parts.flatMap(\.test)).count)
    }
  }

  /// The items of a fold's parts.
  private struct Parts: Sendable {
    let train, development, test: [Int]
    let isUsable: Bool

    init(_ fold: Fold, _ examples: PooledSpans) {
      func items(_ utterances: [Int]) -> [Int] {
        let chosen = Set(utterances)
        return examples.items.indices.filter { chosen.contains(examples.items[$0].utterance) }
      }
      func varies(_ items: [Int]) -> Bool { Set(items.map { examples.items[$0].label }).count > 1 }
      train = items(fold.train)
      let development = items(fold.development)
      self.development = varies(development) ? development : []
      test = items(fold.test)
      isUsable = varies(train) && varies(test)
    }
  }

  private func oneHot(_ labels: [Int], _ rows: [Int], _ classes: Int) -> Tensor {
    var result = Tensor(shape: [rows.count, classes])
    result.withUnsafeMutableBuffer { values in
      for (i, row) in rows.enumerated() { values[i * classes + labels[row]] = 1 }
    }
    return result
  }
}
