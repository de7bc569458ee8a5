import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The log-mel spectrograms of some models whose front ends are their own; all at 16 kHz with frames of 25 ms every
/// 10 ms.
///
/// ```swift
/// let features = try MelSpectrogram.lasr(bands: 128).features(of: speech)   // [frames × 128]
/// ```
public struct MelSpectrogram: Sendable {
  /// Samples a second of the sound that features are made of.
  public static let samplingRate = 16_000
  /// Samples in a frame.
  public static let window = 400
  /// Samples from one frame to the next.
  public static let hop = 160

  /// Mel bands in a frame.
  public let bands: Int
  private let transform: FourierMatrix
  private let filters: MelFilters
  private let placement: Placement
  private let scale: Scale

  private enum Placement: Sendable {
    /// Frame *i* covers samples `[160·i, 160·i + 400)`.
    case inside
    /// Frame *i* has its centre at sample 160·i; the sound is mirrored beyond its ends.
    case centred
    /// The same without the frame whose centre is the sound's end.
    case centredWithoutLast
  }

  private enum Scale: Sendable {
    /// ln max(energy, floor).
    case natural(floor: Double)
    /// ln(energy + summand).
    case raised(by: Double)
    /// log₁₀ max(energy, 1e-10), no lower than 8 under `maximum`, or under the loudest where that is nil; then divided by
    /// 4, and `offset` added.
    case limited(maximum: Double?, offset: Double)
  }

  /// LASR's (MedASR): symmetric Hann, 512 points, Kaldi's filters from 125 to 7500 Hz, ln max(energy, 1e-5).
  public static func lasr(bands: Int = 128) -> MelSpectrogram {
    MelSpectrogram(
      bands: bands, transform: FourierMatrix(window: WindowFunction.hann(window), size: 512),
      filters: .kaldi(bands: bands, transformSize: 512, samplingRate: samplingRate, from: 125, to: 7500),
      placement: .inside, scale: .natural(floor: 1e-5))
  }

  /// Granite Speech's: torchaudio's `MelSpectrogram` (periodic Hann, 512 points, triangles of height 1 with corners even
  /// on HTK's scale), log₁₀ no lower than 8 under the loudest, then x / 4 + 1. Where `keepsLast` is false the frame whose
  /// centre is the sound's end is left out.
  public static func granite(bands: Int = 80, keepsLast: Bool = true) -> MelSpectrogram {
    MelSpectrogram(
      bands: bands, transform: FourierMatrix(window: WindowFunction.periodicHann(window), size: 512),
      filters: .htk(bands: bands, transformSize: 512, samplingRate: samplingRate, from: 0, to: 8000),
      placement: keepsLast ? .centred : .centredWithoutLast, scale: .limited(maximum: nil, offset: 1))
  }

  /// s3prl's of Mockingjay and its kin: torchaudio's `Spectrogram` and `MelScale` (periodic Hann, 400 points, triangles of
  /// height 1 with corners even on HTK's scale), ln(energy + 1e-10).
  public static func torchaudio(bands: Int = 80) -> MelSpectrogram {
    MelSpectrogram(
      bands: bands, transform: FourierMatrix(window: WindowFunction.periodicHann(window), size: window),
      filters: .htk(bands: bands, transformSize: window, samplingRate: samplingRate, from: 0, to: 8000),
      placement: .centred, scale: .raised(by: 1e-10))
  }

  /// Voxtral Realtime's: Whisper's with a fixed maximum in the place of the loudest, which is not known yet; the loudest
  /// again where that is nil.
  public static func voxtralRealtime(bands: Int = 128, maximum: Double? = 1.5) -> MelSpectrogram {
    MelSpectrogram(
      bands: bands, transform: FourierMatrix(window: WindowFunction.periodicHann(window), size: window),
      filters: .slaney(
        bands: bands, transformSize: window, samplingRate: samplingRate, from: 0, to: 8000),
      placement: .centredWithoutLast, scale: .limited(maximum: maximum, offset: 1))
  }

  /// The number of frames of `samples` samples at 16 kHz.
  public func frames(forSamples samples: Int) -> Int {
    switch placement {
    case .inside: samples < Self.window ? 0 : (samples - Self.window) / Self.hop + 1
    case .centred: samples == 0 ? 0 : samples / Self.hop + 1
    case .centredWithoutLast: samples / Self.hop
    }
  }

  /// `[frames × bands]` of a sound, resampled to 16 kHz where its rate is another.
  /// - Throws: `AudioError` where the sound cannot be brought to the sampling rate.
  public func features(of waveform: Waveform) throws -> Tensor {
    let samples = try waveform.resampled(to: Self.samplingRate).samples
    let (window, hop) = (Self.window, Self.hop)
    let count = frames(forSamples: samples.count)
    var values = [Double](repeating: 0, count: count * bands)
    let block = 256
    for first in stride(from: 0, to: count, by: block) {
      let rows = min(block, count - first)
      var frames = [Double](repeating: 0, count: rows * window)
      for row in 0..<rows {
        let start = (first + row) * hop - (placement == .inside ? 0 : window / 2)
        for n in 0..<window {
          frames[row * window + n] = Double(samples[mirrored(start + n, samples.count)])
        }
      }
      let power = Matrix(rows: rows, columns: transform.bins, values: transform.power(ofFrames: frames))
      let energies = matrixProduct(power, .none, filters.weights)
      for index in 0..<(rows * bands) { values[first * bands + index] = logarithm(energies.values[index]) }
    }
    if case .limited(let maximum, let offset) = scale {
      let floor = (maximum ?? values.max() ?? 0) - 8
      for index in values.indices { values[index] = max(values[index], floor) / 4 + offset }
    }
    return Tensor(values.map(Float.init), shape: [count, bands])
  }

  private func logarithm(_ energy: Double) -> Double {
    switch scale {
    case .natural(let floor): log(max(energy, floor))
    case .raised(let summand): log(energy + summand)
    case .limited: log10(max(energy, 1e-10))
    }
  }
}
