/// One recording and its labels.
public struct Utterance: Sendable {
  /// Unique in its corpus: the audio's path below the corpus without its extension, such as `kal/kal_s005`.
  public let id: String
  public let audioPath: String
  public let labelPath: String
  public let speaker: String
  /// Equal for utterances that read the same sentence.
  public let sentence: String
  /// The length of the audio.
  public let seconds: Double
  /// The tiers whose level is known, as the label file has them.
  public let tiers: [Level: Tier]

  public init(
    id: String, audioPath: String, labelPath: String, speaker: String, sentence: String, seconds: Double,
    tiers: [Level: Tier]
  ) {
    self.id = id
    self.audioPath = audioPath
    self.labelPath = labelPath
    self.speaker = speaker
    self.sentence = sentence
    self.seconds = seconds
    self.tiers = tiers
  }

  /// The labelled spans of a level in the order of time: silences left out, labels normalised. Empty where
  /// the utterance has no such tier.
  public func spans(at level: Level) -> [Span] {
    (tiers[level]?.intervals ?? []).map {
      Span(start: $0.start, end: $0.end, label: $0.label, type: $0.label)
    }
  }
}
