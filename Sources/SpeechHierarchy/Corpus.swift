/// Recordings with labels, read from a folder.
public struct Corpus: Sendable {
  public let name: String
  public let path: String
  /// In the order of their ids.
  public let utterances: [Utterance]
  /// The labels that stand for silence, lower-cased.
  public let silenceLabels: Set<String>
  /// What is odd or wrong with the folder, in the order of the files.
  public let issues: [CorpusIssue]

  public init(
    name: String, path: String, utterances: [Utterance], silenceLabels: Set<String>, issues: [CorpusIssue]
  ) {
    self.name = name
    self.path = path
    self.utterances = utterances
    self.silenceLabels = silenceLabels
    self.issues = issues
  }

  /// Reads the corpus in a folder of audio and label files.
  ///
  /// `seconds` gives the length of an audio file from its header (this module knows no audio), or nil where
  /// the header does not say; the façade passes libsndfile's.
  public static func load(_ path: String, seconds: (String) throws -> Double?) throws -> Corpus {
    throw CorpusError.missing(path: path)
  }
}
