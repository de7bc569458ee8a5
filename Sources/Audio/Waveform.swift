/// One channel of sound: samples of about −1 … 1 at a fixed rate.
///
/// ```swift
/// let speech = try Waveform.read("kal_s005.flac", at: 16_000)
/// print(speech.seconds)
/// ```
public struct Waveform: Sendable, Equatable {
  /// The samples, in time order.
  public let samples: [Float]
  /// Samples a second.
  public let samplingRate: Int

  /// `samplingRate` must be positive.
  public init(samples: [Float], samplingRate: Int) {
    precondition(samplingRate > 0, "a sampling rate of \(samplingRate) Hz")
    self.samples = samples
    self.samplingRate = samplingRate
  }

  /// The length in seconds.
  public var seconds: Double { Double(samples.count) / Double(samplingRate) }

  /// The most values (samples × channels) that are read or made at once, 2 GiB of them: nine hours of mono
  /// at 16 kHz.
  public static let sampleLimit = 1 << 29

  /// The highest sampling rate, in Hz, that is believed.
  public static let rateLimit = 1_000_000

  /// Zero mean and unit variance, `(x − mean) / √(variance + epsilon)` with the population variance: the input
  /// normalisation of the wav2vec 2.0 family. transformers' feature extractor adds 1e-7; fairseq, s3prl and torchaudio
  /// use a layer norm, which adds 1e-5.
  public func normalised(epsilon: Double = 1e-7) -> Waveform {
    guard !samples.isEmpty else { return self }
    let normalisation = Normalisation(epsilon: epsilon) { $0(samples) }
    return Waveform(samples: samples.map(normalisation.applied(to:)), samplingRate: samplingRate)
  }
}

/// What brings a sound to zero mean and unit variance.
public struct Normalisation: Sendable, Equatable {
  private let mean: Double
  private let scale: Double

  /// `blocks` gives the sound, which is not empty, block by block, as often as it is asked: once for the mean, once for the
  /// variance.
  init(epsilon: Double, _ blocks: (_ body: ([Float]) -> Void) throws -> Void) rethrows {
    var (sum, squares, count) = (0.0, 0.0, 0)
    try blocks { block in
      count += block.count
      for sample in block { sum += Double(sample) }
    }
    let mean = sum / Double(count)
    try blocks { block in
      for sample in block {
        let deviation = Double(sample) - mean
        squares += deviation * deviation
      }
    }
    self.mean = mean
    scale = 1 / (squares / Double(count) + epsilon).squareRoot()
  }

  /// A sample's value then.
  public func applied(to sample: Float) -> Float { Float((Double(sample) - mean) * scale) }
}
