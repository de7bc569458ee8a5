extension InterventionResult {
  /// What labelled spans' states are made of at a layer.
  public struct Mixing: Codable, Equatable, Sendable {
    /// A part of what spans are made of: frames of one kind of place.
    public struct Part: Codable, Equatable, Sendable {
      /// The kind of place, such as the span itself or its neighbours.
      public var name: String
      /// Of what a span is made of, 0 to 1, the mean over spans.
      public var share: Estimate
      /// What the share were if all frames counted alike.
      public var chance: Double
      /// The share less chance, on the same resamples.
      public var beyondChance: Estimate

      public init(name: String, share: Estimate, chance: Double, beyondChance: Estimate) {
        (self.name, self.share, self.chance, self.beyondChance) = (name, share, chance, beyondChance)
      }
    }

    /// The layer whose states are taken apart.
    public var layer: String
    /// value zeroing, weighted values, attention or rollout.
    public var method: String
    /// The level whose spans they are.
    public var level: String
    /// `all spans`, `homophones`, `reduced phones`, or the labels that were chosen.
    public var group: String
    /// Spans that were taken apart.
    public var spans: Int
    /// The kinds of places, whose shares sum to 1.
    public var parts: [Part]
    /// How far from the span's middle lies what it is made of, in seconds, the mean over spans.
    public var distance: Estimate
    /// The same distance if all frames counted alike, in seconds.
    public var distanceByChance: Double
    /// How far from the span's edges what it has from outside lies, seconds; and were all frames outside alike. Nil where
    /// nothing is outside.
    public var outside: Estimate?
    /// The same distance if all frames outside counted alike, in seconds.
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
