/// Recordings or texts with labels, read from a folder or a file.
public struct Corpus: Sendable {
  public let name: String
  public let path: String
  /// In the order of their ids.
  public let utterances: [Utterance]
  /// The labels that stand for silence, lower-cased.
  public let silenceLabels: Set<String>
  /// What is odd or wrong with the folder, in the order of the files.
  public let issues: [CorpusIssue]
  /// Whether its owner says which channel is heard, be it the mean of all.
  public let statesChannel: Bool

  public init(
    name: String, path: String, utterances: [Utterance], silenceLabels: Set<String>, issues: [CorpusIssue],
    statesChannel: Bool = false
  ) {
    self.name = name
    self.path = path
    self.utterances = utterances
    self.silenceLabels = silenceLabels
    self.issues = issues
    self.statesChannel = statesChannel
  }

  /// What names of recordings end in, without the dot, in lower case; some kinds must be converted before they are read.
  public static let audioEndings = CorpusFolder.audioExtensions

  /// Whether its utterances are sentences of a text, measured in characters, and not recordings.
  public var isText: Bool { utterances.first?.text != nil }

  /// Reads the corpus in a folder of audio and label files.
  ///
  /// ```swift
  /// let corpus = try Corpus.load("fixtures/unseen") { try Waveform.header($0).seconds }
  /// ```
  ///
  /// Audio (wav, flac, ogg, opus, mp3, aiff, au, caf, w64, sph, nist) and labels of one name belong together, in one folder
  /// or in two (`wav/a.wav`, `TextGrid/a.TextGrid`). A `corpus.yaml` in the folder says what is what; without one it
  /// is understood by convention: levels by the tiers' names; speakers by the column `speaker` of an
  /// `utterances.tsv`, else by MFA's tier names (`anna - words`), else by the folders, else by the beginnings of
  /// the file names (`anna_01`); sentences by the column `sentence`, else by their text. What was assumed, and
  /// every file that was left out, is in `issues`.
  ///
  /// A `.conllu` file, a `.tsv` file with a column `text` or `form`, or a folder of such files without audio is a
  /// corpus of texts: each sentence is an utterance (see `Utterance.text`), its speaker is its author or document.
  ///
  /// `seconds` gives the length of an audio file from its header (this module knows no audio), or nil where the header
  /// does not say; the façade passes libsndfile's. A file for which it throws is left out with an issue.
  /// - Throws: `CorpusError` if the folder is missing, has neither audio nor text, has a wrong `corpus.yaml`, or holds no
  ///   utterance that can be used.
  public static func load(_ path: String, seconds: (String) throws -> Double?) throws(CorpusError) -> Corpus
  {
    try withoutActuallyEscaping(seconds) { (seconds) throws(CorpusError) in
      var loader = try CorpusLoader(path: path, seconds: seconds)
      return try loader.load()
    }
  }
}
