extension InterventionResult {
  /// Spans of one class that were moved towards another at a layer, and what was then read there or later.
  public struct Steering: Codable, Equatable, Sendable {
    /// What is read after moving spans by one dose.
    public struct Point: Codable, Equatable, Sendable {
      /// In lengths of the difference of the two classes' means; 0 for none.
      public var dose: Double
      /// The share of spans that are read as the class that they are moved to.
      public var target: Estimate
      /// The share of spans that are still read as their own class.
      public var source: Estimate
      /// Read as the target when moved as far between means of other classes; nil without a dose, and of fewer than four
      /// classes.
      public var atRandom: Estimate?
      /// `target` less `atRandom`, on the same resamples.
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
    /// The level that the two classes are of.
    public var level: String
    /// The class that the spans have, and the one that they are moved to.
    public var from, to: String
    /// `head`, or the layer whose readers read.
    public var on: String
    /// Held-out spans that were moved.
    public var spans: Int
    /// One point a dose, ascending.
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
    /// One change of one part.
    public struct Row: Codable, Equatable, Sendable {
      /// The layer, by the beginning of its tensors' names; `all` for all of them.
      public var part: String
      /// What was done to the weights: the share that is pruned, or the bits that are kept.
      public var change: String
      /// What its weights take in single precision, in bytes.
      public var bytes: Int
      /// How many bytes less they take after the change.
      public var saved: Int
      /// What the model's own head loses; empty without one.
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

    /// What the smallest model does to one layer.
    public struct Change: Codable, Equatable, Sendable {
      /// The layer, by the beginning of its tensors' names.
      public var part: String
      /// Nil of a layer that stays as it is.
      public var change: String?

      public init(part: String, change: String?) { (self.part, self.change) = (part, change) }
    }

    /// The smallest model that was found to keep a level.
    public struct Smallest: Codable, Equatable, Sendable {
      /// The level that is kept.
      public var level: String
      /// The layer that reads the level best in the whole model.
      public var layer: String
      /// The accuracy there in the whole model.
      public var whole: Estimate
      /// The accuracy there in the smallest one.
      public var accuracy: Estimate
      /// What its weights take, in bytes.
      public var bytes: Int
      /// What the model's own head loses; empty without one.
      public var head: [Effect]
      /// What is done to each layer.
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
    /// Every change that was tried, part by part.
    public var rows: [Row]
    /// The smallest model that keeps the level that was asked for; nil where that was not asked for or none does.
    public var smallest: Smallest?

    public init(bytes: Int, rows: [Row]) { (self.bytes, self.rows) = (bytes, rows) }
  }

  /// A block, or a part of it, that was put out of work.
  public struct Lesion: Codable, Equatable, Sendable {
    /// What takes the place of the part's output.
    public enum Change: String, Codable, Sendable, CaseIterable {
      /// Its input takes the place of its output.
      case leftOut = "left out"
      /// The mean over the corpus of what it adds takes the place of that; of a layer of another shape than its input, the
      /// mean of what it gives.
      case mean
      /// The same of what one of its attention heads gives.
      case head
    }

    /// The layer that the block gives, or whose head it is.
    public var layer: String
    /// What was done.
    public var change: Change
    /// The head, counted from 1; nil of a whole block.
    public var number: Int?
    /// On the model's own head; empty without one. There is no random control.
    public var head: [Effect]
    /// What readers of the last layer lose of each level.
    public var readers: [Reader]

    public init(layer: String, change: Change, number: Int?, head: [Effect], readers: [Reader]) {
      (self.layer, self.change, self.number, self.head, self.readers) = (
        layer, change, number, head, readers
      )
    }

    /// `hidden.3`, or `hidden.3 head 2`.
    public var name: String { number.map { "\(layer) head \($0)" } ?? layer }

  }

  /// How far what is erased of two levels is the same directions.
  public struct Overlap: Codable, Equatable, Sendable {
    /// The layer where both were erased.
    public var layer: String
    /// The two levels.
    public var first, second: String
    /// Of the principal angles, descending.
    public var cosines: [Double]
    /// The mean of the squared cosines, 0 to 1.
    public var overlap: Double
    /// What the overlap is of random subspaces of these ranks.
    public var chance: Double

    public init(
      layer: String, first: String, second: String, cosines: [Double], overlap: Double, chance: Double
    ) {
      (self.layer, self.first, self.second) = (layer, first, second)
      (self.cosines, self.overlap, self.chance) = (cosines, overlap, chance)
    }
  }
}
