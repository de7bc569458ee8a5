extension SplitPlan {
  /// Something that is on two sides of a fold.
  public struct Leak: Sendable, Equatable, CustomStringConvertible {
    /// What is on two sides.
    public enum Kind: String, Sendable { case utterance, speaker, sentence }
    /// Which two sides of a fold.
    public enum Sides: String, Sendable, CaseIterable {
      case trainingAndTest = "training and test"
      case developmentAndTest = "development and test"
      case trainingAndDevelopment = "training and development"
    }

    /// The fold, counted from 0.
    public let fold: Int
    /// Whether it is an utterance, a speaker or a sentence.
    public let kind: Kind
    /// The speaker, the sentence, or the utterance's index.
    public let name: String
    /// The sides that it is on.
    public let sides: Sides

    /// Whether it makes the test numbers too good: only what touches the test part does.
    public var isSerious: Bool { sides != .trainingAndDevelopment || kind == .utterance }

    public var description: String { "fold \(fold): \(kind.rawValue) “\(name)” is in \(sides.rawValue)" }
  }

  /// What is on two sides of any of these folds, however they were made; none if they are clean.
  ///
  /// `outer` counts as training. Complexity: linear in the folds' sizes.
  public static func verify(
    _ folds: [Fold], for utterances: [(speaker: String, sentence: String, seconds: Double)]
  ) -> [Leak] {
    var leaks: [Leak] = []
    for (number, fold) in folds.enumerated() {
      let development = Set(fold.development)
      let training = fold.train + fold.outer.filter { !development.contains($0) }
      let pairs: [(Leak.Sides, [Int], [Int])] = [
        (.trainingAndTest, training, fold.test), (.developmentAndTest, fold.development, fold.test),
        (.trainingAndDevelopment, fold.train, fold.development),
      ]
      for (sides, a, b) in pairs {
        func report(_ kind: Leak.Kind, _ name: (Int) -> String) {
          let shared = Set(a.map(name)).intersection(b.map(name))
          leaks += shared.sorted().map { Leak(fold: number, kind: kind, name: $0, sides: sides) }
        }
        report(.utterance) { String($0) }
        report(.speaker) { utterances[$0].speaker }
        report(.sentence) { utterances[$0].sentence }
      }
    }
    return leaks
  }
}
