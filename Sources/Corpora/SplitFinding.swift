/// What a reader must know of how training and test were kept apart.
public enum SplitFinding: Sendable, Equatable, Codable {
  /// These speakers are in training and in test.
  case sharedSpeakers(names: [String])
  /// These sentences are in training and in test.
  case sharedSentences(names: [String])
  /// Test is apart; what is chosen on development data was learned from the same speakers, or sentences.
  case developmentSharesSpeakers, developmentSharesSentences
  /// So many of all folds have no development data.
  case withoutDevelopment(folds: Int, of: Int)

  /// In a sentence.
  public func words(_ terms: CorpusTerms) -> String {
    let speaker = terms.speaker
    switch self {
    case .sharedSpeakers(let names):
      return
        "the same \(speaker) is in training and in test (\(listed(names))): numbers say what holds within a "
        + "\(speaker), not for new ones; add \(terms == .speech ? "recordings of other speakers" : "other sources")"
    case .sharedSentences(let names):
      return
        "the same sentence is in training and in test (\(listed(names))): a probe that has memorised it looks "
        + "good; add other sentences"
    case .developmentSharesSpeakers: return shared(terms.speakers)
    case .developmentSharesSentences: return shared("sentences")
    case .withoutDevelopment(let folds, let all):
      return "\(folds) of \(all) folds have too little for any development data"
    }
  }

  private func shared(_ what: String) -> String {
    "too few \(what) for development data of their own: penalties are chosen on \(what) that are also in training "
      + "(test is apart)"
  }

  private func listed(_ names: [String]) -> String {
    names.prefix(3).map { "“\($0.prefix(40))”" }.joined(separator: ", ") + (names.count > 3 ? ", …" : "")
  }
}
