/// A decoder at work on a file or a part of one: blocks of interleaved samples until there are no more.
protocol SoundStream: AnyObject {
  var samplingRate: Int { get }
  var channels: Int { get }

  /// Fills `block`, whole frames of `channels` values each; gives the number of frames, 0 at the end.
  func read(into block: UnsafeMutableBufferPointer<Float>) throws -> Int
}

/// What an `AudioFile` is decoded from, one after the other.
struct SoundPart {
  let samplingRate: Int
  let channels: Int
  /// Samples in each channel; nil where only decoding tells.
  let frames: Int?
  /// Begins to decode it.
  let open: () throws -> any SoundStream
}
