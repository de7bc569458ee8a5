import CSoxr

/// libsoxr at work on a sound that comes in blocks; what it gives does not depend on where these are cut.
final class Resampler {
  private let handle: soxr_t
  private let rates: (from: Int, to: Int)
  /// Samples that are still to be given.
  private var left: Int
  private var output = [Float](repeating: 0, count: 1 << 15)

  /// The samples of a sound of `count` at another rate.
  /// - Throws: `AudioError` for a rate that is not positive, and a sound that would be too long.
  static func length(of count: Int, from samplingRate: Int, to rate: Int) throws(AudioError) -> Int {
    guard rate > 0, rate <= Waveform.rateLimit, samplingRate <= Waveform.rateLimit else {
      throw .impossibleRate(from: samplingRate, to: rate)
    }
    let length = (Double(count) * Double(rate) / Double(samplingRate)).rounded()
    guard length <= Double(Waveform.sampleLimit) else {
      throw .resampledTooLong(samples: Int(length), limit: Waveform.sampleLimit)
    }
    return Int(length)
  }

  /// `length` samples are given: what soxr rounds up to more is cut, what it leaves out at the end stays silent.
  init(from samplingRate: Int, to rate: Int, length: Int, quality: ResamplingQuality) throws(AudioError) {
    rates = (samplingRate, rate)
    left = length
    var spec = soxr_quality_spec(quality == .high ? 4 : 6, 0)  // SOXR_HQ and SOXR_VHQ
    var failure: soxr_error_t?
    guard let handle = soxr_create(Double(samplingRate), Double(rate), 1, &failure, nil, &spec, nil) else {
      throw .resampling(
        from: samplingRate, to: rate, reason: failure.map { String(cString: $0) } ?? "no memory")
    }
    self.handle = handle
  }

  deinit { soxr_delete(handle) }

  /// Takes a block of the sound, and gives to `body` what is ready.
  func add(_ block: [Float], _ body: (ArraySlice<Float>) throws -> Void) throws {
    var done = 0
    while done < block.count {
      done += try step(block[done...], body).read
    }
  }

  /// Gives to `body` what is left, after the last block.
  func finish(_ body: (ArraySlice<Float>) throws -> Void) throws {
    while left > 0, try step(nil, body).written > 0 {}
    while left > 0 {
      let silent = min(left, 1 << 15)
      try body(Array(repeating: 0, count: silent)[...])
      left -= silent
    }
  }

  private func step(
    _ block: ArraySlice<Float>?, _ body: (ArraySlice<Float>) throws -> Void
  ) throws -> (read: Int, written: Int) {
    var (read, written) = (0, 0)
    let failure = output.withUnsafeMutableBufferPointer { output in
      guard let block else {
        return soxr_process(handle, nil, 0, nil, output.baseAddress, output.count, &written)
      }
      return block.withUnsafeBufferPointer { input in
        soxr_process(
          handle, input.baseAddress, input.count, &read, output.baseAddress, output.count, &written)
      }
    }
    if let failure {
      throw AudioError.resampling(from: rates.from, to: rates.to, reason: String(cString: failure))
    }
    let given = min(written, left)
    if given > 0 { try body(output[..<given]) }
    left -= given
    return (read, written)
  }
}
