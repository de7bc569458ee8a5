import Models
import Tensors

/// How much each moment, and where a method tells, each frequency band counts for a target.
public struct AttributionMap: Sendable {
  /// "Grad-CAM", "gradient × input" …
  public var method: String
  /// What was explained, in words.
  public let target: String
  /// The target's value for this input.
  public let score: Double
  /// Where it was taken: a tap point, or "input".
  public var layer: String
  /// The middles of its frames, in seconds, evenly spaced.
  public let centres: [Double]
  /// One value a frame.
  public let profile: [Double]
  /// `[frames × bands]`, where the method tells frequencies apart; its rows sum to the profile.
  public var grid: Tensor?
  /// One value a band, over the whole utterance.
  public var bandProfile: [Double] = []
  /// The middle of each band in hertz.
  public var bands: [Double] = []
  /// What was checked: conservation, completeness, steps.
  public var checks: [Check] = []

  /// A number that shows whether the method did what it promises.
  public struct Check: Sendable, Equatable, Codable {
    /// What was checked, in words.
    public let name: String
    /// The number that was found.
    public let value: Double
    /// The largest value that is still good; nil where it only informs.
    public let limit: Double?
    /// Whether the value's size is within the limit; true where there is none.
    public var isPassed: Bool { limit.map { value.magnitude <= $0 } ?? true }
  }

  public init(
    method: String, target: String, score: Double, layer: String, centres: [Double], profile: [Double]
  ) {
    self.method = method
    self.target = target
    self.score = score
    self.layer = layer
    self.centres = centres
    self.profile = profile
  }

  /// From one frame to the next, in seconds.
  public var step: Double { centres.count > 1 ? centres[1] - centres[0] : 0.01 }
}
