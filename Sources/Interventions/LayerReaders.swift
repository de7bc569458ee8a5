import Activations
import Probing
import Tensors

/// The linear readers of one layer for one level, one a fold: discriminants with one covariance, fitted to moments.
struct LayerReaders: Sendable {
  /// Nil where a fold has nothing to learn from.
  let folds: [FittedDiscriminant?]

  /// A hundredth of the variance stands on the diagonal of the standardised covariance.
  private static let shrinkage = 0.01

  /// Fitted to the spans' vectors by cell of utterances; `cells` limits training to those that are marked.
  init(_ plan: ConceptPlan, sums: [ClassSums?], cells: [Bool]? = nil, threads: Int = 1) throws {
    folds = try parallelMap(plan.foldCount, threads: threads) { fold in
      guard let moments = plan.training(fold, sums, cells: cells)?.moments() else { return nil }
      return try Self.fit(moments, classCount: plan.classes.count)
    }
  }

  static func fit(_ moments: LabelMoments, classCount: Int) throws -> FittedDiscriminant {
    try LDAProbe(penalty: shrinkage * Double(moments.count)).fit(moments, classCount: classCount)
  }

  /// How many of the tested spans of an utterance are read right; `vectors` has a row for each of them.
  func right(_ vectors: Tensor, _ spans: [ConceptPlan.Span], fold: Int) throws -> Double {
    guard !spans.isEmpty else { return 0 }
    return Double(zip(try guesses(vectors, fold: fold), spans).count { $0 == $1.label })
  }

  /// The class that each row of `vectors` is read as; none where the fold has no reader.
  func guesses(_ vectors: Tensor, fold: Int) throws -> [Int] {
    guard fold >= 0, let reader = folds[fold] else { return [] }
    return try reader.predictions(of: vectors)
  }
}

extension ConceptPlan {
  func testedSpans(_ utterance: Int) -> [Span] { spans[utterance].filter(\.isTested) }

  /// Sums of the level's vectors `[rows × width]` at a layer, by cell; `vectors` has those of each utterance's spans, nil
  /// for one that has none.
  func sums(width: Int, _ vectors: (_ utterance: Int) -> (states: Tensor, spans: [Span])?) -> [ClassSums?] {
    var sums = [ClassSums?](repeating: nil, count: cellCount)
    var centre: [Double]?
    for utterance in spans.indices {
      guard let (states, spans) = vectors(utterance), !spans.isEmpty else { continue }
      let origin = centre ?? states[row: 0].map(Double.init)
      centre = origin
      if sums[cell[utterance]] == nil {
        sums[cell[utterance]] = ClassSums(centre: origin, classCount: classes.count, labellings: 1)
      }
      sums[cell[utterance]]?.add(states, labels: [spans.map(\.label)])
    }
    return sums
  }
}
