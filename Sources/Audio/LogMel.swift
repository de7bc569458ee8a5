import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Log-mel spectrograms: what Whisper reads, and the baseline that layers are compared with.
///
/// ```swift
/// let mel = try LogMel.baseline().features(of: speech)   // [frames × 80]
/// ```
/// Frame *i* has its centre at sample `i · hop`; the sound is mirrored beyond its ends.
public struct LogMel: Sendable {
  /// Samples a second of the sound that features are made of.
  public let samplingRate: Int
  /// Samples in a frame.
  public let window: Int
  /// Samples from one frame's centre to the next.
  public let hop: Int
  /// Mel bands in a frame.
  public let bands: Int
  private let scale: Scale
  private let transform: FourierMatrix
  private let filters: MelFilters

  private enum Scale: Sendable {
    /// ln max(energy, 1e-10).
    case natural
    /// Whisper's: log₁₀ max(energy, 1e-10), no lower than 8 under the loudest, then (· + 4) / 4.
    case whisper
    /// 10·log₁₀ max(energy, 1e-10).
    case decibels
  }

  private init(
    samplingRate: Int, window: Int, hop: Int, bands: Int, from low: Double = 0, to high: Double = 8000,
    isHTK: Bool = false, scale: Scale
  ) {
    self.samplingRate = samplingRate
    self.window = window
    self.hop = hop
    self.bands = bands
    self.scale = scale
    transform = FourierMatrix(window: WindowFunction.periodicHann(window), size: window)
    filters =
      isHTK
      ? MelFilters.htk(
        bands: bands, transformSize: window, samplingRate: samplingRate, from: low, to: high)
      : MelFilters.slaney(
        bands: bands, transformSize: window, samplingRate: samplingRate, from: low, to: high)
  }

  /// The mel baseline at 16 kHz: periodic Hann of 25 ms, 10 ms hop, Slaney's bands from 0 to 8 kHz,
  /// ln max(energy, 1e-10).
  public static func baseline(bands: Int = 80) -> LogMel {
    LogMel(samplingRate: 16_000, window: 400, hop: 160, bands: bands, scale: .natural)
  }

  /// Whisper's front end (Radford 2022) with 80 bands, or 128 as in large-v3.
  public static func whisper(bands: Int = 80) -> LogMel {
    LogMel(samplingRate: 16_000, window: 400, hop: 160, bands: bands, scale: .whisper)
  }

  /// CLAP's front end without fusion (Wu 2023): 48 kHz, periodic Hann of 1,024, hop 480, 64 of Slaney's bands
  /// to 14 kHz, in decibels. Published models have their lowest band at 0 or 50 Hz. `isFused` is for models with
  /// fusion, whose bands are HTK's.
  public static func clap(
    bands: Int = 64, from low: Double = 0, to high: Double = 14_000, isFused: Bool = false
  ) -> LogMel {
    LogMel(
      samplingRate: 48_000, window: 1024, hop: 480, bands: bands, from: low, to: high, isHTK: isFused,
      scale: .decibels)
  }

  /// What CLAP makes of a sound before its spectrum: ten seconds at 48 kHz, repeated as often as it fits whole
  /// and then silent, or the first ten of a longer one.
  /// - Throws: `AudioError` where the sound cannot be brought to the sampling rate.
  public static func clapWindow(of waveform: Waveform) throws -> Waveform {
    let samples = try waveform.resampled(to: 48_000).samples
    let length = 480_000
    guard !samples.isEmpty, samples.count < length else {
      return Waveform(samples: Array(samples.prefix(length)), samplingRate: 48_000)
    }
    let repeated = Array(repeatElement(samples, count: length / samples.count).joined())
    return Waveform(
      samples: repeated + Array(repeating: 0, count: length - repeated.count), samplingRate: 48_000)
  }

  /// The number of frames of `samples` samples at `samplingRate`.
  public func frames(forSamples samples: Int) -> Int {
    switch scale {
    case .natural: samples == 0 ? 0 : (samples - 1) / hop + 1  // every centre that lies in the sound
    case .whisper: samples / hop
    case .decibels: samples == 0 ? 0 : samples / hop + 1
    }
  }

  /// The middle of `frame`, in seconds.
  public func centre(of frame: Int) -> Double { Double(frame * hop) / Double(samplingRate) }

  /// `[frames × bands]` of a sound, resampled first where its rate is another.
  ///
  /// `padded` is a number of samples that the sound is filled up to with silence, or cut to; Whisper's own is
  /// 480,000 (30 s).
  /// - Throws: `AudioError` where the sound cannot be brought to the sampling rate.
  public func features(of waveform: Waveform, padded: Int? = nil) throws -> Tensor {
    let samples = try waveform.resampled(to: samplingRate).samples
    return features(ofSamples: samples, length: padded ?? samples.count)
  }

  private func features(ofSamples samples: [Float], length: Int) -> Tensor {
    let count = frames(forSamples: length)
    var values: [Float] = []
    values.reserveCapacity(count * bands)
    for first in stride(from: 0, to: count, by: LogMel.block) {
      let rows = first..<min(count, first + LogMel.block)
      values += bands(of: rows, length: length) { $0 < samples.count ? samples[$0] : 0 }
    }
    if scale == .whisper {
      let floor = (values.max() ?? 0) - 8
      for index in values.indices { values[index] = (max(values[index], floor) + 4) / 4 }
    }
    return Tensor(values, shape: [count, bands])
  }

  /// Whether every value hangs on the loudest of all.
  var isRelative: Bool { scale == .whisper }

  /// Frames at a time: under 2 MB of spectra, whatever the length of the sound.
  static let block = 256

  /// `[rows × bands]` of a sound of `length` samples, which `sample` gives.
  func bands(of rows: Range<Int>, length: Int, _ sample: (Int) -> Float) -> [Float] {
    var frames = [Double](repeating: 0, count: rows.count * window)
    for row in rows {
      let start = row * hop - window / 2
      for n in 0..<window {
        frames[(row - rows.lowerBound) * window + n] = Double(sample(mirrored(start + n, length)))
      }
    }
    let power = Matrix(
      rows: rows.count, columns: transform.bins, values: transform.power(ofFrames: frames))
    let energies = matrixProduct(power, .none, filters.weights)
    return (0..<(rows.count * bands)).map { Float(logarithm(max(energies.values[$0], 1e-10))) }
  }

  private func logarithm(_ energy: Double) -> Double {
    switch scale {
    case .natural: log(energy)
    case .whisper: log10(energy)
    case .decibels: 10 * log10(energy)
    }
  }
}

/// The index that `index` is mirrored to by reflection at both ends (the end sample is not repeated), however
/// short the sound is.
func mirrored(_ index: Int, _ count: Int) -> Int {
  if index >= 0 && index < count { return index }
  guard count > 1 else { return 0 }
  let period = 2 * (count - 1)
  let inside = ((index % period) + period) % period
  return inside < count ? inside : period - inside
}
