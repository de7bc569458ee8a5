import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Kaldi's log filter banks, as torchaudio's `compliance.kaldi.fbank` gives them without dither: frames of 25 ms
/// every 10 ms that lie wholly in the sound, mean removed, pre-emphasis 0.97, 512 points, natural logarithm.
///
/// ```swift
/// let features = try KaldiFilterBank(bands: 80).features(of: speech)   // [frames × 80]
/// ```
/// Frame *i* covers samples `[160·i, 160·i + 400)` at 16 kHz.
public struct KaldiFilterBank: Sendable {
  /// What a frame's samples are multiplied with.
  public enum Window: String, Sendable, Codable {
    /// The symmetric Hann window to the power of 0.85: Kaldi's default.
    case povey
    case hann, hamming
  }

  /// Samples a second of the sound that features are made of.
  public static let samplingRate = 16_000
  /// Samples in a frame.
  public static let window = 400
  /// Samples from one frame's start to the next.
  public static let hop = 160

  /// Mel bands in a frame.
  public let bands: Int
  /// What samples of −1 … 1 are multiplied with: Kaldi expects 16-bit integers.
  private let scale: Double
  private let transform: FourierMatrix
  private let filters: MelFilters
  /// The smallest energy, float32's epsilon.
  private static let floor = 1.192_092_955_078_125e-7

  /// Bands from 20 Hz to half the sampling rate.
  public init(bands: Int = 80, window: Window = .povey, scale: Double = 32_768) {
    self.bands = bands
    self.scale = scale
    let weights =
      switch window {
      case .povey: WindowFunction.povey(KaldiFilterBank.window)
      case .hann: WindowFunction.hann(KaldiFilterBank.window)
      case .hamming: WindowFunction.hamming(KaldiFilterBank.window)
      }
    transform = FourierMatrix(window: weights, size: 512, removesMean: true, preEmphasis: 0.97)
    filters = MelFilters.kaldi(
      bands: bands, transformSize: 512, samplingRate: KaldiFilterBank.samplingRate, from: 20, to: 8000)
  }

  /// The number of frames of `samples` samples at 16 kHz.
  public static func frames(forSamples samples: Int) -> Int {
    samples < window ? 0 : (samples - window) / hop + 1
  }

  /// `[frames × bands]` of a sound, resampled to 16 kHz where its rate is another; no frames where it is shorter
  /// than 25 ms.
  /// - Throws: `AudioError` where the sound cannot be brought to the sampling rate.
  public func features(of waveform: Waveform) throws -> Tensor {
    let samples = try waveform.resampled(to: KaldiFilterBank.samplingRate).samples
    let (window, hop) = (KaldiFilterBank.window, KaldiFilterBank.hop)
    let count = KaldiFilterBank.frames(forSamples: samples.count)
    var values = [Float](repeating: 0, count: count * bands)
    let block = 256
    for first in stride(from: 0, to: count, by: block) {
      let rows = min(block, count - first)
      var frames = [Double](repeating: 0, count: rows * window)
      for row in 0..<rows {
        let start = (first + row) * hop
        for n in 0..<window { frames[row * window + n] = scale * Double(samples[start + n]) }
      }
      let power = Matrix(rows: rows, columns: transform.bins, values: transform.power(ofFrames: frames))
      let energies = matrixProduct(power, .none, filters.weights)
      for index in 0..<(rows * bands) {
        values[first * bands + index] = Float(log(max(energies.values[index], KaldiFilterBank.floor)))
      }
    }
    return Tensor(values, shape: [count, bands])
  }
}

// MARK: - What models make of them

extension KaldiFilterBank {
  /// The Audio Spectrogram Transformer's input (Gong 2021), `[frames × bands]`: filter banks of the unscaled sound
  /// with a Hann window, cut or filled up with zeros to `frames`, then (x − mean) / (2·deviation) of AudioSet.
  /// - Throws: `AudioError` where the sound cannot be brought to the sampling rate.
  public static func ast(
    of waveform: Waveform, bands: Int = 128, frames: Int = 1024, mean: Double = -4.2677393,
    deviation: Double = 4.5689974
  ) throws -> Tensor {
    let features = try KaldiFilterBank(bands: bands, window: .hann, scale: 1).features(of: waveform)
    var values = Array(features.values.prefix(frames * bands))
    values += Array(repeating: 0, count: frames * bands - values.count)
    return Tensor(values.map { Float((Double($0) - mean) / (2 * deviation)) }, shape: [frames, bands])
  }

  /// Bands of BEATs's input.
  public static let beatsBands = 128

  /// BEATs's input (Chen 2022b), `[frames × 128]`: (x − mean) / (2·deviation) of AudioSet.
  public static func beats(of waveform: Waveform) throws -> Tensor {
    let features = try KaldiFilterBank(bands: beatsBands).features(of: waveform)
    return Tensor(
      features.values.map { Float((Double($0) - 15.41663) / (2 * 6.55582)) }, shape: features.shape)
  }

  /// w2v-BERT 2.0's input, `[⌊frames / 2⌋ × 2 · bands]`: each band with mean 0 and variance 1 over the sound
  /// (n − 1 in the variance, 1e-7 added), two frames in a row.
  /// - Throws: `AudioError` where the sound cannot be brought to the sampling rate.
  public static func w2vBert(of waveform: Waveform, bands: Int = 80) throws -> Tensor {
    let features = try KaldiFilterBank(bands: bands).features(of: waveform)
    let count = features.rows
    var values = features.values
    for band in 0..<bands where count > 1 {
      let column = (0..<count).map { Double(values[$0 * bands + band]) }
      let mean = column.reduce(0, +) / Double(count)
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)
      let factor = 1 / (variance + 1e-7).squareRoot()
      for frame in 0..<count { values[frame * bands + band] = Float((column[frame] - mean) * factor) }
    }
    return Tensor(Array(values.prefix(count / 2 * 2 * bands)), shape: [count / 2, 2 * bands])
  }
}
