import Activations
import Corpora
import Results

/// What is read off a model's layers, and how: one file of `probes/`.
///
/// ```yaml
/// name: phoneme
/// description: which phone a span is
/// level: phoneme
/// penalties: [1000, 100, 10, 1]
/// ```
/// Only `name` and `level` must be there; the other keys have the defaults below, which hang on the target: a
/// regression is judged by R², boundaries by the R-value, frames are taken one by one, and speakers are divided by
/// sentences.
public struct ProbeSpec: Sendable, Equatable, Codable {
  /// The classifier.
  public enum Kind: String, Sendable, CaseIterable, Codable {
    /// Multinomial logistic regression (`SoftmaxProbe`); ridge regression where the target is a number.
    case softmax
    /// `RidgeProbe`.
    case ridge
    /// `LDAProbe`.
    case lda
  }

  /// Its name, unique among the probes of a study.
  public var name: String
  public var description = ""
  /// The spans that are read, `sound` for single frames.
  public var level: Level
  /// What is read of them.
  public var target = ProbeTarget.identity
  /// A table of words, for the targets that need one.
  public var lexicon: String?
  /// Whether it is run where nobody asked for probes by name.
  public var isDefault = true
  /// What a corpus must be of; nil for any.
  public var input: Input?
  /// How examples are divided into training and test.
  public var division = SplitPlan.Division.auto
  /// Weighs every class the same in training, however rare.
  public var isBalanced = false
  /// What the probe is.
  public var kind = Kind.softmax
  /// How a span's frames become one vector.
  public var pool = FramePooling.Mode.mean
  /// The L2 penalties that are tried, descending; the inverses of scikit-learn's `C`.
  public var penalties = ProbeSpec.defaultPenalties
  /// How they are tried on development data: each of them (`grid`), or others between the strongest and the weakest.
  public var search = Search.grid
  /// Of a random or Bayesian search, at most.
  public var trials = 10
  /// Classes with fewer examples than this are left out; nil for ten, or as few as five where that leaves less than
  /// half of the spans.
  public var minimumCount: Int?
  /// Of the remaining classes, at most this many, the most frequent; nil for 100, or as many up to 500 as it takes to
  /// cover half of the spans.
  public var maximumClasses: Int?
  /// What peaks and verdicts are about.
  public var metric = Metric.accuracy
  /// Whether a control task (Hewitt & Liang 2019) is probed too, without which there is no selectivity.
  public var control = true

  /// A probe with the defaults of its target.
  public init(name: String, level: Level, target: ProbeTarget = .identity) {
    self.name = name
    self.level = level
    self.target = target
    metric = target.metric
    if target == .speaker { division = .sentences }
    if target.isOfFrames { pool = .center }
  }

  /// The list of penalties itself; draws between its ends; or a Gaussian process that tells where to look next.
  public typealias Search = PenaltySearch.Method

  /// Recordings, or texts.
  public enum Input: String, Sendable, CaseIterable, Codable { case speech, text }

  /// Whether it can be read off a corpus, by what that is of.
  public func fits(ofText: Bool) -> Bool {
    (input.map { ($0 == .text) == ofText } ?? true) && Level.levels(ofText: ofText).contains(level)
  }

  /// A factor of ten apart: from where only the classes' frequencies are left to where training data are
  /// learned by heart.
  public static let defaultPenalties: [Double] = [10_000, 1000, 100, 10, 1, 0.1, 0.01]
}
