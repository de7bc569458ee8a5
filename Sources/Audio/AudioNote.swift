/// What a file cannot tell of itself, so that its times may not be what labels mean by them.
public enum AudioNote: Sendable, Hashable, CustomStringConvertible {
  /// An MP3 whose tag, if it has any, does not say how much silence the encoder put before the sound.
  case unknownDelay(samplingRate: Int)
  /// Files that were put one behind the other.
  case joined(parts: Int)
  /// The header does not say how long the sound is, as of what was written into a pipe.
  case unknownLength
  /// The last frame is not whole and was left out.
  case endsInFrame

  /// What LAME, and a decoder after it, put before the sound, in samples.
  public static let usualDelay = 576 + MPEGWalk.decoderDelay

  public var description: String {
    switch self {
    case .unknownDelay(let rate):
      "the MP3 has no tag that says where its sound begins: if LAME made it, the sound is "
        + "\(Int((Double(AudioNote.usualDelay) / Double(rate) * 1000).rounded())) ms late"
    case .joined(let parts):
      "\(parts) files are joined in it; they are read one after the other"
    case .unknownLength:
      "its header does not say how long it is, so whether all of it is there cannot be told"
    case .endsInFrame:
      "it ends within a frame, which is left out; was it cut?"
    }
  }
}
