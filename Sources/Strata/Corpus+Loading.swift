import Audio
import Corpora

extension Corpus {
  /// Reads the corpus in a folder of audio and label files; durations come from the audio files' headers. What sound files
  /// cannot tell of themselves, and channels of which none was chosen, are among its issues.
  public static func load(_ path: String) throws -> Corpus {
    var sounds = SoundCheck()
    let corpus = try load(path) { try sounds.header($0).seconds }
    return corpus.with(sounds.issues(of: corpus))
  }

  private func with(_ more: [CorpusIssue]) -> Corpus {
    Corpus(
      name: name, path: path, utterances: utterances, silenceLabels: silenceLabels, issues: issues + more,
      statesChannel: statesChannel)
  }
}
