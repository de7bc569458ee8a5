import CSoxr

/// How exactly libsoxr resamples. Signal-to-error ratios on sines from 22.05 to 48 kHz down to 16 kHz:
/// 84–135 dB and 86–150 dB.
public enum ResamplingQuality: Sendable {
  /// soxr's HQ: 20 bits, what librosa uses.
  case high
  /// soxr's VHQ: 28 bits.
  case veryHigh
}

extension Waveform {
  /// The same sound at another rate, by libsoxr in one piece; linear phase, so nothing moves in time.
  /// The length is `round(count · rate / samplingRate)`.
  /// - Throws: `AudioError` for a rate that is not positive, and a sound that would be too long.
  public func resampled(to rate: Int, quality: ResamplingQuality = .high) throws -> Waveform {
    guard rate != samplingRate else { return self }
    let count = try Resampler.length(of: samples.count, from: samplingRate, to: rate)
    guard count > 0, !samples.isEmpty else { return Waveform(samples: [], samplingRate: rate) }
    let resampler = try Resampler(from: samplingRate, to: rate, length: count, quality: quality)
    var resampled: [Float] = []
    resampled.reserveCapacity(count)
    try resampler.add(samples) { resampled.append(contentsOf: $0) }
    try resampler.finish { resampled.append(contentsOf: $0) }
    return Waveform(samples: resampled, samplingRate: rate)
  }
}
