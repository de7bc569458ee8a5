import Activations
import Results
import SpeechHierarchy

/// What is read off a model's layers, and how: one file of `probes/`.
///
/// ```yaml
/// name: phoneme
/// description: which phone a span is
/// level: phoneme
/// penalties: [1000, 100, 10, 1]
/// ```
/// Only `name` and `level` must be there; the other keys have the defaults below.
public struct ProbeSpec: Sendable, Equatable, Codable {
  /// The classifier.
  public enum Kind: String, Sendable, CaseIterable, Codable {
    /// Multinomial logistic regression (`SoftmaxProbe`).
    case softmax
  }

  public var name: String
  public var description = ""
  /// The spans that are classified by their labels.
  public var level: Level
  public var kind = Kind.softmax
  /// How a span's frames become one vector.
  public var pool = FramePooling.Mode.mean
  /// The L2 penalties that are tried, descending; the inverses of scikit-learn's `C`.
  public var penalties = ProbeSpec.defaultPenalties
  /// Classes with fewer examples than this are left out.
  public var minimumCount = 10
  /// Of the remaining classes, at most this many, the most frequent.
  public var maximumClasses = 100
  /// What peaks and verdicts are about.
  public var metric = Metric.accuracy
  /// Whether a control task (Hewitt & Liang 2019) is probed too, without which there is no selectivity.
  public var control = true

  public init(name: String, level: Level) {
    self.name = name
    self.level = level
  }

  /// A factor of ten apart: from where only the classes' frequencies are left to where training data are
  /// learned by heart.
  public static let defaultPenalties: [Double] = [10_000, 1000, 100, 10, 1, 0.1, 0.01]
}
