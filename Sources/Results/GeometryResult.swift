import Corpora

/// How each layer's states move in time, how their variance is spread, and how far they move when the sound is changed:
/// what `geometry` writes to `geometry.json`.
public struct GeometryResult: Codable, Equatable, Sendable {
  /// The version of this structure as written to its JSON file; a change of meaning raises it.
  public static let schemaVersion = 1

  /// What is done to the sound.
  public struct Condition: Codable, Equatable, Sendable {
    /// What the change is, and the unit of its amount.
    public enum Kind: String, Codable, CaseIterable, Sendable {
      /// White noise, `amount` decibels below the recording.
      case noise
      /// `amount` times as fast, at the same pitch.
      case tempo
      /// `amount` semitones up, at the same tempo.
      case pitch
    }

    /// The change.
    public var kind: Kind
    /// How much: decibels, a factor or semitones, as `kind` says.
    public var amount: Double

    /// A change of `kind` by `amount`, in the unit that the kind says.
    public init(_ kind: Kind, _ amount: Double) { (self.kind, self.amount) = (kind, amount) }
  }

  /// One layer's numbers, each with a 95 % interval.
  public struct LayerGeometry: Codable, Equatable, Sendable {
    /// The layer; the input spectrum is one too.
    public var layer: Layer
    /// The mean angle from one step to the next, in degrees.
    public var curvature: Estimate
    /// Of the variance within recordings, as a share of the largest there could be.
    public var entropy: Estimate
    /// For each condition how far spans move, 0 not at all, 1 as far as two spans lie apart on average.
    public var changes: [Estimate]
    /// Why there are no numbers.
    public var reason: String?

    public init(
      layer: Layer, curvature: Estimate, entropy: Estimate, changes: [Estimate], reason: String? = nil
    ) {
      (self.layer, self.curvature, self.entropy) = (layer, curvature, entropy)
      (self.changes, self.reason) = (changes, reason)
    }
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = GeometryResult.schemaVersion
  /// The version of Strata that made it.
  public var version: String
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64
  /// The model that was studied, with its tap points.
  public var model: ModelSummary
  /// The corpus that it was studied on.
  public var corpus: CorpusSummary
  /// Whose spans are compared before and after.
  public var level: Level
  /// Recordings that were run, of those of the corpus, and their spans.
  public var recordings, ofRecordings, spans: Int
  /// How many units there are that intervals resample.
  public var clusters: Int
  /// What is resampled for intervals: `speakers` or `utterances`.
  public var clusterUnit: String
  /// What was done to the sound, in the order of `LayerGeometry.changes`.
  public var conditions: [Condition]
  /// The log-mel spectrum, what the model hears; then each layer.
  public var input: LayerGeometry
  /// Every studied layer, in the order of the data.
  public var layers: [LayerGeometry]
  /// Of the untrained model; empty where it was not looked at.
  public var untrained: [LayerGeometry]
  /// What a reader must know before trusting a number; whole sentences.
  public var warnings: [String]

  public init(
    version: String, seed: UInt64, model: ModelSummary, corpus: CorpusSummary, level: Level,
    recordings: Int, ofRecordings: Int, spans: Int, clusters: Int, clusterUnit: String,
    conditions: [Condition], input: LayerGeometry, layers: [LayerGeometry], untrained: [LayerGeometry],
    warnings: [String]
  ) {
    (self.version, self.seed, self.model, self.corpus) = (version, seed, model, corpus)
    (self.level, self.recordings, self.ofRecordings, self.spans) = (level, recordings, ofRecordings, spans)
    (self.clusters, self.clusterUnit, self.conditions) = (clusters, clusterUnit, conditions)
    (self.input, self.layers, self.untrained, self.warnings) = (input, layers, untrained, warnings)
  }
}

extension GeometryResult.Condition {
  /// "noise at 10 dB", "tempo × 0.8", "pitch +3 semitones".
  public var words: String {
    let number = amount == amount.rounded() ? "\(Int(amount))" : "\(amount)"
    return switch kind {
    case .noise: "noise at \(number) dB"
    case .tempo: "tempo × \(number)"
    case .pitch: "pitch \(amount > 0 ? "+" : "")\(number) semitones"
    }
  }
}
