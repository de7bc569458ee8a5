import Audio
import Results
import Tensors

extension AttributionMap {
  /// The map as reports have it; its regions go up to `nyquist` hertz.
  public func summary(nyquist: Double) -> AttributionResult.Map {
    let start = centres.first ?? 0
    var summary = AttributionResult.Map(
      method: method, layer: layer, start: start, step: step, profile: profile, bandProfile: bandProfile,
      bands: bands,
      checks: checks.map { .init(name: $0.name, value: $0.value, limit: $0.limit, isPassed: $0.isPassed) },
      grid: grid.map {
        .init(frames: $0.rows, bands: $0.width, start: start, step: step, values: $0.values)
      })
    summary.regions = regions(nyquist: nyquist).prefix(50).map {
      .init(start: $0.start, end: $0.end, low: $0.low, high: $0.high, share: $0.share)
    }
    return summary
  }
}

extension AttributionResult.Picture {
  /// The power of a sound in mel bands, in decibels: windows of 25 ms, 10 ms apart.
  public init(spectrogramOf sound: Waveform) {
    let frames = SpectralFrames(samplingRate: sound.samplingRate)
    let decibels = frames.decibels(of: sound.samples)
    self.init(
      frames: decibels.rows, bands: decibels.width, start: frames.centre(of: 0),
      step: frames.centre(of: 1) - frames.centre(of: 0), values: decibels.values)
  }
}
