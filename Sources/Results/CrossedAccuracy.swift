/// The accuracy at one layer for new speakers and new items: a linear mixed model of right and wrong, span by span, with
/// speakers and types as crossed random effects.
public struct CrossedAccuracy: Codable, Equatable, Sendable {
  /// The layer that was read.
  public var layer: Layer
  /// The mean of the model, every speaker and every type counting by what it tells of new ones.
  public var accuracy: Estimate
  /// Speakers and types (triphones of phones, words of words) that the tested spans are of.
  public var speakers, types: Int
  /// Shares of the variance of right and wrong that lie between speakers and between types, 0 to 1.
  public var ofSpeakers, ofTypes: Double

  public init(
    layer: Layer, accuracy: Estimate, speakers: Int, types: Int, ofSpeakers: Double, ofTypes: Double
  ) {
    (self.layer, self.accuracy) = (layer, accuracy)
    (self.speakers, self.types, self.ofSpeakers, self.ofTypes) = (speakers, types, ofSpeakers, ofTypes)
  }
}
