import Corpora

/// What explaining one target of one recording has found: what `attribution.json` holds, and figures are drawn from.
public struct AttributionResult: Codable, Equatable, Sendable {
  /// Values over time and frequency, drawn but not written into JSON; arrays of their own hold them.
  public struct Picture: Equatable, Sendable {
    /// A picture of no frame, for where there is none.
    public static let empty = Picture(frames: 0, bands: 0, start: 0, step: 0.01, values: [])

    /// Frames in time: rows of `values`.
    public var frames: Int
    /// Frequency bands in a frame: columns of `values`.
    public var bands: Int
    /// The middle of the first frame, in seconds.
    public var start: Double
    /// From one frame to the next, in seconds.
    public var step: Double
    /// `[frames × bands]`, low bands first.
    public var values: [Float]

    public init(frames: Int, bands: Int, start: Double, step: Double, values: [Float]) {
      precondition(values.count == frames * bands, "\(values.count) values, \(frames) × \(bands)")
      self.frames = frames
      self.bands = bands
      self.start = start
      self.step = step
      self.values = values
    }

    /// The value of a frame, counted from 0, in a band, counted from 0 at the lowest.
    public subscript(frame: Int, band: Int) -> Float { values[frame * bands + band] }
  }

  /// A number that shows whether a method did what it promises.
  public struct Check: Codable, Equatable, Sendable {
    /// What is checked, in words.
    public var name: String
    /// The number that was found; `limit` is in the same unit.
    public var value: Double
    /// The largest that is still good; nil where it only informs.
    public var limit: Double?
    /// Whether the value is within the limit; true where there is none.
    public var isPassed: Bool

    public init(name: String, value: Double, limit: Double?, isPassed: Bool) {
      self.name = name
      self.value = value
      self.limit = limit
      self.isPassed = isPassed
    }
  }

  /// A stretch of time and band of frequencies with its share of all that speaks for the target.
  public struct Region: Codable, Equatable, Sendable {
    /// Where it lies: `start` and `end` in seconds, `low` and `high` in hertz; and its share of the positive relevance,
    /// 0 to 1.
    public var start, end, low, high, share: Double

    public init(start: Double, end: Double, low: Double, high: Double, share: Double) {
      (self.start, self.end, self.low, self.high, self.share) = (start, end, low, high, share)
    }
  }

  /// What one method gives for the target at one layer: relevance over time, and over frequency where the method tells
  /// it.
  public struct Map: Codable, Equatable, Sendable {
    /// The method's name, such as `integrated gradients`.
    public var method: String
    /// The layer whose activations are explained, or the input.
    public var layer: String
    /// The middle of the first frame, in seconds.
    public var start: Double
    /// From one frame to the next, in seconds.
    public var step: Double
    /// One value a frame.
    public var profile: [Double]
    /// One value a band; empty where bands are not told apart.
    public var bandProfile: [Double]
    /// The middles of the bands of `bandProfile`, in hertz.
    public var bands: [Double]
    /// What shows that the method did what it promises: completeness, conservation and the like.
    public var checks: [Check]
    /// What the target leans on most, the weightiest first.
    public var regions: [Region] = []
    /// Where the method tells frequencies apart.
    public var grid: Picture?

    private enum CodingKeys: String, CodingKey {
      case method, layer, start, step, profile, bandProfile, bands, checks, regions
    }

    public init(
      method: String, layer: String, start: Double, step: Double, profile: [Double],
      bandProfile: [Double] = [], bands: [Double] = [], checks: [Check] = [], grid: Picture? = nil
    ) {
      self.method = method
      self.layer = layer
      self.start = start
      self.step = step
      self.profile = profile
      self.bandProfile = bandProfile
      self.bands = bands
      self.checks = checks
      self.grid = grid
    }
  }

  /// What was tried to find out whether a map is true of the model.
  public struct Trust: Codable, Equatable, Sendable {
    /// How the target's score falls as the most relevant parts are hidden, and rises as they are uncovered (Petsiuk et
    /// al. 2018); the same in random orders.
    public struct Curve: Codable, Equatable, Sendable {
      /// `shares` of the recording that are hidden or shown, 0 to 1; the others are the target's value at each, 1 for
      /// the whole recording and 0 for one that is hidden all over.
      public var shares, deletion, insertion, randomDeletion, randomInsertion: [Double]

      public init(
        shares: [Double], deletion: [Double], insertion: [Double], randomDeletion: [Double],
        randomInsertion: [Double]
      ) {
        (self.shares, self.deletion, self.insertion) = (shares, deletion, insertion)
        (self.randomDeletion, self.randomInsertion) = (randomDeletion, randomInsertion)
      }
    }

    /// A rank correlation with the map, of what.
    public struct Agreement: Codable, Equatable, Sendable {
      /// What the map is compared with: the model with some layers randomised, a level of noise, or another method.
      public var name: String
      /// Spearman's rank correlation of the two maps, −1 to 1.
      public var correlation: Double

      public init(name: String, correlation: Double) {
        self.name = name
        self.correlation = correlation
      }
    }

    /// The method whose map is tested.
    public var method: String
    /// The deletion and insertion curves; nil where they were not measured.
    public var hiding: Curve?
    /// Insertion's area less deletion's, and the same of random orders.
    public var gain, randomGain: Double?
    /// The map beside that of the model with weights randomised, layer by layer (Adebayo et al. 2018): a faithful map
    /// changes.
    public var randomisation: [Agreement]
    /// The map beside that of the same recording with a little noise: a stable map does not change.
    public var noise: [Agreement]
    /// The map beside those of the other methods.
    public var agreement: [Agreement]
    /// Why it should not be trusted; empty where nothing speaks against it.
    public var doubts: [String]

