extension InterventionResult {
  /// How well a model of two towers finds what belongs together among all of a corpus, with nothing changed.
  public struct Retrieval: Codable, Equatable, Sendable {
    /// What is searched for by what.
    public enum Direction: String, Codable, Sendable, CaseIterable {
      case toText = "recording to text"
      case toSound = "text to recording"
    }

    /// Whether recordings look for texts, or texts for recordings.
    public var direction: Direction
    /// How many searches were made.
    public var queries: Int
    /// What is searched among: distinct texts, or on average so many recordings of other texts and the right one.
    public var candidates: Double
    /// The share of queries whose right answer comes first.
    public var first: Estimate
    /// The share of queries whose right answer is among the first five.
    public var firstFive: Estimate
    /// What `first` were by chance.
    public var firstByChance: Double
    /// What `firstFive` were by chance.
    public var firstFiveByChance: Double
    /// The median over queries of the right answer's rank, counted from 1.
    public var medianRank: Double

    public init(
      direction: Direction, queries: Int, candidates: Double, first: Estimate, firstFive: Estimate,
      firstByChance: Double, firstFiveByChance: Double, medianRank: Double
    ) {
      (self.direction, self.queries, self.candidates) = (direction, queries, candidates)
      (self.first, self.firstFive) = (first, firstFive)
      (self.firstByChance, self.firstFiveByChance) = (firstByChance, firstFiveByChance)
      self.medianRank = medianRank
    }
  }
}
