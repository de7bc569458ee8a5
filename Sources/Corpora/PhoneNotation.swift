/// How a corpus writes its phones: the alphabet, the language, and what its labels carry besides.
struct PhoneNotation {
  let phoneSet: PhoneSet
  let language: SpokenLanguage?
  let hasPositionMarks: Bool
  let labels: Set<String>
  private let settings: CorpusSettings

  /// `counts`: how often each phone occurs in the corpus, silences left out.
  init(_ counts: [String: Int], settings: CorpusSettings) {
    let marked = PhoneCounts(counts)
    hasPositionMarks = marked.hasPositionMarks
    labels = Set(marked.labels)
    phoneSet = settings.phoneSet ?? PhoneSet.recognise(counts)
    language = settings.language ?? SpokenLanguage.recognise(counts, in: phoneSet)
    self.settings = settings
  }

  /// The same labelling in this notation.
  func applied(to labelling: Labelling) -> Labelling {
    var labelling = labelling
    labelling.phoneSet = phoneSet
    labelling.language = language
    labelling.onsets = settings.onsets
    labelling.keepsTone = settings.keepsTone
    labelling.hasPositionMarks = hasPositionMarks
    return labelling
  }

  /// What was found, in a sentence.
  var words: String {
    guard phoneSet != .none else {
      return
        "phones: their alphabet is not known, they are taken as they are and neither syllables, features, stress "
        + "nor tone are derived from them; corpus.yaml can say it (phone_set)"
    }
    var parts = [
      "\(phoneSet.rawValue) (\(settings.phoneSet == nil ? "recognised" : "as corpus.yaml says"))"
    ]
    parts.append(settings.keepsStress ? "stress is kept" : "stress is left out")
    if phoneSet.marksTone, labels.contains(where: { phoneSet.tone(of: $0) != nil }) {
      parts.append(
        settings.keepsTone ? "tone is kept" : "tone is left out (tone: keep; the probe “tone” reads it)")
    }
    if hasPositionMarks { parts.append("Kaldi's position marks (_B _I _E _S) are left out") }
    return "phones: " + parts.joined(separator: ", ")
  }

  /// What syllables are derived by, in words.
  var division: String {
    let given = settings.onsets.isEmpty ? "" : " and the onsets of corpus.yaml"
    if let language {
      let isSaid = settings.language != nil || SpokenLanguage(of: phoneSet) != nil
      return "the onsets of \(language.rawValue.capitalizedWord)\(given)"
        + (isSaid ? "" : " (recognised by its phones; language: in corpus.yaml decides)")
    }
    return settings.onsets.isEmpty
      ? "rising sonority, as the language is not known; language: or onsets: in corpus.yaml decides"
      : "the onsets of corpus.yaml"
  }
}

extension String {
  fileprivate var capitalizedWord: String { prefix(1).uppercased() + dropFirst() }
}
