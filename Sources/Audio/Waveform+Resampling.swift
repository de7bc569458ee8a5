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
    guard rate > 0, rate <= Waveform.rateLimit, samplingRate <= Waveform.rateLimit else {
      throw AudioError.impossibleRate(from: samplingRate, to: rate)
    }
    let length = (Double(samples.count) * Double(rate) / Double(samplingRate)).rounded()
    guard length <= Double(Waveform.sampleLimit) else {
      throw AudioError.resampledTooLong(samples: Int(length), limit: Waveform.sampleLimit)
    }
    let count = Int(length)
    guard count > 0, !samples.isEmpty else { return Waveform(samples: [], samplingRate: rate) }

    var spec = soxr_quality_spec(quality == .high ? 4 : 6, 0)  // SOXR_HQ and SOXR_VHQ
    // What soxr rounds up to a sample more is cut; what it leaves out at the end stays silent.
    let resampled = try [Float](unsafeUninitializedCapacity: count + 16) { output, initialised in
      output.initialize(repeating: 0)
      var (read, written) = (0, 0)
      let failure = samples.withUnsafeBufferPointer { input in
        soxr_oneshot(
          Double(samplingRate), Double(rate), 1, input.baseAddress, input.count, &read,
          output.baseAddress, output.count, &written, nil, &spec, nil)
      }
      if let failure {
        throw AudioError.resampling(from: samplingRate, to: rate, reason: String(cString: failure))
      }
      initialised = output.count
    }
    return Waveform(samples: Array(resampled.prefix(count)), samplingRate: rate)
  }
}
