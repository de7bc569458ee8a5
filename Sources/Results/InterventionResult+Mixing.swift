extension InterventionResult {
  /// What labelled spans' states are made of at a layer.
  public struct Mixing: Codable, Equatable, Sendable {
    public struct Part: Codable, Equatable, Sendable {
      public var name: String
      /// Of what a span is made of, the mean over spans; what it were if all frames counted alike; the difference.
      public var share: Estimate
      public var chance: Double
      public var beyondChance: Estimate

      public init(name: String, share: Estimate, chance: Double, beyondChance: Estimate) {
        (self.name, self.share, self.chance, self.beyondChance) = (name, share, chance, beyondChance)
      }
    }

    public var layer: String
    /// value zeroing, weighted values, attention or rollout.
    public var method: String
    public var level: String
    /// `all spans`, `homophones`, `reduced phones`, or the labels that were chosen.
    public var group: String
    public var spans: Int
    public var parts: [Part]
    /// How far from the span's middle what it is made of lies, seconds, and what it were if all frames counted alike.
    public var distance: Estimate
    public var distanceByChance: Double
    /// How far from the span's edges what it has from outside lies, seconds; and were all frames outside alike. Nil where
    /// nothing is outside.
    public var outside: Estimate?
    public var outsideByChance: Double?
    /// The former less the latter, beyond the same of the level's spans that are not of the group: recordings differ in
    /// length. Nil where fewer than ten recordings have such spans.
    public var outsideBeyondOthers: Estimate?

    public init(
      layer: String, method: String, level: String, group: String, spans: Int, parts: [Part],
      distance: Estimate, distanceByChance: Double
    ) {
      (self.layer, self.method, self.level) = (layer, method, level)
      (self.group, self.spans) = (group, spans)
      (self.parts, self.distance, self.distanceByChance) = (parts, distance, distanceByChance)
    }
  }
}
