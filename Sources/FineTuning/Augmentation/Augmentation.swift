import Models

/// What is changed at random in what a model learns from, and in the model while it learns; nothing of it in tests.
public struct Augmentation: Sendable, Equatable, Codable {
  /// The probability that a value is set to zero: of the projected features, of what enters the first block, of each
  /// attention's and feed-forward network's output, between the latter's layers, and of what the head reads. Attention
  /// weights are left whole.
  public var dropout = 0.0
  /// The probability that a block is left out.
  public var layerDrop = 0.0
  /// The share of frames that spans mask before the first block (SpecAugment, Park et al. 2019, as transformers has it:
  /// `mask_time_prob`); the model's own mask vector stands in for them, and is trained.
  public var maskedFrames = 0.0
  /// Frames of one mask.
  public var maskedFramesLength = 10
  /// The share of channels that spans mask before the first block (`mask_feature_prob`); they are set to zero.
  public var maskedChannels = 0.0
  /// Channels of one mask.
  public var maskedChannelsLength = 10
  /// What is added to each recording; nil for nothing.
  public var noise: NoiseSource?
  /// By how many decibels the noise is weaker than the recording, drawn anew each time.
  public var signalToNoise = 10.0...20.0
  /// How fast recordings are played, one of these each time; none for as they are. Pitch changes with it.
  public var speeds: [Double] = []

  public init() {}

  /// Whether recordings are changed.
  var changesSound: Bool { noise != nil || !speeds.isEmpty }

  /// The slowest, which makes recordings longest.
  var slowest: Double { speeds.min() ?? 1 }

  /// What a pass is given; nil where nothing is drawn in it.
  func noise(seed: UInt64) -> PassNoise? {
    guard dropout > 0 || layerDrop > 0 || maskedFrames > 0 || maskedChannels > 0 else { return nil }
    var noise = PassNoise(seed: seed)
    (noise.dropout, noise.layerDrop) = (dropout, layerDrop)
    noise.frames = .init(share: maskedFrames, length: maskedFramesLength)
    noise.channels = .init(share: maskedChannels, length: maskedChannelsLength)
    return noise
  }

  /// Throws `FineTuningError.setting`.
  func check() throws {
    func require(_ name: String, _ found: some Any, _ isGood: Bool, _ expected: String) throws {
      guard isGood else { throw FineTuningError.setting(name: name, found: "\(found)", expected: expected) }
    }
    for (name, share) in [
      ("dropout", dropout), ("layer drop", layerDrop), ("the share of masked frames", maskedFrames),
      ("the share of masked channels", maskedChannels),
    ] {
      try require(name, share, (0..<1).contains(share), "at least 0, less than 1")
    }
    for length in [maskedFramesLength, maskedChannelsLength] {
      try require("the length of a mask", length, (1...100_000).contains(length), "1 or more")
    }
    try require(
      "the signal-to-noise ratio", signalToNoise,
      signalToNoise.lowerBound >= -40 && signalToNoise.upperBound <= 100, "between -40 and 100 dB")
    for speed in speeds { try require("a speed", speed, (0.5...2).contains(speed), "0.5 to 2") }
  }
}

/// Noise that is added to recordings.
public enum NoiseSource: Sendable, Equatable, Codable {
  /// Of equal power in every band of equal width.
  case white
  /// Of equal power in every octave.
  case pink
  /// The recordings in a folder and below, a stretch of one each time.
  case folder(String)

  /// `white`, `pink` or the path of a folder.
  public init(_ text: String) {
    self =
      switch text {
      case "white": .white
      case "pink": .pink
      default: .folder(text)
      }
  }
}
