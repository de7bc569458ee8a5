import Corpora

/// What a reader must know before trusting a study's numbers: a value, which `Reports` puts into words.
public struct StudyFinding: Codable, Equatable, Sendable {
  /// Whose numbers it is of: a level, or a probe that reads something else; nil for all.
  public var about: String?
  /// What was found, with its numbers.
  public var kind: Kind

  /// A finding about one level's or probe's numbers, or about all.
  public init(_ kind: Kind, about: String? = nil) { (self.kind, self.about) = (kind, about) }

  /// Every kind of finding, with the values that its sentence is made of.
  public enum Kind: Codable, Equatable, Sendable {
    /// Classes with fewer than five test examples.
    case rareClasses(names: [String])
    /// Examples left out, since their classes are not in training while they are held out.
    case untrainedClasses(examples: Int)
    /// Fewer than ten units are resampled.
    case fewUnits(count: Int, unit: String)
    /// Fits that did not come down to the gradient that was asked for.
    case unconverged(fits: Int, of: Int)
    /// The weakest penalty was chosen in so many of all folds.
    case weakestPenalty(layer: String, penalty: Double, folds: Int, of: Int)
    /// A probe that knows each span's duration alone (of a text its length), beside the commonest class.
    case durationTells(accuracy: Estimate, majority: Double)
    /// Layers with rows that are far longer than the others; the first of them, and where its longest is.
    case outliers(layers: Int, first: String, utterance: String, start: Double)
    /// A layer that has no numbers.
    case refusedLayer(layer: String, reason: String)
    /// No layer has numbers.
    case nothingToProbe(reason: String)
    case split(finding: SplitFinding)
    case corpus(issue: CorpusIssue)
    /// Shards were made with other BLAS kernels than this study; all of them.
    case otherKernels(kernels: [String])
    /// Nothing untrained stands beside this model.
    case noUntrainedModel(model: String)
  }
}
