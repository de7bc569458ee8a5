import Audio
import Corpora

extension Utterance {
  /// What is heard of the recording: its channel, or the mean of all. Throws `AudioError`.
  public func sound() throws -> Waveform { try Waveform.read(audioPath, channel: channel) }
}
