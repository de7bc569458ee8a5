import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Audio

@Suite("Kaldi filter banks and CLAP") struct KaldiFilterBankTests {
  private func largestDifference(_ found: Tensor, _ reference: String) throws -> Float {
    let expected = try readNumpy(resource(reference))
    #expect(found.shape == expected.shape)
    return zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test("are torchaudio's") func povey() throws {
    let speech = try Waveform.read(resource("utt2_16k.wav").path)
    let worst = try largestDifference(
      try KaldiFilterBank(bands: 80).features(of: speech), "utt2.kaldi_fbank80_povey.npy")
    #expect(worst < 2e-3, "largest difference \(worst)")
  }

  @Test("AST's input") func ast() throws {
    let speech = try Waveform.read(resource("utt2_16k.wav").path)
    let worst = try largestDifference(try KaldiFilterBank.ast(of: speech, frames: 256), "utt2.ast.npy")
    #expect(worst < 1e-4, "largest difference \(worst)")
  }

  @Test("w2v-BERT's input") func w2vBert() throws {
    let speech = try Waveform.read(resource("utt2_16k.wav").path)
    let worst = try largestDifference(try KaldiFilterBank.w2vBert(of: speech), "utt2.w2vbert.npy")
    #expect(worst < 1e-3, "largest difference \(worst)")
  }

  @Test("CLAP's input") func clap() throws {
    let speech = try Waveform.read(resource("utt2_48k.wav").path)
    let window = try LogMel.clapWindow(of: speech)
    #expect(window.samples.count == 480_000)
    let worst = try largestDifference(try LogMel.clap().features(of: window), "utt2.clap.npy")
    #expect(worst < 1e-2, "largest difference \(worst) dB")
    let filters = MelFilters.slaney(
      bands: 64, transformSize: 1024, samplingRate: 48_000, from: 0, to: 14_000
    ).weights
    let reference = try readNumpyMatrix(resource("mel_filters_clap64.npy"))
    let difference = zip(filters.values, reference.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(difference < 1e-8)
  }

  @Test("mean and pre-emphasis in the matrix are those of the frames") func folded() {
    let window = WindowFunction.hamming(400)
    let samples = (0..<400).map { n in 3 + Double((n * 7919) % 997) / 997 }
    let mean = samples.reduce(0, +) / 400
    let centred = samples.map { $0 - mean }
    let emphasised = (0..<400).map { centred[$0] - 0.97 * centred[max(0, $0 - 1)] }
    let folded = FourierMatrix(window: window, size: 512, removesMean: true, preEmphasis: 0.97)
      .power(ofFrames: samples)
    let plain = FourierMatrix(window: window, size: 512).power(ofFrames: emphasised)
    for (a, b) in zip(folded, plain) { #expect(abs(a - b) < 1e-9 * (1 + b)) }
  }

  @Test("a constant is silence: nothing but the floor") func constant() throws {
    let sound = Waveform(samples: Array(repeating: 0.3, count: 4000), samplingRate: 16_000)
    let features = try KaldiFilterBank().features(of: sound)
    #expect(features.values.allSatisfy { abs($0 - Float(log(1.192_092_955_078_125e-7))) < 1e-5 })
  }

  @Test("only whole frames count", arguments: [(399, 0), (400, 1), (559, 1), (560, 2), (16_000, 98)])
  func counts(samples: Int, frames: Int) throws {
    let sound = Waveform(samples: Array(repeating: 0.1, count: samples), samplingRate: 16_000)
    #expect(try KaldiFilterBank(bands: 23).features(of: sound).shape == [frames, 23])
    #expect(KaldiFilterBank.frames(forSamples: samples) == frames)
  }
}
