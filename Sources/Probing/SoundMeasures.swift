import Audio
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What can be measured of a sound around one moment: the targets of probes of the lowest level.
///
/// At 16 kHz, over 25 ms around the moment (the window is moved inside where the sound ends).
struct SoundMeasures {
  static let samplingRate = 16_000
  static let window = 400
  /// Bands of the target `mel`.
  static let bands = 20

  private let samples: [Float]
  private let pitch: PitchDetector
  private let mel: Tensor
  private let transform: [[Float]]

  init(_ waveform: Waveform) throws {
    let waveform = try waveform.resampled(to: Self.samplingRate)
    samples = waveform.samples
    pitch = PitchDetector()
    mel = try LogMel.baseline(bands: Self.bands).features(of: waveform)
    transform = Self.fourierBasis
  }

  private func frame(at seconds: Double) -> ArraySlice<Float> {
    let first = Int((seconds * Double(Self.samplingRate)).rounded()) - Self.window / 2
    let start = max(0, min(first, samples.count - Self.window))
    return samples[start..<min(start + Self.window, samples.count)]
  }

  /// 10·log₁₀ of the mean square, no lower than −100.
  func energy(at seconds: Double) -> Double {
    let frame = frame(at: seconds)
    let power = frame.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, frame.count))
    return 10 * log10(max(power, 1e-10))
  }

  /// The natural logarithm of the fundamental frequency in Hz; nil where the frame is not voiced.
  func logPitch(at seconds: Double) -> Double? {
    guard energy(at: seconds) > -60 else { return nil }
    return pitch.frequency(
      in: samples, centre: Int((seconds * Double(Self.samplingRate)).rounded())
    ).map { log($0) }
  }

  /// Σ f·|X(f)| / Σ |X(f)| of the Hann-windowed frame, in kHz; nil in silence.
  func spectralCentroid(at seconds: Double) -> Double? {
    let frame = Array(frame(at: seconds))
    guard frame.count == Self.window, energy(at: seconds) > -80 else { return nil }
    var (weighted, total) = (0.0, 0.0)
    for bin in 0...(Self.window / 2) {
      let (cosine, sine) = (transform[2 * bin], transform[2 * bin + 1])
      var (re, im) = (Float(0), Float(0))
      for i in 0..<Self.window {
        re += frame[i] * cosine[i]
        im += frame[i] * sine[i]
      }
      let magnitude = Double(re * re + im * im).squareRoot()
      weighted += Double(bin) * magnitude
      total += magnitude
    }
    guard total > 0 else { return nil }
    return weighted / total * Double(Self.samplingRate) / Double(Self.window) / 1000
  }

  /// The log energies of the mel bands of the nearest frame.
  func melBands(at seconds: Double) -> [Double] {
    let row = max(0, min(Int((seconds * 100).rounded()), mel.rows - 1))
    return mel.withUnsafeBuffer { values in (0..<mel.width).map { Double(values[row * mel.width + $0]) } }
  }

  private static let fourierBasis: [[Float]] = (0...(window / 2)).flatMap { bin -> [[Float]] in
    func row(_ wave: (Double) -> Double) -> [Float] {
      (0..<window).map { i in
        let hann = 0.5 - 0.5 * cos(2 * .pi * Double(i) / Double(window))
        return Float(hann * wave(2 * .pi * Double(bin * i % window) / Double(window)))
      }
    }
    return [row(cos), row(sin)]
  }
}

/// The fundamental frequency of a moment by YIN (de Cheveigné & Kawahara 2002): the lag at which the cumulative
/// mean normalised difference function first dips below a threshold, refined by a parabola.
struct PitchDetector {
  /// Hz.
  var lowest = 60.0
  var highest = 500.0
  /// A moment whose deepest dip stays above this is not voiced.
  var threshold = 0.15
  private let window = SoundMeasures.window

  /// Of 16 kHz samples; nil where it is not voiced, or too near to the sound's ends.
  func frequency(in samples: [Float], centre: Int) -> Double? {
    let rate = Double(SoundMeasures.samplingRate)
    let (shortest, longest) = (Int(rate / highest), Int((rate / lowest).rounded(.up)))
    let start = centre - (window + longest) / 2
    guard start >= 0, start + window + longest + 1 <= samples.count else { return nil }
    let normalised = differences(samples, start, longest + 1)
    guard let dip = firstDip(normalised, shortest...longest) else { return nil }
    return rate / refined(normalised, dip)
  }

  /// d′(τ), eq. 8, for τ from 0 to `longest`.
  private func differences(_ samples: [Float], _ start: Int, _ longest: Int) -> [Double] {
    var result = [Double](repeating: 1, count: longest + 1)
    var sum = 0.0
    samples.withUnsafeBufferPointer { x in
      for lag in 1...longest where start + window + lag <= x.count {
        var difference: Float = 0
        for i in start..<(start + window) {
          let step = x[i] - x[i + lag]
          difference += step * step
        }
        sum += Double(difference)
        result[lag] = sum > 0 ? Double(difference) * Double(lag) / sum : 1
      }
    }
    return result
  }

  private func firstDip(_ values: [Double], _ lags: ClosedRange<Int>) -> Int? {
    guard var lag = lags.first(where: { values[$0] < threshold }) else { return nil }
    while lag + 1 <= lags.upperBound, values[lag + 1] < values[lag] { lag += 1 }
    return lag
  }

  private func refined(_ values: [Double], _ lag: Int) -> Double {
    guard lag > 0, lag + 1 < values.count else { return Double(lag) }
    let (before, here, after) = (values[lag - 1], values[lag], values[lag + 1])
    let curvature = before - 2 * here + after
    guard curvature > 0 else { return Double(lag) }
    return Double(lag) + 0.5 * (before - after) / curvature
  }
}
