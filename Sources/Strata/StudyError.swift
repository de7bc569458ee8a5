import Corpora
import Foundations

/// What keeps a study from being made, beyond faults of its files.
public enum StudyError: StrataError, Equatable, CustomStringConvertible, Sendable {
  case interrupted
  case unknownLevel(String, known: [String])
  /// A speech model was given texts, or a text model recordings.
  case otherInput(model: String, reads: String, corpus: String, holds: String)
  /// No probe definition is for any of the levels asked for.
  case noProbe(levels: [Level])
  /// None of the levels asked for has labels in the corpus.
  case noLabels(corpus: String, levels: [Level], available: [Level])
  /// No level has two classes that can be told apart.
  case nothingToProbe(reasons: [String])
  /// Recordings that were changed each time while the study ran.
  case soundChanges(corpus: String)
  /// A study that cannot be set beside another's, as of another corpus.
  case otherTraining(path: String, reason: String)
  /// A model without a configuration, which a folder of it needs.
  case noConfiguration(model: String)

  public var description: String {
    switch self {
    case .interrupted:
      "Stopped. Finished work is kept; run the same command again to go on."
    case .unknownLevel(let name, let known):
      "there is no level \(name); the levels and groups of probes are \(known.joined(separator: ", "))"
    case .otherInput(let model, let reads, let corpus, let holds):
      "\(model) reads \(reads) and \(corpus) holds \(holds); "
        + (reads == "text"
          ? "give it texts with --corpus: a .conllu file, a .tsv file with a column text or form, or a folder of them"
          : "give it a folder of audio and labels with --corpus, or a text model (BERT, RoBERTa, MiniLM) for these texts")
    case .noProbe(let levels):
      "no probe definition is for \(list(levels)); add one to the folder given with --probes"
    case .noLabels(let corpus, let levels, let available):
      "\(corpus) has no labels for \(list(levels)); it has \(list(available)). "
        + "Map its tiers to levels in corpus.yaml, or ask for other levels."
    case .nothingToProbe(let reasons):
      "there is nothing to probe:\n  " + reasons.joined(separator: "\n  ")
    case .soundChanges(let corpus):
      "recordings of \(corpus) are changed all the time; wait until they are finished, or study a copy of them"
    case .otherTraining(let path, let reason):
      "\(path) cannot stand beside this study: \(reason). Study all checkpoints on the same corpus with the same seed."
    case .noConfiguration(let model):
      "nothing in \(model) says how the model is built, which a folder of it needs; give a Hugging Face folder, or lay its "
        + "config.json beside the weights"
    }
  }

  public var kind: FailureKind {
    switch self {
    case .interrupted: .interrupted
    case .unknownLevel, .noProbe: .badRequest
    case .noConfiguration, .noLabels, .nothingToProbe, .otherInput, .otherTraining, .soundChanges: .badInput
    }
  }

  private func list(_ levels: [Level]) -> String {
    levels.isEmpty ? "no level" : levels.map(\.rawValue).joined(separator: ", ")
  }
}
