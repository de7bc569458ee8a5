import Corpora

/// Where the evidence of a model's layers for the levels of speech lies, over a corpus: what `evidence.json` holds.
public struct RelevanceLocalisation: Encodable, Sendable {
  public struct Row: Encodable, Sendable {
    public var layer: String
    public var level: Level
    public var spans: Int
    public var utterances: Int
    /// The share of relevance inside the labelled span, its 95 % interval, and by chance.
    public var inside: Estimate
    public var insideByChance: Double
    /// The share of spans that hold the largest value.
    public var pointed: Double
    /// How far relevance outside lies from the span on average, in milliseconds.
    public var before, after: Double
    public var probe: String

    public init(
      layer: String, level: Level, spans: Int, utterances: Int, inside: Estimate, insideByChance: Double,
      pointed: Double, before: Double, after: Double, probe: String
    ) {
      self.layer = layer
      self.level = level
      self.spans = spans
      self.utterances = utterances
      self.inside = inside
      self.insideByChance = insideByChance
      self.pointed = pointed
      self.before = before
      self.after = after
      self.probe = probe
    }
  }

  /// What one attention head follows.
  public struct Head: Codable, Equatable, Sendable {
    public var layer: String
    public var head: Int
    /// "same phone", "previous phone", …, or "nothing of these".
    public var name: String
    /// Bits of a query's attention on average, and of attention spread evenly.
    public var entropy, mostEntropy: Double
    /// Milliseconds from query to key on average; nil where a query is a token and has no time.
    public var distance: Double?
    /// How much of the attention falls on each kind of place, and by chance, with labels moved along the recording.
    public var shares: [Share]

    public struct Share: Codable, Equatable, Sendable {
      public var kind: String
      public var share, chance: Double
      /// Standard deviations of chance that lie between them.
      public var score: Double

      public init(kind: String, share: Double, chance: Double, score: Double) {
        self.kind = kind
        (self.share, self.chance, self.score) = (share, chance, score)
      }
    }

    public init(
      layer: String, head: Int, name: String, entropy: Double, mostEntropy: Double, distance: Double?,
      shares: [Share]
    ) {
      self.layer = layer
      self.head = head
      self.name = name
      (self.entropy, self.mostEntropy, self.distance) = (entropy, mostEntropy, distance)
      self.shares = shares
    }
  }

  public var schema = 1
  /// The version of Strata that made it, and the seed of what was drawn.
  public var version = ""
  public var seed: UInt64 = 0
  public var model: String
  public var fingerprint: String
  public var corpus: String
  public var corpusFingerprint = ""
  /// How relevance was found, in words.
  public var method: String
  public var rows: [Row]
  public var heads: [Head]
  public var warnings: [String]

  public init(
    model: String, fingerprint: String, corpus: String, method: String, rows: [Row], heads: [Head],
    warnings: [String] = []
  ) {
    self.model = model
    self.fingerprint = fingerprint
    self.corpus = corpus
    self.method = method
    self.rows = rows
    self.heads = heads
    self.warnings = warnings
  }
}
