import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Audio

@Suite("Log-mel spectra") struct LogMelTests {
  @Test("Slaney's filters are librosa's", arguments: [80, 128]) func filters(bands: Int) throws {
    let reference = try readNumpyMatrix(resource("mel_filters_whisper\(bands).npy"))
    let found = MelFilters.slaney(
      bands: bands, transformSize: 400, samplingRate: 16_000, from: 0, to: 8000
    ).weights
    #expect(found.rows == reference.rows && found.columns == reference.columns)
    let worst = zip(found.values, reference.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 1e-8, "largest difference \(worst)")
  }

  @Test(
    "Whisper's features",
    arguments: [
      ("utt1", 80, "utt1.whisper80_5s_float64.npy"), ("utt2", 128, "utt2.whisper128_5s.npy"),
    ])
  func whisper(utterance: String, bands: Int, reference: String) throws {
    let waveform = try Waveform.read(resource("\(utterance)_16k.wav").path)
    let found = try LogMel.whisper(bands: bands).features(of: waveform, padded: 5 * 16_000)
    let expected = try readNumpy(resource(reference)).transposed()
    #expect(found.shape == [500, bands])
    let worst = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 5e-5, "largest difference \(worst)")
  }

  @Test("the transform as a product is the sum of its definition") func transform() {
    let window = WindowFunction.periodicHann(400)
    let samples = (0..<400).map { n in Double((n * 7919) % 997) / 997 - 0.5 }
    let transform = FourierMatrix(window: window, size: 512)
    let power = transform.power(ofFrames: samples)
    for k in [0, 1, 100, 256] {
      var (real, imaginary) = (0.0, 0.0)
      for n in 0..<400 {
        let angle = 2 * Double.pi * Double(k * n) / 512
        real += samples[n] * window[n] * cos(angle)
        imaginary -= samples[n] * window[n] * sin(angle)
      }
      #expect(abs(power[k] - (real * real + imaginary * imaginary)) < 1e-9 * (1 + power[k]))
    }
  }

  @Test("a tone lies in the band around it, a click in the frames around it") func places() throws {
    let mel = LogMel.baseline()
    let tone = Waveform(
      samples: (0..<16_000).map { Float(sin(2 * .pi * 1000 * Double($0) / 16_000)) }, samplingRate: 16_000)
    let bands = try mel.features(of: tone)[row: 50]
    let loudest = bands.indices.max { bands[$0] < bands[$1] } ?? -1
    // Slaney's scale puts 1 kHz at mel 15 of 45.2 at 8 kHz; band b has its centre at (b + 1)/81 of that.
    #expect(abs(loudest - 26) <= 1, "loudest band \(loudest)")

    var samples = [Float](repeating: 0, count: 16_000)
    samples[8000] = 1
    let click = try mel.features(of: Waveform(samples: samples, samplingRate: 16_000))
    let energy = (0..<click.rows).map { click[row: $0].reduce(0, +) }
    #expect(energy.indices.max { energy[$0] < energy[$1] } == 50)
    #expect(mel.centre(of: 50) == 0.5)
    #expect(abs(click[row: 20][40] - Float(log(1e-10))) < 1e-4, "silence is the floor")
  }

  @Test("frames have their centres in the sound, however short it is", arguments: [1, 2, 160, 161, 16_000])
  func counts(samples: Int) throws {
    let mel = LogMel.baseline()
    let sound = Waveform(samples: Array(repeating: 0.1, count: samples), samplingRate: 16_000)
    let features = try mel.features(of: sound)
    #expect(features.rows == mel.frames(forSamples: samples))
    #expect(mel.centre(of: features.rows - 1) < sound.seconds)
    #expect(mel.centre(of: features.rows) >= sound.seconds)
    #expect(features.firstNonFinite() == nil)
  }

  @Test("another sampling rate is resampled") func rate() throws {
    func tone(_ rate: Int) -> Waveform {
      Waveform(
        samples: (0..<rate).map { Float(sin(2 * .pi * 440 * Double($0) / Double(rate))) },
        samplingRate: rate)
    }
    let (a, b) = (
      try LogMel.baseline().features(of: tone(16_000)), try LogMel.baseline().features(of: tone(44_100))
    )
    #expect(a.shape == b.shape)
    #expect(abs(a[row: 50][11] - b[row: 50][11]) < 1e-3)
  }

  @Test("reflection bounces at both ends") func reflection() {
    #expect((-5...7).map { mirrored($0, 4) } == [1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1])
    #expect((-2...2).map { mirrored($0, 1) } == [0, 0, 0, 0, 0])
  }
}
