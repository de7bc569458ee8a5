import Audio
import Corpora

extension Corpus {
  /// Reads the corpus in a folder of audio and label files; durations come from the audio files' headers.
  public static func load(_ path: String) throws -> Corpus {
    try load(path) { try Waveform.header($0).seconds }
  }
}
