import Corpora
import Models

/// What one pass over a corpus gave.
public struct Extraction: Sendable {
  /// The source's name and fingerprint.
  public let source: String
  /// The source's fingerprint: differs wherever its values may.
  public let fingerprint: String
  /// The layers that were asked for, in the order of the data, `mel` first.
  public let layers: [TapPoint]
  /// Pooled spans and moments, by level; levels without labels are not there.
  public let levels: [Level: LevelActivations]
  /// What went wrong or is odd, in the order of the corpus; the rest went on.
  public let issues: [CorpusIssue]
  /// Utterances that were read, and their length together.
  public let utterances: Int
  /// The length of the utterances that were read, in seconds; of texts in characters.
  public let seconds: Double
  /// Tells what it was made by, of which labels and with which settings; not of which sound.
  public let key: String
  /// Of each utterance the XXH3-128 hash of the bytes that were decoded; nil of a text, and of a file that could not be
  /// read.
  public let contents: [String?]
}

/// One level's share of an extraction.
public struct LevelActivations: Sendable {
  /// The sampled spans with each layer's vector of each.
  public let examples: PooledSpans
  /// Nil where the budget allowed none.
  public let moments: Moments?
  /// Spans that were pooled into `moments`, of which `examples` is a sample.
  public let spans: Int
  /// Spans that lie beyond the end of their audio.
  public let droppedSpans: Int
}

/// How far an extraction is.
public struct ExtractionProgress: Sendable, Equatable {
  /// Utterances, with those that were found finished.
  public let done: Int
  /// Utterances of the corpus.
  public let total: Int
  /// Seconds of audio, by the corpus's lengths.
  public let seconds: Double
  /// Seconds of audio in the whole corpus, by its lengths.
  public let totalSeconds: Double
  /// Utterances whose results were found from an earlier run.
  public let resumed: Int
}
