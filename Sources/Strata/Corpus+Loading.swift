import Audio
import Corpora

extension Corpus {
  /// Reads the corpus in a folder of audio and label files; durations come from the audio files' headers. What sound files
  /// cannot tell of themselves, and channels of which none was chosen, are among its issues.
  ///
  /// `overrides` go before the settings of its `corpus.yaml`.
  /// - Throws: `CorpusError` where no utterance can be used, or a setting is wrong.
  public static func load(
    _ path: String, overriding overrides: CorpusOverrides = CorpusOverrides()
  ) throws -> Corpus {
    try read(path, overriding: overrides).corpus.get()
  }

  /// The same for looking a corpus over: what was found is there also where nothing can be used.
  public static func read(
    _ path: String, overriding overrides: CorpusOverrides = CorpusOverrides()
  ) -> (corpus: Result<Corpus, CorpusError>, issues: [CorpusIssue]) {
    var sounds = SoundCheck()
    let found = read(path, overriding: overrides) { path in
      let header = try sounds.header(path)
      return SoundFacts(
        seconds: header.seconds, samplingRate: header.samplingRate, channels: header.channels,
        format: header.format)
    }
    guard case .success(let corpus) = found.corpus else { return found }
    let checked = corpus.adding(sounds.issues(of: corpus))
    return (.success(checked), checked.issues)
  }

  /// With a warning for all labels that do not lie where the sound changes (`AlignmentCheck`).
  public func alignmentChecked() -> Corpus {
    adding(
      AlignmentCheck(self).findings().map {
        CorpusIssue(.warning, path: path, message: $0.description, fix: $0.fix)
      })
  }
}
