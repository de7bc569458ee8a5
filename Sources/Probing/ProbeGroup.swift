import Corpora

/// Probes that are asked for together, beside the levels of the hierarchy (`--levels sound,articulation,word`).
public enum ProbeGroup: String, Sendable, CaseIterable {
  /// Measures of the signal, frame by frame.
  case sound
  /// Voicing, manner, place, height, backness and rounding of phones.
  case articulation
  case stress
  /// Of the languages whose alphabet marks it.
  case tone
  /// Where a unit stands in a larger one.
  case position
  /// How many phones and syllables, what structure.
  case structure
  case boundary
  /// What a probe may read by the way: who speaks, and how long a span is.
  case nuisance
  case speaker
  case duration
  /// By a lexicon: parts of speech and frequencies.
  case lexicon

  /// Whether a probe of a target is one of the group.
  public func contains(_ target: ProbeTarget) -> Bool {
    switch self {
    case .sound: target.isOfSignal
    case .articulation: target.feature != nil
    case .stress: target == .stress || target == .phoneWithStress
    case .tone: target == .tone
    case .position:
      [.partOfSyllable, .positionInWord, .positionInPhrase, .positionInSentence].contains(target)
    case .structure: [.structure, .phoneCount, .syllableCount].contains(target)
    case .boundary: target.boundaryLevel != nil
    case .nuisance: target == .speaker || target == .duration
    case .speaker: target == .speaker
    case .duration: target == .duration
    case .lexicon: target.needsLexicon
    }
  }

  /// Every name that may be asked for: levels, then groups.
  public static let names =
    Level.allCases.map(\.rawValue) + allCases.map(\.rawValue).filter { Level(rawValue: $0) == nil }
}
