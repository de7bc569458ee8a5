import Corpora

/// What an extraction takes from a model and a corpus; everything here is part of the identity of the work
/// that is kept for resuming.
public struct ExtractionSettings: Sendable, Equatable, Codable {
  /// Nil for every level that the corpus has labels of.
  public var levels: [Level]?
  /// Names of layers; nil for all that are frames.
  public var layers: [String]?
  /// How a layer's frames become one vector a span.
  public var pooling: FramePooling
  /// The baseline is pooled beside the layers: log-mel spectra under the name `mel`, of texts the characters under the
  /// name `n-grams`.
  public var includesMel: Bool
  /// How many spans are sampled of a level, of a class and of a speaker.
  public var sample: SampleLimits
  /// Bytes that a level's moments may take: with every pair of layers where that fits, else each layer with
  /// itself, else none.
  public var momentsBudget: Int
  /// The levels that have moments; nil for all.
  public var momentsLevels: [Level]?
  /// Which spans are sampled.
  public var seed: UInt64

  public init(
    levels: [Level]? = nil, layers: [String]? = nil, pooling: FramePooling = FramePooling(.mean),
    includesMel: Bool = true, sample: SampleLimits = SampleLimits(), momentsBudget: Int = 512 << 20,
    momentsLevels: [Level]? = nil, seed: UInt64 = 0
  ) {
    self.levels = levels
    self.layers = layers
    self.pooling = pooling
    self.includesMel = includesMel
    self.sample = sample
    self.momentsBudget = momentsBudget
    self.momentsLevels = momentsLevels
    self.seed = seed
  }
}
