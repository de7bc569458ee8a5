extension SpeechModel {
  /// Tap points from a list such as `0,6,-1` or `projection,hidden.3`, in the order given; attention by name only.
  ///
  /// Throws `ModelError.unknownLayer` with the nearest names, or `.layerOutOfRange` with the range.
  public func resolve(layers list: String) throws -> [TapPoint] {
    try taps.resolve(layers: list, besides: attentionTaps)
  }

  /// Attention weights, which are had only when asked for by name: `[heads × frames × frames]`, so their `width` is
  /// the number of heads.
  public var attentionTaps: [TapPoint] { architecture.attentionTaps(samplingRate: samplingRate) }

  /// How the tokens of attention lie in time and frequency for so many samples of one window, where they are patches
  /// of a spectrogram; nil where they are frames.
  package func attentionPatches(ofSamples count: Int) -> FrameOperation? {
    architecture.attentionPatches(ofSamples: count)
  }

  /// Why a model with attention gives none of its weights; nil where it has none, or gives them.
  public var attentionObstacle: String? { architecture.attentionObstacle }

  /// The longest sound, in samples, that the model reads at once, where it reads longer ones window by window.
  public var windowSamples: Int? { (architecture as? any WindowedArchitecture)?.window.step }

  func checkTap(_ name: String) throws { try (taps + attentionTaps).named(name) }
}
