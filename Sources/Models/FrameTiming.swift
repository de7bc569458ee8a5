/// Where in time the frames of a layer lie, in samples of the model's input.
///
/// Frame *i* sees samples `[i · stride, i · stride + receptiveField)` and has its centre at
/// `firstCentre + i · stride`; wav2vec 2.0 has 400, 320 and 199.5 at 16 kHz, so centres at 12.47 + 20·i ms.
public struct FrameTiming: Sendable, Equatable, Encodable {
  /// Samples a second of the input.
  public let samplingRate: Int
  /// Samples from one frame's centre to the next.
  public let strideSamples: Int
  /// Samples that one frame sees.
  public let receptiveFieldSamples: Int
  /// The centre of frame 0; a half where the receptive field is even, negative where frame 0 reaches before the sound.
  public let firstCentreSample: Double
  /// Where frames begin anew; nil where each is one stride behind the one before.
  public let period: Period?

  /// A stretch of sound that has frames of its own: as many lie in it, one stride apart, and the next one begins behind
  /// it, wherever a stride would lead.
  public struct Period: Sendable, Equatable, Codable {
    /// Frames of one stretch.
    public let frames: Int
    /// Samples of one stretch.
    public let samples: Int

    public init(frames: Int, samples: Int) { (self.frames, self.samples) = (frames, samples) }
  }

  public init(
    samplingRate: Int, strideSamples: Int, receptiveFieldSamples: Int, firstCentreSample: Double,
    period: Period? = nil
  ) {
    self.period = period
    self.samplingRate = samplingRate
    self.strideSamples = strideSamples
    self.receptiveFieldSamples = receptiveFieldSamples
    self.firstCentreSample = firstCentreSample
  }

  /// One that a file tells of; nil where a number is beyond what any model has.
  public init?(
    checking samplingRate: Int, strideSamples: Int, receptiveFieldSamples: Int, firstCentreSample: Double,
    period: Period? = nil
  ) {
    let range = 1...(1 << 47)  // a day in billionths of a second
    guard (1...(1 << 31)).contains(samplingRate), range.contains(strideSamples),
      range.contains(receptiveFieldSamples),
      firstCentreSample.magnitude <= Double(1 << 47),  // false of what is no number
      period.map({ range.contains($0.frames) && range.contains($0.samples) }) ?? true
    else { return nil }
    self.init(
      samplingRate: samplingRate, strideSamples: strideSamples,
      receptiveFieldSamples: receptiveFieldSamples, firstCentreSample: firstCentreSample, period: period)
  }

  /// The middle of `frame`, in seconds.
  public func centre(of frame: Int) -> Double {
    let (periods, inside) = period.map { (frame / $0.frames, frame % $0.frames) } ?? (0, frame)
    let start = Double(periods) * Double(period?.samples ?? 0)
    return (firstCentreSample + start + Double(inside) * Double(strideSamples)) / Double(samplingRate)
  }

  /// From one frame to the next, in seconds.
  public var stride: Double { Double(strideSamples) / Double(samplingRate) }

  /// What one frame sees, in seconds.
  public var receptiveField: Double { Double(receptiveFieldSamples) / Double(samplingRate) }

  /// The frames of an input of `samples` samples without padding: ⌊(n − receptive field) / stride⌋ + 1.
  public func frames(forSamples samples: Int) -> Int {
    samples < receptiveFieldSamples ? 0 : (samples - receptiveFieldSamples) / strideSamples + 1
  }
}

extension FrameTiming {
  /// The timing of the output of unpadded convolutions of these kernels and strides, the first one first.
  public init(samplingRate: Int, kernels: some Sequence<Int>, strides: some Sequence<Int>) {
    var (stride, field) = (1, 1)
    for (kernel, step) in zip(kernels, strides) {
      field += (kernel - 1) * stride
      stride *= step
    }
    self.init(
      samplingRate: samplingRate, strideSamples: stride, receptiveFieldSamples: field,
      firstCentreSample: Double(field - 1) / 2)
  }
}

extension FrameTiming: Decodable {
  private enum CodingKeys: String, CodingKey {
    case samplingRate, strideSamples, receptiveFieldSamples, firstCentreSample, period
  }

  /// Throws `DecodingError` where a number is beyond what any model has.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    guard
      let timing = FrameTiming(
        checking: try values.decode(Int.self, forKey: .samplingRate),
        strideSamples: try values.decode(Int.self, forKey: .strideSamples),
        receptiveFieldSamples: try values.decode(Int.self, forKey: .receptiveFieldSamples),
        firstCentreSample: try values.decode(Double.self, forKey: .firstCentreSample),
        period: try values.decodeIfPresent(Period.self, forKey: .period))
    else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "a timing that cannot be"))
    }
    self = timing
  }
}
