/// What a corpus calls its parts: recordings have utterances by speakers, texts have sentences from sources.
public enum CorpusTerms: String, Sendable, Equatable, Codable {
  case speech, text

  /// What is read at a time: “utterance”, of a text “sentence”.
  public var utterance: String { self == .speech ? "utterance" : "sentence" }
  /// The plural of `utterance`.
  public var utterances: String { utterance + "s" }
  /// Whom or what an utterance is from: “speaker”, of a text “source”.
  public var speaker: String { self == .speech ? "speaker" : "source" }
  /// The plural of `speaker`.
  public var speakers: String { speaker + "s" }
}

extension Corpus {
  /// What this corpus calls its parts.
  public var terms: CorpusTerms { isText ? .text : .speech }
}
