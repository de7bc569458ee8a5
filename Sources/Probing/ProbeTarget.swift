import Corpora
import Results

/// What a probe is asked to read; the raw value is its name in a definition (`target: manner`).
public enum ProbeTarget: String, Sendable, CaseIterable, Codable {
  /// The span's own label.
  case identity

  // Of a phone, by the alphabet's chart (`ArticulatoryFeatures`).
  case voicing, manner, place, height, backness, rounding
  case phoneWithStress = "phone-with-stress"
  /// Onset, nucleus or coda.
  case partOfSyllable = "part-of-syllable"

  // Of a syllable.
  /// Consonants and vowels: CV, CVC, …
  case structure
  case stress
  /// Of a syllable or its vowel, where the alphabet marks it.
  case tone
  /// Initial, medial, final or only.
  case positionInWord = "position-in-word"

  // Of a word.
  case phoneCount = "phone-count"
  case syllableCount = "syllable-count"
  /// From the definition's `lexicon`.
  case partOfSpeech = "part-of-speech"
  /// The logarithm of the lexicon's frequency.
  case frequency
  case positionInPhrase = "position-in-phrase"
  case positionInSentence = "position-in-sentence"

  // Of any span.
  case speaker
  /// The logarithm of its seconds.
  case duration

  // Of a frame.
  /// In decibels.
  case energy
  /// The logarithm of the frequency of voiced frames.
  case pitch
  case voiced
  case spectralCentroid = "spectral-centroid"
  case mel
  case phoneBoundary = "phone-boundary"
  case syllableBoundary = "syllable-boundary"
  case wordBoundary = "word-boundary"
  case phraseBoundary = "phrase-boundary"
  case sentenceBoundary = "sentence-boundary"

  /// What comes out of a probe.
  public enum Outcome: Sendable, Equatable {
    case classes
    /// A regression's outputs.
    case numbers
    /// Two classes of frames, from which boundaries in time are detected.
    case boundaries
  }

  /// Whether it is told apart as classes, estimated as numbers, or detected as boundaries.
  public var outcome: Outcome {
    switch self {
    case .frequency, .duration, .energy, .pitch, .spectralCentroid, .mel: .numbers
    case .phoneBoundary, .syllableBoundary, .wordBoundary, .phraseBoundary, .sentenceBoundary: .boundaries
    default: .classes
    }
  }

  /// The levels whose spans have it.
  public var levels: [Level] {
    switch self {
    case .identity, .speaker, .duration: Level.allCases
    case .voicing, .manner, .place, .height, .backness, .rounding, .phoneWithStress, .partOfSyllable:
      [.phoneme]
    case .structure, .stress: [.syllable]
    case .tone: [.phoneme, .syllable]
    case .positionInWord: [.phoneme, .syllable]
    case .phoneCount, .syllableCount, .partOfSpeech, .frequency: [.word]
    case .positionInPhrase, .positionInSentence: [.syllable, .word]
    case .energy, .pitch, .voiced, .spectralCentroid, .mel, .phoneBoundary, .syllableBoundary,
      .wordBoundary, .phraseBoundary, .sentenceBoundary:
      [.sound]
    }
  }

  /// It is read off single frames and not off labelled spans.
  public var isOfFrames: Bool { levels == [.sound] }

  /// It is computed from the signal alone, as the mel baseline is, so that the baseline is no bar for a layer.
  var isOfSignal: Bool { isOfFrames && boundaryLevel == nil }

  var needsLexicon: Bool { self == .partOfSpeech || self == .frequency }

  var feature: ArticulatoryFeatures.Feature? { ArticulatoryFeatures.Feature(rawValue: rawValue) }

  /// The level whose boundaries are detected.
  public var boundaryLevel: Level? {
    switch self {
    case .phoneBoundary: .phoneme
    case .syllableBoundary: .syllable
    case .wordBoundary: .word
    case .phraseBoundary: .phrase
    case .sentenceBoundary: .sentence
    default: nil
    }
  }

  /// What peaks and verdicts are about unless the definition says otherwise.
  var metric: Metric {
    switch outcome {
    case .classes: .accuracy
    case .numbers: .r2
    case .boundaries: .rValue
    }
  }

  func metrics() -> [Metric] {
    switch outcome {
    case .classes: ClusterCounts.Layout.classes(2).metrics
    case .numbers: ClusterCounts.Layout.outputs(1).metrics
    case .boundaries: ClusterCounts.Layout.boundaries.metrics
    }
  }

  /// In the plural, as the subject of a sentence; nil for the labels themselves.
  func subject(of level: Level) -> String? {
    switch self {
    case .identity: nil
    case .voicing: "voicing contrasts"
    case .manner: "manners of articulation"
    case .place: "places of articulation"
    case .height: "vowel heights"
    case .backness: "vowels' front and back"
    case .rounding: "rounded and unrounded vowels"
    case .phoneWithStress: "phones with their stress"
    case .partOfSyllable: "onsets, nuclei and codas"
    case .structure: "syllable structures"
    case .stress: "degrees of stress"
    case .tone: "tones"
    case .positionInWord: "\(level.rawValue) positions in words"
    case .phoneCount: "word lengths in phones"
    case .syllableCount: "word lengths in syllables"
    case .partOfSpeech: "parts of speech"
    case .frequency: "word frequencies"
    case .positionInPhrase: "\(level.rawValue) positions in phrases"
    case .positionInSentence: "\(level.rawValue) positions in sentences"
    case .speaker: "speakers (\(level.rawValue) spans)"
    case .duration: "\(level.rawValue) durations"
    case .energy: "frame energies"
    case .pitch: "fundamental frequencies"
    case .voiced: "voiced and voiceless frames"
    case .spectralCentroid: "spectral centroids"
    case .mel: "mel bands"
    case .phoneBoundary: "phone boundaries"
    case .syllableBoundary: "syllable boundaries"
    case .wordBoundary: "word boundaries"
    case .phraseBoundary: "phrase boundaries"
    case .sentenceBoundary: "sentence boundaries"
    }
  }
}
