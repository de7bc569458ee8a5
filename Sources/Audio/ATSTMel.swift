import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// ATST's log-mel (Li 2023): periodic Hann of 1,024 every 10 ms, triangles on the HTK scale from 60 to 7,800 Hz,
/// 10·log₁₀ max(energy, 1e-10), no lower than 80 dB under the loudest, then brought from −79.6482 … 50.6842 dB to −1 … 1.
///
/// ```swift
/// let features = try ATSTMel().features(of: speech)   // [frames × 64]
/// ```
/// Frame *i* has its centre at sample 160·i; the sound is mirrored beyond its ends.
public struct ATSTMel: Sendable {
  /// Samples a second of the sound that features are made of.
  public static let samplingRate = 16_000
  /// Samples in a frame.
  public static let window = 1_024
  /// Samples from one frame's centre to the next.
  public static let hop = 160
  private static let range = (-79.6482, 50.6842)

  /// Mel bands in a frame.
  public let bands: Int
  private let transform: FourierMatrix
  private let filters: MelFilters

  public init(bands: Int = 64) {
    self.bands = bands
    transform = FourierMatrix(window: WindowFunction.periodicHann(ATSTMel.window), size: ATSTMel.window)
    filters = MelFilters.htk(
      bands: bands, transformSize: ATSTMel.window, samplingRate: ATSTMel.samplingRate, from: 60, to: 7_800)
  }

  /// The number of frames of `samples` samples at 16 kHz.
  public static func frames(forSamples samples: Int) -> Int { samples == 0 ? 0 : samples / hop + 1 }

  /// `[frames × bands]` of a sound, resampled to 16 kHz where its rate is another.
  /// - Throws: `AudioError` where the sound cannot be brought to the sampling rate.
  public func features(of waveform: Waveform) throws -> Tensor {
    let samples = try waveform.resampled(to: ATSTMel.samplingRate).samples
    let (count, window) = (ATSTMel.frames(forSamples: samples.count), ATSTMel.window)
    var decibels: [Double] = []
    let block = 128
    for first in stride(from: 0, to: count, by: block) {
      let rows = min(block, count - first)
      var frames = [Double](repeating: 0, count: rows * window)
      for row in 0..<rows {
        let start = (first + row) * ATSTMel.hop - window / 2
        for n in 0..<window {
          frames[row * window + n] = Double(samples[mirrored(start + n, samples.count)])
        }
      }
      let power = Matrix(rows: rows, columns: transform.bins, values: transform.power(ofFrames: frames))
      decibels += matrixProduct(power, .none, filters.weights).values.map { 10 * log10(max($0, 1e-10)) }
    }
    let floor = (decibels.max() ?? 0) - 80
    let (low, high) = ATSTMel.range
    return Tensor(
      decibels.map { Float((max($0, floor) - low) / (high - low) * 2 - 1) }, shape: [count, bands])
  }
}

extension MelFilters {
  /// Triangles of height 1 on linear frequency with corners even on the HTK scale 2595·log₁₀(1 + f/700), as
  /// torchaudio makes them unless told.
  static func htk(bands: Int, transformSize: Int, samplingRate: Int, from low: Double, to high: Double)
    -> MelFilters
  {
    func mel(_ hertz: Double) -> Double { 2595 * log10(1 + hertz / 700) }
    let (bottom, step) = (mel(low), (mel(high) - mel(low)) / Double(bands + 1))
    let corners = (0..<(bands + 2)).map { 700 * (pow(10, (bottom + step * Double($0)) / 2595) - 1) }
    let bins = transformSize / 2 + 1
    var weights = Matrix(rows: bins, columns: bands)
    for bin in 0..<bins {
      let frequency = Double(bin) * Double(samplingRate) / Double(transformSize)
      for band in 0..<bands {
        let (left, centre, right) = (corners[band], corners[band + 1], corners[band + 2])
        let rising = (frequency - left) / (centre - left)
        weights[bin, band] = max(0, min(rising, (right - frequency) / (right - centre)))
      }
    }
    return MelFilters(weights: weights)
  }
}
