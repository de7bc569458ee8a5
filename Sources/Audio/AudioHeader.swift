/// What a file says about itself, read without decoding its samples.
public struct AudioHeader: Sendable, Equatable {
  /// Samples in each channel; nil where the container does not say (a stream of unknown length).
  public let frames: Int?
  /// Samples a second.
  public let samplingRate: Int
  public let channels: Int
  /// The container, such as `WAV` or `FLAC`.
  public let format: String

  /// The length in seconds, where the container says it.
  public var seconds: Double? { frames.map { Double($0) / Double(samplingRate) } }
}
