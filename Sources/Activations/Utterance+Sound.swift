import Audio
import Corpora

extension Utterance {
  /// What is heard of the recording: its channel, or the mean of all. Throws `AudioError`.
  public func sound() throws -> Waveform { try Waveform.read(audioPath, channel: channel) }
}

/// The sound of an utterance on its way through a pass.
enum HeardSound {
  /// Of a text.
  case nothing
  case whole(Waveform)
  /// Of a recording that is longer than what its source hears at once.
  case streamed(StreamedSound)

  /// The file's own rate, and its length; nil of a text.
  var extent: (samplingRate: Int, seconds: Double)? {
    switch self {
    case .nothing: nil
    case .whole(let waveform): (waveform.samplingRate, waveform.seconds)
    case .streamed(let sound): (sound.samplingRate, sound.seconds)
    }
  }
}
