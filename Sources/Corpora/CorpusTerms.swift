/// What a corpus calls its parts: recordings have utterances by speakers, texts have sentences from sources.
public enum CorpusTerms: String, Sendable, Equatable, Codable {
  case speech, text

  public var utterance: String { self == .speech ? "utterance" : "sentence" }
  public var utterances: String { utterance + "s" }
  public var speaker: String { self == .speech ? "speaker" : "source" }
  public var speakers: String { speaker + "s" }
}

extension Corpus {
  public var terms: CorpusTerms { isText ? .text : .speech }
}
