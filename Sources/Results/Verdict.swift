/// Whether the model encodes the level, as far as the data can say: a decision with its reasons as values. The sentence
/// is made from these where a study is reported.
public struct Verdict: Codable, Equatable, Sendable {
  /// The three answers. `undecided` means that the data allow neither of the others.
  public enum Decision: String, Codable, CaseIterable, Sendable {
    case encoded
    case notEncoded = "not encoded"
    case undecided
  }

  /// One thing that an encoded level has to show, at its peak layer.
  public struct Requirement: Codable, Equatable, Sendable {
    /// What has to be shown.
    public enum Kind: String, Codable, Sendable {
      /// Of the layer with everything simpler over everything simpler.
      case overJointBaseline = "gain over the joint baseline"
      case overInput = "gain over the input baseline"
      case overStatistics = "gain over span statistics"
      case overTwin = "gain over the untrained model"
      case overMajority = "gain over the majority class"
      case selectivity

      public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        // Results written before version 1.0 call the untrained model so.
        let name = text == "gain over the random twin" ? Self.overTwin.rawValue : text
        guard let kind = Self(rawValue: name) else {
          let path = decoder.codingPath
          throw DecodingError.dataCorrupted(
            DecodingError.Context(codingPath: path, debugDescription: "no requirement “\(text)”"))
        }
        self = kind
      }
    }

    /// How far the data show it.
    public enum Outcome: String, Codable, Sendable {
      case met
      /// The interval holds zero, or reaches below what is worth calling a gain.
      case open
      /// Above zero, but no more than the best of so many layers has by chance.
      case chance = "no more than the best of several has by chance"
      /// Nothing of the interval is above zero.
      case refuted
      /// Nothing of the interval is above what is worth calling a gain.
      case negligible
    }

    /// What has to be shown.
    public var kind: Kind
    /// Of `overStatistics`: `duration`, `length`.
    public var name: String?
    /// The gain or selectivity that was measured, in the level's metric.
    public var estimate: Estimate
    /// What follows of the estimate.
    public var outcome: Outcome

    public init(kind: Kind, name: String? = nil, estimate: Estimate, outcome: Outcome) {
      (self.kind, self.name, self.estimate, self.outcome) = (kind, name, estimate, outcome)
    }

    /// Whether the requirement is met.
    public var isMet: Bool { outcome == .met }
  }

  /// What stands in the way whatever the numbers are.
  public enum Obstacle: String, Codable, Sendable {
    /// Fewer than ten resampled units: no interval can be trusted.
    case fewUnits = "fewer than ten resampled units"
    /// No bit about the labels, and no gain over the commonest class.
    case tellsNothing = "the probe tells nothing about the labels"
  }

  /// How much data would decide, in the unit that is resampled.
  public struct DataNeeded: Codable, Equatable, Sendable {
    /// "speakers" or "utterances".
    public var unit: String
    /// How many there are now.
    public var present: Int
    /// The least number that could decide.
    public var atLeast: Int
    /// Nil where no number can be named.
    public var atMost: Int?

    public init(unit: String, present: Int, atLeast: Int, atMost: Int?) {
      (self.unit, self.present, self.atLeast, self.atMost) = (unit, present, atLeast, atMost)
    }
  }

  /// The answer.
  public var decision: Decision
  /// One sentence in plain words with its evidence.
  public var sentence: String
  /// A linear reader of the peak layer alone gets it, and not by heart. This, the next and the reasons are nil in a
  /// study of an earlier version.
  public var isReadable: Bool?
  /// The peak layer adds to everything simpler taken together.
  public var isBeyondBaseline: Bool?
  /// Everything that an encoded level has to show, with what was found.
  public var reasons: [Requirement]?
  /// What stands in the way whatever the numbers are; empty where nothing does.
  public var obstacles: [Obstacle]?
  /// How much data would decide; nil where the verdict is decided or nobody can say.
  public var needed: DataNeeded?
  /// The least of `needed` where it counts utterances: the key of earlier versions.
  public var utterancesToDecide: Int?

  public init(decision: Decision, sentence: String = "", utterancesToDecide: Int? = nil) {
    self.decision = decision
    self.sentence = sentence
    self.utterancesToDecide = utterancesToDecide
  }
}
