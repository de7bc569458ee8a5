extension InterventionResult {
  /// Spans of one class that were moved towards another at a layer, and what was then read there or later.
  public struct Steering: Codable, Equatable, Sendable {
    public struct Point: Codable, Equatable, Sendable {
      /// In lengths of the difference of the two classes' means; 0 for none.
      public var dose: Double
      /// The share of spans that are read as the class that they are moved to, and as their own.
      public var target: Estimate
      public var source: Estimate
      /// Read as the target when moved as far between means of other classes; nil without a dose, and of fewer than four
      /// classes.
      public var atRandom: Estimate?
      public var beyondRandom: Estimate?

      public init(
        dose: Double, target: Estimate, source: Estimate, atRandom: Estimate?, beyondRandom: Estimate?
      ) {
        (self.dose, self.target, self.source) = (dose, target, source)
        (self.atRandom, self.beyondRandom) = (atRandom, beyondRandom)
      }
    }

    /// The layer whose values were moved.
    public var layer: String
    public var level: String
    public var from, to: String
    /// `head`, or the layer whose readers read.
    public var on: String
    public var spans: Int
    public var points: [Point]

    public init(
      layer: String, level: String, from: String, to: String, on: String, spans: Int, points: [Point]
    ) {
      (self.layer, self.level, self.from, self.to) = (layer, level, from, to)
      (self.on, self.spans, self.points) = (on, spans, points)
    }
  }

  /// What is lost when weights are pruned or rounded.
  public struct Simplification: Codable, Equatable, Sendable {
    public struct Row: Codable, Equatable, Sendable {
      /// The layer, by the beginning of its tensors' names; `all` for all of them.
      public var part: String
      public var change: String
      /// What its weights take in single precision, and how much less then.
      public var bytes: Int
      public var saved: Int
      public var head: [Effect]
      /// What readers that are fitted to the smaller model lose, at the level's best layer and at the last one.
      public var readers: [Reader]

      public init(
        part: String, change: String, bytes: Int, saved: Int, head: [Effect], readers: [Reader]
      ) {
        (self.part, self.change, self.bytes, self.saved) = (part, change, bytes, saved)
        (self.head, self.readers) = (head, readers)
      }
    }

    public struct Change: Codable, Equatable, Sendable {
      public var part: String
      /// Nil of a layer that stays as it is.
      public var change: String?

      public init(part: String, change: String?) { (self.part, self.change) = (part, change) }
    }

    /// The smallest model that was found to keep a level.
    public struct Smallest: Codable, Equatable, Sendable {
      public var level: String
      /// The layer that reads the level best in the whole model, and the accuracy there, of both.
      public var layer: String
      public var whole: Estimate
      public var accuracy: Estimate
      public var bytes: Int
      public var head: [Effect]
      public var changes: [Change]

      public init(
        level: String, layer: String, whole: Estimate, accuracy: Estimate, bytes: Int, head: [Effect],
        changes: [Change]
      ) {
        (self.level, self.layer, self.whole, self.accuracy) = (level, layer, whole, accuracy)
        (self.bytes, self.head, self.changes) = (bytes, head, changes)
      }
    }

    /// What all weights take in single precision.
    public var bytes: Int
    public var rows: [Row]
    public var smallest: Smallest?

    public init(bytes: Int, rows: [Row]) { (self.bytes, self.rows) = (bytes, rows) }
  }
}
