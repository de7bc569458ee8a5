/// What an audio file's header says of it.
public struct SoundFacts: Sendable, Equatable {
  /// The length; nil where the header does not say.
  public var seconds: Double?
  /// Samples a second.
  public var samplingRate: Int?
  /// How many channels; nil where the header does not say.
  public var channels: Int?
  /// Such as `FLAC`.
  public var format: String?

  public init(
    seconds: Double?, samplingRate: Int? = nil, channels: Int? = nil, format: String? = nil
  ) {
    self.seconds = seconds
    self.samplingRate = samplingRate
    self.channels = channels
    self.format = format
  }
}
