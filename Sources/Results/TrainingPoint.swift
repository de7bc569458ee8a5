/// Another checkpoint of the training that a studied model comes from: what its own study found at each layer.
public struct TrainingPoint: Codable, Equatable, Sendable {
  /// The checkpoint's name.
  public var name: String
  /// Of training, where the name has one.
  public var step: Int?
  /// The fingerprint of the checkpoint's weights.
  public var fingerprint: String
  /// Each level's numbers along the layers, without what is read of them beside the metric.
  public var levels: [LevelResult]

  /// Keeps of a study's levels what a strip shows.
  public init(name: String, step: Int?, fingerprint: String, levels: [LevelResult]) {
    self.name = name
    self.step = step
    self.fingerprint = fingerprint
    self.levels = levels.map { level in
      var kept = level
      (kept.errors, kept.deviations, kept.plain) = (nil, nil, nil)
      kept.layers = level.layers.map {
        LayerResult(layer: $0.layer, reason: $0.reason, metrics: $0.metrics)
      }
      return kept
    }
  }
}
