/// One division of a corpus: indices of utterances.
public struct Fold: Sendable, Equatable, Codable {
  /// What probes are fitted on.
  public let train: [Int]
  /// What penalties are chosen on.
  public let development: [Int]
  /// What numbers are read on.
  public let test: [Int]

  public init(train: [Int], development: [Int], test: [Int]) {
    self.train = train
    self.development = development
    self.test = test
  }
}

/// How a corpus is divided into training, development and test, so that no speaker and no sentence is on two
/// sides wherever the corpus allows it.
public struct SplitPlan: Sendable, Equatable {
  public let folds: [Fold]
  /// In a sentence or two, for the report.
  public let description: String
  /// Whether any fold has the same speaker or the same sentence on two sides.
  public let leaks: Bool
  public let warnings: [String]

  /// The folds of a corpus.
  public static func make(
    for utterances: [(speaker: String, sentence: String, seconds: Double)], seed: UInt64
  ) throws -> SplitPlan {
    throw CorpusError.tooFewUtterances(count: utterances.count)
  }
}