    public init(
      method: String, hiding: Curve?, gain: Double?, randomGain: Double?, randomisation: [Agreement],
      noise: [Agreement], agreement: [Agreement], doubts: [String]
    ) {
      self.method = method
      self.hiding = hiding
      (self.gain, self.randomGain) = (gain, randomGain)
      self.randomisation = randomisation
      self.noise = noise
      self.agreement = agreement
      self.doubts = doubts
    }
  }

  /// What a decoder's tokens listen to.
  public struct CrossAttentionAlignment: Equatable, Sendable {
    /// The tokens that the decoder is given, in their order.
    public var tokens: [String]
    /// The place of the token that is explained, among `tokens`; nil where the target is no token.
    public var target: Int?
    /// Of each block the mean attention of its heads to the sound, `[tokens × frames]`; row *i* foretells token *i* + 1.
    public var blocks: [(layer: String, weights: Picture)]

    public init(tokens: [String], target: Int?, blocks: [(layer: String, weights: Picture)]) {
      (self.tokens, self.target, self.blocks) = (tokens, target, blocks)
    }

    public static func == (a: CrossAttentionAlignment, b: CrossAttentionAlignment) -> Bool {
      a.tokens == b.tokens && a.target == b.target
        && a.blocks.elementsEqual(b.blocks) { $0.layer == $1.layer && $0.weights == $1.weights }
    }
  }

  /// The labels of one level.
  public struct Row: Codable, Equatable, Sendable {
    /// The level of these labels.
    public var level: Level
    /// The labels in time, in seconds from the start of what was read.
    public var intervals: [Interval]

    public init(level: Level, intervals: [Interval]) {
      self.level = level
      self.intervals = intervals
    }
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = 1
  /// The version of Strata that made it, and the seed of what was drawn.
  public var version = ""
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64 = 0
  /// The model's name.
  public var model: String
  /// The fingerprint of the model's weights.
  public var fingerprint: String
  /// The model's architecture, such as `wav2vec2`.
  public var family: String
  /// The name of the recording's file, without its folder.
  public var audio: String
  /// The length of what was read of the recording, in seconds.
  public var seconds: Double
  /// Seconds, start and end, of what was read of the recording, from whose start all times count; empty for all of it.
  public var stretch: [Double] = []
  /// What is explained, in words, and where it is read.
  public var target: String
  /// The layer at which the target is read.
  public var targetLayer: String
  /// Seconds, start and end; empty for the whole recording.
  public var span: [Double]
  /// The target's value.
  public var score: Double
  /// What a probe was fitted on and how well it reads; nil for targets that are none.
  public var probe: String?
  /// The labels of the recording, a row a level; empty without a corpus.
  public var tiers: [Row]
  /// The maps, one for each method and layer, in the order that was asked for.
  public var maps: [Map]
  /// Of each map; empty where nothing was tried.
  public var trust: [Trust] = []
  /// Every attention head on the way to the target over this recording, and its weights, `[queries × keys]`; empty
  /// where no method reads attention.
  public var heads: [RelevanceLocalisation.Head] = []
  /// The attention weights of `heads`, `[queries × keys]` each, in their order.
  public var attention: [Picture] = []
  /// What each token of a decoder's text listens to, block by block; nil where there is no text or no method reads
  /// attention.
  public var listening: CrossAttentionAlignment?
  /// What a reader must know before trusting a map; whole sentences.
  public var warnings: [String]
  /// Mel bands of the recording, in decibels, up to `bandLimit` hertz.
  public var spectrogram = Picture.empty
  /// The upper end of the spectrogram's highest band, in hertz; 0 without a spectrogram.
  public var bandLimit = 0.0

  private enum CodingKeys: String, CodingKey {
    case schema, version, seed, model, fingerprint, family, audio, seconds, stretch, target, targetLayer,
      span
    case score, probe, tiers
    case maps, trust, heads, warnings, bandLimit
  }

  /// A result without `trust`, `heads` and what else is measured on demand; these are set afterwards.
  public init(
    model: String, fingerprint: String, family: String, audio: String, seconds: Double, target: String,
    targetLayer: String, span: [Double], score: Double, probe: String?, tiers: [Row], maps: [Map],
    warnings: [String], spectrogram: Picture,
    bandLimit: Double
  ) {
    self.model = model
    self.fingerprint = fingerprint
    self.family = family
    self.audio = audio
    self.seconds = seconds
    self.target = target
    self.targetLayer = targetLayer
    self.span = span
    self.score = score
    self.probe = probe
    self.tiers = tiers
    self.maps = maps
    self.warnings = warnings
    self.spectrogram = spectrogram
    self.bandLimit = bandLimit
  }

  /// Adds other checkpoints' maps of the same target, a strip a method: each method's maps below each other, in the order
  /// of the checkpoints, under their models' names.
  public mutating func append(_ others: [AttributionResult]) {
    guard !others.isEmpty else { return }
    let all = [self] + others
    let named = all.flatMap { result in
      result.maps.map { map in
        var map = map
        map.layer += ", \(result.model)"
        return map
      }
    }
    let methods: [String] = named.map(\.method).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    maps = methods.flatMap { method in named.filter { $0.method == method } }
    warnings += others.flatMap { other in other.warnings.map { "\(other.model): \($0)" } }
  }
}
