import Corpora

/// Where the evidence of a model's layers for the levels of speech lies, over a corpus: what `evidence.json` holds.
public struct RelevanceLocalisation: Encodable, Sendable {
  /// One layer and level.
  public struct Row: Encodable, Sendable {
    /// The layer whose relevance it is.
    public var layer: String
    /// The level whose labelled spans it is taken over.
    public var level: Level
    /// Spans that were explained.
    public var spans: Int
    /// Utterances that these are from.
    public var utterances: Int
    /// The share of positive relevance inside the labelled span, 0 to 1, the mean over spans.
    public var inside: Estimate
    /// What the share were if relevance lay evenly over the recording.
    public var insideByChance: Double
    /// The share of spans that hold the largest value.
    public var pointed: Double
    /// How far relevance outside lies from the span on average, in milliseconds.
    public var before, after: Double
    /// What reads the label: a probe with its accuracy, or the model's own head.
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
    /// The layer whose attention it is.
    public var layer: String
    /// The head, counted from 1.
    public var head: Int
    /// "same phone", "previous phone", …, or "nothing of these".
    public var name: String
    /// Bits of a query's attention on average, and of attention spread evenly.
    public var entropy, mostEntropy: Double
    /// Milliseconds from query to key on average; nil where a query is a token and has no time.
    public var distance: Double?
    /// How much of the attention falls on each kind of place, and by chance, with labels moved along the recording.
    public var shares: [Share]

    /// How much of a head's attention falls on one kind of place.
    public struct Share: Codable, Equatable, Sendable {
      /// The kind of place: `same phone`, `previous phone` and so on.
      public var kind: String
      /// Of the attention, 0 to 1; and the same by chance.
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
  /// The name of the corpus.
  public var corpus: String
  /// The fingerprint of the corpus: its utterances, their lengths and labels.
  public var corpusFingerprint = ""
  /// How relevance was found, in words.
  public var method: String
  /// One row for each layer and level.
  public var rows: [Row]
  /// Every attention head; empty where attention was not asked for.
  public var heads: [Head]
  /// What a reader must know before trusting a number; whole sentences.
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
