/// How far off a regression's probe on one layer was: for whom, for how long spans, and where to listen.
///
/// Deviations are guess less truth in standard deviations of the tested numbers, of several outputs each in its own, so
/// that always answering the mean deviates by a root mean square of 1.
public struct DeviationAnalysis: Codable, Equatable, Sendable {
  /// The layer whose probe it is.
  public var layer: Layer
  /// Speakers by name and durations from the shortest.
  public var parts: [Part]
  /// Spans, those first that are furthest off.
  public var worst: [SpanDeviation]

  public init(layer: Layer, parts: [Part], worst: [SpanDeviation]) {
    (self.layer, self.parts, self.worst) = (layer, parts, worst)
  }

  /// Spans that have something in common.
  public struct Part: Codable, Equatable, Sendable {
    /// What the spans have in common: their speaker or their duration.
    public var kind: ErrorAnalysis.Part.Kind
    /// A speaker's, or a range: “0.04–0.07 s”.
    public var name: String
    /// How many of the spans were predicted while held out.
    public var tested: Int
    /// Over spans and outputs.
    public var rootMeanSquare: Double
    /// Above zero where the probe answers too much.
    public var mean: Double

    public init(
      kind: ErrorAnalysis.Part.Kind, name: String, tested: Int, rootMeanSquare: Double, mean: Double
    ) {
      (self.kind, self.name, self.tested) = (kind, name, tested)
      (self.rootMeanSquare, self.mean) = (rootMeanSquare, mean)
    }
  }

  /// One held-out span and how far off its prediction was.
  public struct SpanDeviation: Codable, Equatable, Sendable {
    /// Its name in the corpus: the file without its ending.
    public var utterance: String
    /// The speaker's name in the corpus.
    public var speaker: String
    /// Seconds from the start of the recording; characters of a text.
    public var start, end: Double
    /// In the target's unit; nil of a target with several outputs.
    public var truth, guess: Double?
    /// Its root mean square over the outputs.
    public var deviation: Double

    public init(
      utterance: String, speaker: String, start: Double, end: Double, truth: Double?, guess: Double?,
      deviation: Double
    ) {
      (self.utterance, self.speaker, self.start, self.end) = (utterance, speaker, start, end)
      (self.truth, self.guess, self.deviation) = (truth, guess, deviation)
    }
  }
}
