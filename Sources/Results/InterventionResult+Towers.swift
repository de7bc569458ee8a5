extension InterventionResult {
  /// How well a model of two towers finds what belongs together among all of a corpus, with nothing changed.
  public struct Retrieval: Codable, Equatable, Sendable {
    public enum Direction: String, Codable, Sendable, CaseIterable {
      case toText = "recording to text"
      case toSound = "text to recording"
    }

    public var direction: Direction
    public var queries: Int
    /// What is searched among: distinct texts, or on average so many recordings of other texts and the right one.
    public var candidates: Double
    /// Shares of queries whose right answer is the first, and among the first five; what that were by chance.
    public var first: Estimate
    public var firstFive: Estimate
    public var firstByChance: Double
    public var firstFiveByChance: Double
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
