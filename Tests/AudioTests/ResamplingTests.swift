import Foundation
import StrataTestSupport
import Testing

@testable import Audio

@Suite("Resampling and normalisation") struct ResamplingTests {
  /// The middle 0.8 s: the ends hold the filter's ringing on a signal that starts at once.
  static func ratio(_ found: [Float], _ ideal: [Float]) -> Double {
    let middle = 1600..<14_400
    let signal = middle.reduce(0.0) { $0 + Double(ideal[$1]) * Double(ideal[$1]) }
    let noise = middle.reduce(0.0) {
      let difference = Double(found[$1]) - Double(ideal[$1])
      return $0 + difference * difference
    }
    return 10 * log10(signal / noise)
  }

  @Test("sines come out as the same sines sampled at 16 kHz", arguments: [8000, 22_050, 48_000])
  func tones(rate: Int) throws {
    let tones = Waveform(
      samples: try readNumpy(resource("tones_\(rate).npy")).values, samplingRate: rate)
    let ideal = try readNumpy(resource("tones_\(rate)_to_16k.ideal.npy")).values
    let high = try tones.resampled(to: 16_000)
    let best = try tones.resampled(to: 16_000, quality: .veryHigh)
    #expect(high.samples.count == 16_000 && high.samplingRate == 16_000)
    let ratios = (Self.ratio(high.samples, ideal), Self.ratio(best.samples, ideal))
    #expect(ratios.0 > 80, "\(ratios.0) dB")
    #expect(ratios.1 > ratios.0, "\(ratios.1) dB")
  }

  @Test("the length is the duration at the new rate, rounded", arguments: [1, 2, 3, 441, 1000, 31_439])
  func length(count: Int) throws {
    let sound = Waveform(samples: Array(repeating: 0.25, count: count), samplingRate: 44_100)
    for rate in [8000, 16_000, 44_100, 48_000] {
      let expected = Int((Double(count) * Double(rate) / 44_100).rounded())
      #expect(try sound.resampled(to: rate).samples.count == expected)
    }
  }

  @Test("nothing moves in time: a click stays where it was") func click() throws {
    var samples = [Float](repeating: 0, count: 48_000)
    samples[24_000] = 1
    let resampled = try Waveform(samples: samples, samplingRate: 48_000).resampled(to: 16_000).samples
    #expect(resampled.indices.max { resampled[$0] < resampled[$1] } == 8000)
  }

  @Test("impossible rates are refused", arguments: [0, -16_000, 2_000_000]) func rates(rate: Int) {
    let sound = Waveform(samples: [0, 1], samplingRate: 16_000)
    #expect(throws: AudioError.impossibleRate(from: 16_000, to: rate)) { try sound.resampled(to: rate) }
  }

  @Test("a result that would not fit is refused before it is made") func tooLong() {
    let sound = Waveform(samples: Array(repeating: 0, count: 2000), samplingRate: 1)
    #expect(throws: AudioError.resampledTooLong(samples: 2_000_000_000, limit: Waveform.sampleLimit)) {
      try sound.resampled(to: 1_000_000)
    }
  }

  @Test("no samples give no samples") func empty() throws {
    #expect(try Waveform(samples: [], samplingRate: 8000).resampled(to: 16_000).samples.isEmpty)
  }

  @Test("normalised is the reference's, with mean 0 and variance 1") func normalised() throws {
    let found = try Waveform.read(resource("utt2_16k.wav").path).normalised().samples
    let reference = try readNumpy(resource("utt2.w2v2_normalised.npy")).values
    let worst = zip(found, reference).map { abs($0 - $1) }.max() ?? .infinity
    #expect(found.count == reference.count && worst < 2e-5, "largest difference \(worst)")
    let mean = found.reduce(0.0) { $0 + Double($1) } / Double(found.count)
    let power = found.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(found.count)
    #expect(abs(mean) < 1e-6 && abs(power - 1) < 1e-4)
  }

  @Test("silence stays silence") func silence() {
    let sound = Waveform(samples: Array(repeating: 0.5, count: 100), samplingRate: 16_000)
    #expect(sound.normalised().samples.allSatisfy { $0 == 0 })
  }
}
