/// What a file says about itself, read without decoding its samples.
public struct AudioHeader: Sendable, Equatable {
  /// Samples in each channel; nil where only decoding tells (a stream of unknown length).
  public let frames: Int?
  /// Samples a second.
  public let samplingRate: Int
  /// How many channels there are.
  public let channels: Int
  /// The container, such as `WAV` or `FLAC`.
  public let format: String
  /// What the file cannot tell, such as where the sound of an untagged MP3 begins.
  public let notes: [AudioNote]

  public init(frames: Int?, samplingRate: Int, channels: Int, format: String, notes: [AudioNote] = []) {
    self.frames = frames
    self.samplingRate = samplingRate
    self.channels = channels
    self.format = format
    self.notes = notes
  }

  /// The length in seconds, where it is known.
  public var seconds: Double? { frames.map { Double($0) / Double(samplingRate) } }
}
