import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// NeMo's log-mel spectrograms, as its conformers read them: pre-emphasis 0.97 over the sound, symmetric Hann of 25 ms
/// every 10 ms, 512 points, Slaney's bands to 8 kHz, ln(energy + 2⁻²⁴), and, unless they are for a model that streams,
/// each band with mean 0 and deviation 1 over the sound (n − 1 in the variance, 1e-5 added to the deviation).
///
/// ```swift
/// let features = try NeMoMel(bands: 80).features(of: speech)   // [frames × 80]
/// ```
/// Frame *i* has its centre at sample 160·i; the sound counts as silent beyond its ends.
public struct NeMoMel: Sendable {
  /// Samples a second of the sound that features are made of.
  public static let samplingRate = 16_000
  /// Samples in a frame.
  public static let window = 400
  /// Samples from one frame's centre to the next.
  public static let hop = 160

  /// Mel bands in a frame.
  public let bands: Int
  private let isNormalised: Bool
  private let transform: FourierMatrix
  private let filters: MelFilters

  /// `roundsConstants` has window and bands in bfloat16, as some models were trained with.
  public init(bands: Int = 80, isNormalised: Bool = true, roundsConstants: Bool = false) {
    self.bands = bands
    self.isNormalised = isNormalised
    let window = WindowFunction.hann(NeMoMel.window)
    transform = FourierMatrix(
      window: roundsConstants ? window.map(NeMoMel.inBrainFloat) : window, size: 512)
    let exact = MelFilters.slaney(
      bands: bands, transformSize: 512, samplingRate: NeMoMel.samplingRate, from: 0, to: 8000)
    var rounded = exact.weights
    if roundsConstants { rounded.values = rounded.values.map(NeMoMel.inBrainFloat) }
    filters = MelFilters(weights: rounded)
  }

  /// The nearest bfloat16: the upper half of a single, ties to even.
  private static func inBrainFloat(_ value: Double) -> Double {
    let bits = Float(value).bitPattern
    let rounding = 0x7FFF + (bits >> 16 & 1)
    return Double(Float(bitPattern: (bits &+ rounding) & 0xFFFF_0000))
  }

  /// The number of frames of `samples` samples at 16 kHz.
  public static func frames(forSamples samples: Int) -> Int { samples / hop }

  /// `[frames × bands]` of a sound, resampled to 16 kHz where its rate is another.
  /// - Throws: `AudioError` where the sound cannot be brought to the sampling rate.
  public func features(of waveform: Waveform) throws -> Tensor {
    let samples = try waveform.resampled(to: NeMoMel.samplingRate).samples
    let emphasised = samples.indices.map {
      Double(samples[$0]) - ($0 == 0 ? 0 : 0.97 * Double(samples[$0 - 1]))
    }
    let count = NeMoMel.frames(forSamples: samples.count)
    var values = [Double](repeating: 0, count: count * bands)
    let block = 256
    for first in stride(from: 0, to: count, by: block) {
      let rows = min(block, count - first)
      var frames = [Double](repeating: 0, count: rows * NeMoMel.window)
      for row in 0..<rows {
        let start = (first + row) * NeMoMel.hop - NeMoMel.window / 2
        for n in max(0, -start)..<max(0, min(NeMoMel.window, emphasised.count - start)) {
          frames[row * NeMoMel.window + n] = emphasised[start + n]
        }
      }
      let power = Matrix(rows: rows, columns: transform.bins, values: transform.power(ofFrames: frames))
      let energies = matrixProduct(power, .none, filters.weights)
      for index in 0..<(rows * bands) {
        values[first * bands + index] = log(energies.values[index] + 0x1p-24)
      }
    }
    return Tensor(
      isNormalised ? normalised(values, frames: count) : values.map(Float.init), shape: [count, bands])
  }

  private func normalised(_ values: [Double], frames: Int) -> [Float] {
    var result = [Float](repeating: 0, count: values.count)
    for band in 0..<bands where frames > 1 {
      let column = (0..<frames).map { values[$0 * bands + band] }
      let mean = column.reduce(0, +) / Double(frames)
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(frames - 1)
      let factor = 1 / (variance.squareRoot() + 1e-5)
      for frame in 0..<frames { result[frame * bands + band] = Float((column[frame] - mean) * factor) }
    }
    return result
  }
}
