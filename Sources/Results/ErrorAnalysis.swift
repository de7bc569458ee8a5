/// Where the probe on one layer was wrong: which classes it took for which, for whom, and where to listen.
///
/// Everything counts held-out spans, each of which is predicted once.
public struct ErrorAnalysis: Codable, Equatable, Sendable {
  /// The layer whose probe it is.
  public var layer: Layer
  /// How many spans of a class (the outer key) were read as which (the inner key), right ones too; pairs that do
  /// not occur are left out. `LevelResult.classes` has the order.
  public var confusions: [String: [String: Int]]
  /// How many spans were tested and read right by speaker and by the spans' duration, speakers by name and durations
  /// from the shortest.
  public var parts: [Part]
  /// Mistakes, those first whose true class was given the least probability.
  public var worst: [Mistake]
  /// Against another layer: `nil` where there is none before this one.
  public var changes: Changes?

  public init(
    layer: Layer, confusions: [String: [String: Int]], parts: [Part], worst: [Mistake], changes: Changes?
  ) {
    self.layer = layer
    self.confusions = confusions
    self.parts = parts
    self.worst = worst
    self.changes = changes
  }

  /// Spans that have something in common.
  public struct Part: Codable, Equatable, Sendable {
    /// What spans of a part have in common.
    public enum Kind: String, Codable, Sendable, CaseIterable { case speaker, duration }

    /// Whether it is a speaker's spans or those of a range of durations.
    public var kind: Kind
    /// A speaker's, or a range: “0.04–0.07 s”.
    public var name: String
    /// Spans that were predicted while held out, and those of them that were predicted right.
    public var tested, right: Int

    public init(kind: Kind, name: String, tested: Int, right: Int) {
      (self.kind, self.name, self.tested, self.right) = (kind, name, tested, right)
    }
  }

  /// A span that was read wrong.
  public struct Mistake: Codable, Equatable, Sendable {
    /// Its name in the corpus: the file without its ending.
    public var utterance: String
    /// The speaker's name in the corpus.
    public var speaker: String
    /// Seconds from the start of the recording; characters of a text.
    public var start, end: Double
    /// The true class, and the one that was predicted.
    public var truth, guess: String
    /// What the probe gave the true class, 0…1.
    public var probability: Double

    public init(
      utterance: String, speaker: String, start: Double, end: Double, truth: String, guess: String,
      probability: Double
    ) {
      (self.utterance, self.speaker, self.start, self.end) = (utterance, speaker, start, end)
      (self.truth, self.guess, self.probability) = (truth, guess, probability)
    }
  }

  /// What is read right here and was not there, and the reverse, over the same spans.
  public struct Changes: Codable, Equatable, Sendable {
    /// How often a class is read as another, and was.
    public struct OfPair: Codable, Equatable, Sendable {
      /// The true class, and the one that was predicted.
      public var truth, guess: String
      /// Spans of the true class with this prediction: at the earlier layer, and at this one.
      public var before, now: Int

      public init(truth: String, guess: String, before: Int, now: Int) {
        (self.truth, self.guess, self.before, self.now) = (truth, guess, before, now)
      }
    }

    /// What changed for the spans of one class.
    public struct OfClass: Codable, Equatable, Sendable {
      /// The class.
      public var name: String
      /// Spans that were tested; those right only at this layer; those right only at the earlier one.
      public var tested, gained, lost: Int

      public init(name: String, tested: Int, gained: Int, lost: Int) {
        (self.name, self.tested, self.gained, self.lost) = (name, tested, gained, lost)
      }
    }

    /// The layer that this one is compared with.
    public var since: Layer
    /// In the order of `LevelResult.classes`.
    public var classes: [OfClass]
    /// Pairs of different classes whose count changed, those that changed most first; some of them.
    public var pairs: [OfPair]
    /// Spans that were read right and are not, those first whose true class is given the least probability; some of
    /// them.
    public var broken: [Mistake]
    /// Spans that were read wrong, as they were read, and are right; those first whose true class was given the least
    /// probability; some of them.
    public var mended: [Mistake]

    public init(
      since: Layer, classes: [OfClass], pairs: [OfPair], broken: [Mistake], mended: [Mistake]
    ) {
      (self.since, self.classes, self.pairs) = (since, classes, pairs)
      (self.broken, self.mended) = (broken, mended)
    }

    /// Spans that are predicted right here and were not at the earlier layer, of all classes.
    public var gained: Int { classes.reduce(0) { $0 + $1.gained } }
    /// Spans that were predicted right at the earlier layer and are not here, of all classes.
    public var lost: Int { classes.reduce(0) { $0 + $1.lost } }
  }
}

extension ErrorAnalysis {
  /// How often spans of one class were read as another.
  public struct Confusion: Equatable, Sendable {
    /// The true class, and the one that was predicted.
    public var truth, guess: String
    /// How many spans of the true class were predicted so.
    public var count: Int
    /// Of the spans of the true class.
    public var share: Double
  }

  /// How many spans of a class were tested.
  public func tested(_ truth: String) -> Int { confusions[truth]?.values.reduce(0, +) ?? 0 }

  /// How many spans of a class were read as `guess`.
  public func count(_ truth: String, as guess: String) -> Int { confusions[truth]?[guess] ?? 0 }

  /// The pairs of different classes that were confused, the most often first; all of them by default.
  public func mostConfused(_ limit: Int = .max) -> [Confusion] {
    confusions.flatMap { truth, guesses in
      let tested = Double(self.tested(truth))
      return guesses.filter { $0.key != truth && $0.value > 0 }.map {
        Confusion(truth: truth, guess: $0.key, count: $0.value, share: Double($0.value) / tested)
      }
    }
    .sorted { ($1.count, $0.truth, $0.guess) < ($0.count, $1.truth, $1.guess) }
    .prefix(limit).map(\.self)
  }
}
